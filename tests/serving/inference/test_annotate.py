import itertools
from dataclasses import replace

import numpy as np
import pytest
from PIL import ImageColor

from preprocessing.faces.types import BoundingBox
from preprocessing.report.label_colours import colours_of
from serving.inference.annotate import annotate
from serving.inference.prediction import PhotoResult
from serving.inference.predictor import Predictor


def colour_of(result: PhotoResult) -> tuple[int, ...]:
    return ImageColor.getrgb(colours_of(result.labels)[result.predictions[0].label].light)


def at(result: PhotoResult, *boxes: BoundingBox) -> PhotoResult:
    """Put the face of a result into other boxes."""
    (prediction,) = result.predictions
    face = prediction.face.face
    moved = tuple(
        replace(prediction, face=replace(prediction.face, face=replace(face, box=box)))
        for box in boxes
    )
    return replace(result, predictions=moved)


def coloured(picture: np.ndarray, result: PhotoResult) -> np.ndarray:
    """Say of each pixel whether it has exactly the colour of the answer."""
    return (picture == colour_of(result)).all(axis=-1)


@pytest.mark.parametrize("left", [-60, 60, 470])
def test_a_tag_stays_in_the_picture(left: int, predictor: Predictor, photo: bytes) -> None:
    rgb, result = predictor.predict(photo)
    box = BoundingBox(left, 440, left + 100, 540)
    drawn = annotate(rgb, at(result, box))[: len(rgb)]
    below = coloured(drawn, result)[-20:, max(0, left) : left + 100]
    assert below.mean() > 0.3, "the tag is a filled bar at the foot of the picture"


@pytest.mark.parametrize("width", [40, 60, 120, 260])
def test_no_tag_is_wider_than_its_box_and_what_does_not_fit_is_in_a_key(
    width: int, predictor: Predictor, photo: bytes
) -> None:
    rgb, result = predictor.predict(photo)
    left = 120
    drawn = annotate(rgb, at(result, BoundingBox(left, 60, left + width, 60 + width)))
    marked = coloured(drawn[: len(rgb)], result).any(axis=0)
    assert left + width - 4 <= np.flatnonzero(marked).max() < left + width + 2
    assert np.flatnonzero(marked).min() >= left
    has_key = len(drawn) > len(rgb)
    assert has_key == (width < 100)
    if has_key:
        assert coloured(drawn[len(rgb) :], result).any(), "the key shows the colour"


def test_a_key_has_a_line_for_every_face_that_needs_one(predictor: Predictor, photo: bytes) -> None:
    rgb, result = predictor.predict(photo)
    boxes = [BoundingBox(10 + 44 * number, 60, 50 + 44 * number, 100) for number in range(11)]
    drawn = annotate(rgb, at(result, *boxes))
    squares = coloured(drawn[len(rgb) :], result)
    edges = np.diff(squares.astype(int), axis=1) == 1
    assert edges.any(axis=0).sum() >= 2, "the key has columns"
    starts = np.diff(edges.astype(int), axis=0, prepend=0) == 1
    assert starts.sum() == len(boxes)


def test_a_strip_of_many_faces_has_a_key_no_larger_than_itself(
    predictor: Predictor, photo: bytes
) -> None:
    _, result = predictor.predict(photo)
    strip = np.full((100, 4000, 3), 128, np.uint8)
    boxes = [BoundingBox(90 * number, 10, 90 * number + 40, 50) for number in range(40)]
    drawn = annotate(strip, at(result, *boxes))
    assert len(strip) < len(drawn) < 2 * len(strip)
    # Words in proportion to its longer side alone would fill it.
    assert coloured(drawn[: len(strip)], result).mean() < 0.25


@pytest.mark.parametrize("is_sure", [True, False])
def test_a_box_is_solid_where_the_answer_is_sure_and_else_dashed(
    *, is_sure: bool, predictor: Predictor, photo: bytes
) -> None:
    rgb, result = predictor.predict(photo)
    (prediction,) = result.predictions
    answer = replace(result, predictions=(replace(prediction, is_sure=is_sure),))
    box = prediction.face.face.box
    edge = coloured(annotate(rgb, answer), result)[box.top, box.left : box.right]
    assert edge.all() if is_sure else 0.3 < edge.mean() < 0.7


def test_landmarks_are_drawn_on_request(predictor: Predictor, photo: bytes) -> None:
    rgb, result = predictor.predict(photo)
    plain, dotted = annotate(rgb, result), annotate(rgb, result, landmarks=True)
    assert (plain != dotted).any()
    points = result.predictions[0].face.face.landmarks.round().astype(int)
    # A tag may cover those of the chin.
    white = [(dotted[y - 1 : y + 2, x - 1 : x + 2] == 255).all(axis=-1).any() for x, y in points]
    assert np.mean(white) > 0.85


def test_the_picture_itself_is_left_alone(predictor: Predictor, photo: bytes) -> None:
    rgb, result = predictor.predict(photo)
    before = rgb.copy()
    assert (annotate(rgb, result) != before).any()
    np.testing.assert_array_equal(rgb, before)


def test_labels_of_any_language_are_written(predictor: Predictor, photo: bytes) -> None:
    rgb, result = predictor.predict(photo)
    (prediction,) = result.predictions

    def drawn(label: str) -> np.ndarray:
        named = replace(prediction, label=label, second_label=label)
        labels = (label, *result.labels[1:])
        return annotate(rgb, replace(result, predictions=(named,), labels=labels))

    pictures = [drawn(label) for label in ("fröhlich", "frühlich", "счастье", "сиастье")]
    for one, other in itertools.combinations(pictures, 2):
        assert not np.array_equal(one, other)
