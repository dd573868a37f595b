"""A predictor that is asked for another picture while it looks at one."""

from collections.abc import Callable

import numpy as np

from serving.inference.prediction import PhotoResult
from serving.inference.predictor import Predictor


def test_a_picture_may_be_looked_at_between_two_looks_at_another(
    predictor: Predictor, photo: bytes, two_faces: bytes
) -> None:
    expected = [predictor.predict(each)[1] for each in (two_faces, photo)]
    inner: list[PhotoResult] = []
    # What is done at each of the first looks, and at those within the second.
    looks: list[Callable[[], object]] = []
    interrupted = Predictor(between_looks=lambda: looks.pop()() if looks else None)
    looks += [lambda: inner.append(interrupted.predict(photo)[1]), lambda: None]
    found = [interrupted.predict(two_faces)[1], *inner]
    for one, other in zip(found, expected, strict=True):
        assert len(one.predictions) == len(other.predictions)
        for face, same in zip(one.predictions, other.predictions, strict=True):
            np.testing.assert_array_equal(face.face.chip, same.face.chip)
            np.testing.assert_allclose(face.probabilities, same.probabilities)
