import math

import cv2
import numpy as np
import pytest

from preprocessing.faces.geometry import sample_square
from preprocessing.faces.picture import Picture, Pyramid

# Averaging by halves or at once differs where samples lie between pixels, in grey levels of 255.
MEAN_LEVELS = 2.0


def _smooth(height: int, width: int) -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 256, (height // 40 + 2, width // 40 + 2))
    large = cv2.resize(noise.astype(np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.uint8)


@pytest.mark.parametrize("size", [(640, 480), (641, 479), (1023, 767)])
@pytest.mark.parametrize("scale", [0.06, 0.13, 0.24, 0.4, 0.9, 1.7])
@pytest.mark.parametrize("angle_deg", [0, 30])
def test_a_sample_is_that_of_the_full_picture(
    size: tuple[int, int], scale: float, angle_deg: int
) -> None:
    grey = _smooth(*size)
    angle = math.radians(angle_deg)
    cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
    turn = np.array([[cosine, sine], [-sine, cosine]])
    # The middle of the picture comes to the middle of the square, which lies inside it.
    shift = 7.5 - turn @ (size[1] / 2, size[0] / 2)
    transform = np.column_stack([turn, shift])
    expected = sample_square(grey, transform, size_px=16)
    sampled = Pyramid(grey).sample(transform, size_px=16)
    assert np.abs(expected.astype(int) - sampled).mean() < MEAN_LEVELS
    if scale > 0.25:
        np.testing.assert_array_equal(expected, sampled)


@pytest.mark.parametrize("scale", [0.1, 0.25, 0.37, 0.5, 1.0, 1.5])
def test_a_scaled_picture_has_the_size_asked_for_and_shows_the_same(scale: float) -> None:
    grey = _smooth(480, 640)
    scaled = Pyramid(grey).scaled(scale)
    assert scaled.shape == (round(480 * scale), round(640 * scale))
    assert scaled.mean() == pytest.approx(grey.mean(), abs=MEAN_LEVELS)


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (3, 5)])
def test_what_cannot_be_halved_is_taken_as_it_is(shape: tuple[int, int]) -> None:
    grey = np.full(shape, 77, np.uint8)
    assert (Pyramid(grey).scaled(0.01) == 77).all()
    transform = np.array([[0.01, 0, 4], [0, 0.01, 4]])
    assert (Pyramid(grey).sample(transform, size_px=8) == 77).all()


def test_a_picture_without_colours_is_seen_in_grey() -> None:
    grey = _smooth(200, 300)
    rgb = np.repeat(grey[..., None], 3, axis=2)
    np.testing.assert_array_equal(Picture(rgb).colour.full, grey)
    assert not Picture(grey).colour.has_colours
    stamped = rgb.copy()
    stamped[:40, :60] = (200, 30, 30)
    assert not Picture(stamped).colour.has_colours
    tinted = (rgb * np.array([1, 0.9, 0.7])).astype(np.uint8)
    assert Picture(tinted).colour.has_colours
    assert not Picture(tinted).grey.has_colours
    in_blue_light = (rgb * np.array([0.1, 0.1, 1])).astype(np.uint8)
    assert not Picture(in_blue_light).colour.has_colours
