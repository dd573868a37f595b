"""Files like FER2013's and FER+'s with one face, in rows that can be learnt."""

from pathlib import Path

import cv2
import numpy as np

from preprocessing.dataset.fer2013 import FERPLUS_WORDS, VOTE_COLUMNS
from preprocessing.dataset.labels import FER2013_LABELS
from preprocessing.images.decode import decode_image, to_grey
from preprocessing.images.sample import sample_photo_path

# The face in the sample photo: left, top, side in pixels.
FACE_PX = (160, 60, 125)
ROWS = {"Training": 48, "PublicTest": 12, "PrivateTest": 12}
CODES = (0, 2, 3, 4, 5, 6)
# Of ten people, by the place of a row in its split: how many chose the row's label, the label
# after it, `unknown` and `NF`, no face.
USUAL_VOTES = (7, 2, 1, 0)
OTHER_VOTES = {3: (4, 0, 0, 6), 5: (4, 4, 2, 0), 6: (2, 8, 0, 0)}
PERIOD = 8


def write_fer2013(path: Path) -> Path:
    """Write FER2013's format; the code decides how bright the face is, so that it can be learnt."""
    grey = to_grey(decode_image(sample_photo_path().read_bytes()))
    left, top, side = FACE_PX
    generator = np.random.default_rng(0)
    lines = ["emotion,pixels,Usage"]
    for usage, count in ROWS.items():
        for row in range(count):
            code = CODES[row % len(CODES)]
            x, y = generator.integers((left - 4, top - 4), (left + 5, top + 5))
            crop = cv2.resize(
                grey[y : y + side, x : x + side], (48, 48), interpolation=cv2.INTER_AREA
            )
            noise = generator.normal(0, 2, crop.shape)
            pixels = np.clip((crop - 128.0) / 2 + 30 * code + 38 + noise, 0, 255).astype(np.uint8)
            lines.append(f"{code},{' '.join(map(str, pixels.ravel()))},{usage}")
    # The last training row is the first of val: what must be left out of training.
    lines[ROWS["Training"]] = lines[ROWS["Training"] + 1].replace("PublicTest", "Training")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_ferplus(path: Path) -> Path:
    """Write FER+'s format: ten people's votes on each picture of `write_fer2013`.

    Of eight rows one shows no face to most people, one has no majority, and one has a majority
    for another label than FER2013's.
    """
    lines = [",".join(("Usage", "Image name", *VOTE_COLUMNS))]
    for usage, count in ROWS.items():
        for row in range(count):
            place = row % len(CODES)
            words = [
                FERPLUS_WORDS[FER2013_LABELS[CODES[each % len(CODES)]]]
                for each in (place, place + 1)
            ]
            counts = OTHER_VOTES.get(row % PERIOD, USUAL_VOTES)
            votes = dict(zip((*words, "unknown", "NF"), counts, strict=True))
            lines.append(",".join([usage, "", *(str(votes.get(each, 0)) for each in VOTE_COLUMNS)]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
