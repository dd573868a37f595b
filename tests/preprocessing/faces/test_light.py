import cv2
import numpy as np
import pytest

from preprocessing.faces.light import brighten, stretch_contrast

DRAW = np.random.default_rng(0)
FACE = DRAW.integers(0, 256, (48, 48), np.uint8)


@pytest.mark.parametrize(("light", "veil"), [(0.02, 0), (0.1, 0), (0.2, 160), (0.2, 20)])
def test_a_chip_with_too_little_contrast_gets_that_of_a_face(light: float, veil: float) -> None:
    spoiled = (light * FACE + veil).astype(np.uint8)
    stretched = stretch_contrast(spoiled)
    assert stretched.min() < 20
    assert stretched.max() > 235
    assert np.corrcoef(stretched.ravel(), FACE.ravel())[0, 1] > 0.95
    np.testing.assert_array_equal(stretch_contrast(stretched), stretched)


@pytest.mark.parametrize("around", [0, 120, 255])
def test_what_is_around_a_face_says_nothing_of_its_contrast(around: int) -> None:
    chip = np.full_like(FACE, around)
    face = np.s_[6:42, 8:40]
    chip[face] = FACE[face] // 6 + 10
    stretched = stretch_contrast(chip)[face]
    assert stretched.min() < 20
    assert stretched.max() > 235
    assert np.corrcoef(stretched.ravel(), FACE[face].ravel())[0, 1] > 0.95


def test_a_level_more_or_less_changes_a_chip_by_little() -> None:
    lights = np.arange(0.05, 0.5, 1 / 256)
    chips = [stretch_contrast((light * FACE + 40).astype(np.uint8)) for light in lights]
    spans = [int(np.ptp(chip)) for chip in chips]
    assert max(spans) > 215
    assert min(spans) < 120
    assert np.abs(np.diff(spans)).max() < 20


@pytest.mark.parametrize("chip", [FACE, FACE // 2, FACE // 200, np.zeros_like(FACE)])
def test_other_chips_stay_as_they_are(chip: np.ndarray) -> None:
    assert stretch_contrast(chip) is chip


@pytest.mark.parametrize("shape", [(1, 1), (300, 200), (300, 200, 3), (2000, 1500, 3)])
def test_a_dark_photo_is_brightened_and_no_other(shape: tuple[int, ...]) -> None:
    photo = np.full(shape, 10, np.uint8)
    assert (brighten(photo) == 200).all()
    for other in (photo * 10, np.zeros_like(photo)):
        assert brighten(other) is other


def test_halves_of_a_level_are_rounded_up_as_browsers_do() -> None:
    photo = np.repeat(np.array([[1, 3, 16]], np.uint8), 50, axis=1).repeat(50, axis=0)
    assert brighten(photo)[25, [25, 75, 125]].tolist() == [13, 38, 200]


@pytest.mark.parametrize("shape", [(300, 200), (300, 200, 3)])
def test_a_photo_in_fog_gets_contrast(shape: tuple[int, ...]) -> None:
    photo = cv2.GaussianBlur(DRAW.normal(0, 1, shape), (0, 0), 5)
    photo *= 10 / np.abs(photo).max()
    bright = brighten((photo + 170).astype(np.uint8))
    assert np.ptp(bright) > 150
    assert np.corrcoef(bright.ravel(), photo.ravel())[0, 1] > 0.95


@pytest.mark.parametrize("page", [np.uint8(255), DRAW.integers(235, 255, (300, 200), np.uint8)])
def test_a_small_face_on_a_white_page_stays_as_it_is(page: np.ndarray) -> None:
    photo = np.full((300, 200), 255, np.uint8)
    photo[:] = page
    photo[100:115, 100:115] = DRAW.integers(20, 230, (15, 15), np.uint8)
    assert brighten(photo) is photo


def test_noise_of_a_dark_photo_is_smoothed() -> None:
    noisy = DRAW.integers(9, 12, (100, 100), np.uint8)
    assert brighten(noisy).std() < 0.5 * noisy.std() * 200 / 11
