"""Check an installation, in plain words."""

from collections.abc import Iterator
from pathlib import Path

import dlib

from preprocessing.errors import MienError
from preprocessing.sample import sample_photo_path
from serving.predictor import Predictor


def diagnose(bundle: Path) -> Iterator[tuple[bool, str]]:
    """Check one thing after the other: yield whether it is well, and what was found.

    Ends at the first thing that is not well, since all later ones rest on it.
    """
    try:
        yield True, f"dlib {dlib.__version__} is installed."
        predictor = Predictor(bundle)
        yield True, f"The landmark model is whole. {predictor.scheme.licence}"
        yield True, f"The bundle {predictor.spec.name} gives its known answer: {bundle}"
        _, result = predictor.predict(sample_photo_path().read_bytes())
        (prediction,) = result.predictions
        found = f"{prediction.label} with {prediction.confidence:.0%}"
        yield True, f"The sample photo shows one face, {found}."
    except MienError as error:
        yield False, str(error)
