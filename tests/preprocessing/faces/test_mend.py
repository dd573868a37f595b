import cv2
import numpy as np
import pytest

from preprocessing.faces.mend import MENDS, Mend, as_it_is, level_light, smooth_noise
from preprocessing.images.decode import decode_image, to_grey
from preprocessing.images.sample import sample_photo_path
from tests.tools.sample_photo import HEAD, HEAD_PX

# Levels are rounded once more in a picture that has a fifth of them.
ROUNDED_LEVELS = 6


@pytest.fixture(scope="module")
def patch() -> np.ndarray:
    """The face of the sample photo, half as wide as the patch."""
    image = decode_image(sample_photo_path().read_bytes())
    (x, y), half = HEAD, HEAD_PX
    square = image[y - half : y + half, x - half : x + half]
    return np.asarray(cv2.resize(square, (96, 96), interpolation=cv2.INTER_AREA), np.uint8)


def _middle(patch: np.ndarray) -> np.ndarray:
    return patch[24:72, 24:72].astype(float)


@pytest.mark.parametrize("gain", [0.3, 0.6])
def test_a_face_in_the_dark_becomes_what_it_is_by_day(gain: float, patch: np.ndarray) -> None:
    dark = (gain * patch).astype(np.uint8)
    differs = np.abs(_middle(level_light(dark)) - _middle(level_light(patch)))
    assert differs.mean() < ROUNDED_LEVELS < np.abs(_middle(dark) - _middle(patch)).mean()


def test_half_a_face_in_the_shade_becomes_as_bright_as_the_other(patch: np.ndarray) -> None:
    shaded = patch * np.linspace(1, 0.2, patch.shape[1])[:, None]
    differs = np.abs(_middle(level_light(shaded.astype(np.uint8))) - _middle(level_light(patch)))
    assert differs.mean() < np.abs(_middle(shaded) - _middle(patch)).mean() / 2


def test_a_face_in_fog_gets_its_contrast_back(patch: np.ndarray) -> None:
    foggy = (0.2 * patch + 160).astype(np.uint8)
    assert _middle(level_light(foggy)).std() > 3 * _middle(foggy).std()


@pytest.mark.parametrize("mend", MENDS)
@pytest.mark.parametrize("level", [0, 90, 255])
def test_where_nothing_is_to_be_seen_nothing_is_made_up(mend: Mend, level: int) -> None:
    flat = np.full((64, 64), level, np.uint8)
    assert np.ptp(mend(flat)) == 0


@pytest.mark.parametrize("mend", [as_it_is, *MENDS])
def test_a_picture_keeps_its_size_and_grey_stays_grey(mend: Mend, patch: np.ndarray) -> None:
    grey = to_grey(patch)
    mended, in_three = mend(grey), mend(np.repeat(grey[..., None], 3, axis=2))
    assert (mended.shape, mended.dtype) == (grey.shape, np.uint8)
    assert mend(patch).shape == patch.shape
    for channel in range(3):
        np.testing.assert_array_equal(in_three[..., channel], mended)


def test_noise_is_smoothed(patch: np.ndarray) -> None:
    noisy = np.clip(patch + np.random.default_rng(0).normal(0, 25, patch.shape), 0, 255)
    noise = smooth_noise(noisy.astype(np.uint8)).astype(float) - smooth_noise(patch)
    assert noise.std() < (noisy - patch).std() / 3
