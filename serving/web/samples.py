"""The sample pictures of the first screen, and what the loaded bundle makes of one of them."""

import functools
from pathlib import Path

from serving.inference.certainty import read_record
from serving.inference.options import Options
from serving.inference.predictor import Predictor
from serving.inference.serialize import to_answer
from serving.web.view import ResultView, to_view

SAMPLES = {
    "portrait": "Portrait",
    "group": "Group",
    "tilted": "Tilted",
    "hard": "Hard to tell",
}
"""What each sample is called on the page, by its name."""
SHOWN = "group"
_FOLDER = Path(__file__).parents[1] / "static" / "samples"


def sample_bytes(name: str) -> bytes:
    """Return the bytes of a sample's picture; an unknown name gets the first."""
    known = name if name in SAMPLES else next(iter(SAMPLES))
    return (_FOLDER / f"{known}.webp").read_bytes()


@functools.lru_cache(maxsize=1)
def finished_sample(predictor: Predictor) -> ResultView:
    """Read the sample that the first screen shows; each process does so once."""
    rgb, result = predictor.predict(sample_bytes(SHOWN))
    answer = to_answer(rgb, result, options=Options(landmarks=True, chips=True))
    return to_view(answer, labels=predictor.spec.labels, record=read_record(predictor.spec))
