from dataclasses import replace

import numpy as np

from preprocessing.faces.types import BoundingBox
from serving.inference.annotate import MARK_RGB, annotate
from serving.inference.prediction import PhotoResult
from serving.inference.predictor import Predictor

# A landmark may lie on the label.
NEARLY_ALL = 0.9


def label_pixels(rgb: np.ndarray, result: PhotoResult) -> int:
    """Count what the label covers: all that is marked above the box."""
    box = result.predictions[0].face.face.box
    above = annotate(rgb, result)[: box.top - 2]
    return int((above == MARK_RGB).all(axis=-1).sum())


def at(result: PhotoResult, box: BoundingBox) -> PhotoResult:
    (prediction,) = result.predictions
    face = replace(prediction.face.face, box=box)
    moved = replace(prediction, face=replace(prediction.face, face=face))
    return replace(result, predictions=(moved,))


def test_a_label_at_the_edge_stays_in_the_picture(predictor: Predictor, photo: bytes) -> None:
    rgb, result = predictor.predict(photo)
    inside = label_pixels(rgb, result)
    for left in (-60, rgb.shape[1] - 30):
        moved = at(result, BoundingBox(left, 83, left + 88, 171))
        assert label_pixels(rgb, moved) > NEARLY_ALL * inside


def test_the_picture_itself_is_left_alone(predictor: Predictor, photo: bytes) -> None:
    rgb, result = predictor.predict(photo)
    before = rgb.copy()
    assert (annotate(rgb, result) != before).any()
    np.testing.assert_array_equal(rgb, before)
