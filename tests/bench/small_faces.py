"""Measure how small a face may be in a large picture, beside other detectors, and draw it."""

import statistics
import time
from dataclasses import dataclass, field

import cv2
import numpy as np

from preprocessing.faces.align import align_decoded
from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.geometry import ChipGeometry
from preprocessing.faces.picture import Picture
from preprocessing.images.decode import decode_picture
from preprocessing.images.types import RgbImage
from tests.bench.annotated import Detect, Photo, Score, Squares, rescale, to_squares
from tests.bench.mtcnn import Mtcnn
from tests.bench.pasted import background, place

SEED = 0
MEGAPIXELS = (1, 3, 12, 48)
# Each photo is placed this often in pictures of a size.
PLACEMENTS = 3
MIEN, PLAIN, MTCNN = "Mien", "YuNet alone", "fer, MTCNN"


@dataclass(frozen=True)
class Scenes:
    """Pictures of one size with faces.

    Attributes:
        megapixels: Of each picture.
        smallest_px: Width of its smallest face.
        is_jpeg: Mien is given JPEGs, of which it reads what it needs, instead of pixels; others
            are not asked. Its time is that after decoding, but with reading whole what needs it.
    """

    megapixels: int
    smallest_px: int
    is_jpeg: bool = False


# What is promised are 24 px up to 3 megapixels, 32 in 12 and 48 in 48; the smaller faces show what
# comes then.
SCENES = (
    *(Scenes(1, px) for px in (24, 32, 48)),
    *(Scenes(3, px) for px in (24, 32, 48)),
    *(Scenes(12, px) for px in (16, 24, 32, 48)),
    Scenes(48, 43),
    Scenes(48, 43, is_jpeg=True),
    Scenes(48, 48, is_jpeg=True),
)


@dataclass
class Row:
    """What the detectors did on some scenes, by their names."""

    scenes: Scenes
    scores: dict[str, Score] = field(default_factory=dict)

    def median_ms(self, name: str) -> float:
        return 1000 * statistics.median(self.scores[name].seconds)


def measure_small(
    finder: FaceFinder,
    others: dict[str, Detect],
    photos: list[Photo],
    tiles: list[RgbImage],
    *,
    megapixels: tuple[int, ...],
) -> list[Row]:
    """Print a table of recall, precision and time by size of picture and face.

    Args:
        finder: It is measured.
        others: Further detectors, by name.
        photos: The annotated ones.
        tiles: Of the background.
        megapixels: Sizes of the pictures that are looked at.
    """
    names = (MIEN, *others)
    print(f"\n{'':<28}" + "".join(f"{name:>32}" for name in names))
    print(f"{'megapixels':>10}{'smallest face':>18}", end="")
    print("".join(f"{'recall':>12}{'precision':>11}{'ms':>9}" for _ in names))
    rows = []
    for scenes in SCENES:
        if scenes.megapixels not in megapixels:
            continue
        row = _measure(scenes, finder, others, photos, tiles)
        rows.append(row)
        kind = "JPEG" if scenes.is_jpeg else ""
        print(f"{scenes.megapixels:>10}{kind:>5}{scenes.smallest_px:>10} px", end="")
        for name, score in row.scores.items():
            print(f"{score.recall:>12.3f}{score.precision:>11.3f}", end="")
            print(f"{row.median_ms(name):>9.0f}", end="")
        print(flush=True)
    return rows


def _measure(
    scenes: Scenes,
    finder: FaceFinder,
    others: dict[str, Detect],
    photos: list[Photo],
    tiles: list[RgbImage],
) -> Row:
    draw = np.random.default_rng(SEED)
    asked = {} if scenes.is_jpeg else others
    search = _search_jpeg if scenes.is_jpeg else _search
    row = Row(scenes, {name: Score() for name in (MIEN, *asked)})
    for number, photo in enumerate(photos * PLACEMENTS):
        small = rescale(photo, scenes.smallest_px / photo.squares[:, 2].min())
        scene = place(small, background(scenes.megapixels, tiles, draw), draw)
        row.scores[MIEN].count(scene, *search(finder, scene.image))
        for name, detect in asked.items():
            if not isinstance(detect, Mtcnn):
                row.scores[name].add(detect, scene)
            elif number < len(photos):  # it takes seconds
                row.scores[name].count(scene, detect(scene.image), detect.seconds[-1])
    return row


def _search(finder: FaceFinder, image: RgbImage) -> tuple[Squares, float]:
    started = time.perf_counter()
    faces = finder.find_faces(Picture(image))
    return to_squares(face.box for face in faces), time.perf_counter() - started


def _search_jpeg(finder: FaceFinder, image: RgbImage) -> tuple[Squares, float]:
    data = to_jpeg(image)
    decoded = decode_picture(data, may_reduce=True)
    started = time.perf_counter()
    faces = align_decoded(decoded, finder, geometry=ChipGeometry())
    return to_squares(each.face.box for each in faces), time.perf_counter() - started


def to_jpeg(image: RgbImage) -> bytes:
    """Encode a picture as cameras do."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 95])[1]
    return bytes(encoded.tobytes())
