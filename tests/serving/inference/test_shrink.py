from dataclasses import replace

import numpy as np
import pytest

from serving.inference.predictor import Predictor
from serving.inference.shrink import scale_to_pixels, scale_to_side, shrink


@pytest.mark.parametrize("scale", [0.3, 0.5, 0.9])
def test_faces_stay_where_they_are_in_the_picture(
    scale: float, predictor: Predictor, photo: bytes
) -> None:
    rgb, result = predictor.predict(photo)
    small, shrunk = shrink(rgb, result, scale=scale)
    assert small.shape == (shrunk.height, shrunk.width, 3)
    (before,), (after,) = result.predictions, shrunk.predictions
    was = (before.face.face.landmarks + 0.5) / (result.width, result.height)
    now = (after.face.face.landmarks + 0.5) / (shrunk.width, shrunk.height)
    np.testing.assert_allclose(was, now, atol=0.003)
    assert after.face.face.box.width == pytest.approx(before.face.face.box.width * scale, abs=1)
    assert after.label == before.label


def test_a_picture_that_is_small_enough_stays(predictor: Predictor, photo: bytes) -> None:
    rgb, result = predictor.predict(photo)
    for scale in (scale_to_side(rgb, 512), scale_to_pixels(rgb, 512 * 512)):
        assert scale == 1
        assert shrink(rgb, result, scale=scale) == (rgb, result)
    assert scale_to_side(rgb, 256) == scale_to_pixels(rgb, 256 * 256) == 0.5


def test_what_was_read_reduced_is_shown_as_it_is(predictor: Predictor, photo: bytes) -> None:
    rgb, result = predictor.predict(photo)
    twice = replace(result, width=2 * result.width, height=2 * result.height)
    for scale, side in ((1.0, 512), (0.5, 256)):
        small, shrunk = shrink(rgb, twice, scale=scale)
        assert small.shape == (shrunk.height, shrunk.width, 3) == (side, side, 3)
        (before,), (after,) = twice.predictions, shrunk.predictions
        assert after.face.face.box.width == pytest.approx(
            before.face.face.box.width * side / 1024, abs=1
        )
