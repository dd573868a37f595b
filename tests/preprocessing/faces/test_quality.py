from dataclasses import replace

import cv2
import numpy as np
import pytest

from preprocessing.faces.align import align_photo
from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.geometry import LEAST_MARGIN, MOST_MARGIN, ChipGeometry
from preprocessing.faces.pose import HeadPose
from preprocessing.faces.quality import TURNED_YAW_DEG, Hint, Measures, measure
from preprocessing.faces.types import AlignedFace

FACE_MIDDLE_PX = 223
GOOD = Measures(
    width_px=100,
    sharpness=1,
    least_sharpness=0.3,
    pose=HeadPose(roll_deg=0, yaw_deg=0, pitch_deg=0),
    outside=0,
    mouth_contrast=1,
)
# Of a chip of 48 px.
MOVED_PX = 7
# Where MASK covers the sample's face, from nose to chin, as fractions of the chip.
MASK = np.array([(0.1, 0.5), (0.5, 0.42), (0.9, 0.5), (0.8, 0.9), (0.5, 1.05), (0.2, 0.9)])
# Areas are computed in single precision.
SINGLE_PRECISION = 1e-6


def measures_of(grey: np.ndarray, finder: FaceFinder) -> Measures:
    (aligned,) = align_photo(np.asarray(grey, np.uint8), finder, geometry=ChipGeometry())
    return measure(aligned, width=grey.shape[1], height=grey.shape[0])


def test_a_good_portrait_gets_no_hint(photo: np.ndarray, finder: FaceFinder) -> None:
    measures = measures_of(photo, finder)
    assert measures.hints() == ()
    assert measures.outside == pytest.approx(0, abs=SINGLE_PRECISION)
    assert 70 < measures.width_px < 200


def test_width_grows_with_the_picture(photo: np.ndarray, finder: FaceFinder) -> None:
    twice = cv2.resize(photo, None, fx=2, fy=2)
    before, after = measures_of(photo, finder), measures_of(twice, finder)
    assert after.width_px == pytest.approx(2 * before.width_px, rel=0.05)


def test_blurring_lowers_sharpness_noise_raises_it_and_contrast_does_neither(
    photo: np.ndarray, finder: FaceFinder
) -> None:
    (aligned,) = align_photo(photo, finder, geometry=ChipGeometry())
    noise = np.random.default_rng(0).normal(0, 30, aligned.chip.shape)
    plain, blurred, noisy, pale = (
        measure(replace(aligned, chip=chip), width=photo.shape[1], height=photo.shape[0])
        for chip in (
            aligned.chip,
            np.asarray(cv2.GaussianBlur(aligned.chip, (0, 0), 1.5), np.uint8),
            np.clip(aligned.chip + noise, 0, 255).astype(np.uint8),
            aligned.chip // 2 + 60,
        )
    )
    assert blurred.sharpness < plain.sharpness / 2
    assert blurred.hints() == (Hint.BLURRED,)
    assert noisy.hints() == (Hint.NOISY,)
    assert plain.hints() == ()
    assert pale.sharpness == pytest.approx(plain.sharpness, rel=0.05)


@pytest.mark.parametrize("angle_deg", [0, 30, 45, 90, 120, 135])
def test_what_moved_is_blurred_also_if_it_is_sharp_across(
    angle_deg: int, photo: np.ndarray, finder: FaceFinder
) -> None:
    (aligned,) = align_photo(photo, finder, geometry=ChipGeometry())
    turn = cv2.getRotationMatrix2D((MOVED_PX // 2, MOVED_PX // 2), angle_deg, 1)
    line = np.zeros((MOVED_PX, MOVED_PX), np.float32)
    line[MOVED_PX // 2] = 1
    line = cv2.warpAffine(line, turn, line.shape)
    moved = cv2.filter2D(aligned.chip, -1, line / line.sum())
    face = replace(aligned, chip=np.asarray(moved, np.uint8))
    measures = measure(face, width=photo.shape[1], height=photo.shape[0])
    assert measures.hints() == (Hint.BLURRED,)


@pytest.mark.parametrize("margin", [0.0, 0.2])
@pytest.mark.parametrize("level", [20, 120, 160, 235])
def test_a_mask_is_told(level: int, margin: float, photo: np.ndarray, finder: FaceFinder) -> None:
    geometry = ChipGeometry(size_px=round(48 * (1 + 2 * margin)), margin=margin)
    (aligned,) = align_photo(photo, finder, geometry=geometry)
    corners = ((MASK + margin) / (1 + 2 * margin) * geometry.size_px).astype(np.int32)
    masked = aligned.chip.copy()
    cv2.fillPoly(masked, [corners], level)
    for chip, hints in ((aligned.chip, ()), (masked, (Hint.COVERED,))):
        face = replace(aligned, chip=chip)
        measures = measure(face, width=photo.shape[1], height=photo.shape[0], margin=margin)
        assert measures.hints() == hints


@pytest.mark.parametrize("level", [90, 160, 200])
def test_a_mask_with_folds_and_a_knitted_scarf_are_told(
    level: int, photo: np.ndarray, finder: FaceFinder
) -> None:
    (aligned,) = align_photo(photo, finder, geometry=ChipGeometry())
    covered = cv2.fillPoly(np.zeros_like(aligned.chip), [(MASK * 48).astype(np.int32)], 1) == 1
    folds = np.full_like(aligned.chip, level)
    folds[[27, 31, 36]] = 0.7 * level
    rows, columns = np.indices(folds.shape)
    knitted = level + 25 * np.sin(2 * np.pi * (columns / 4.8 + rows / 3.4))
    for cloth in (folds, knitted):
        chip = np.where(covered, cloth, aligned.chip).astype(np.uint8)
        face = replace(aligned, chip=chip)
        measures = measure(face, width=photo.shape[1], height=photo.shape[0])
        assert Hint.COVERED in measures.hints()


@pytest.mark.parametrize("size_px", [1, 2, 3, 8, 24, 48])
@pytest.mark.parametrize("margin", [LEAST_MARGIN, -0.3, -0.2, 0.0, 1.0, MOST_MARGIN])
def test_chips_of_any_geometry_are_measured_and_no_mouth_is_covered(
    size_px: int, margin: float, photo: np.ndarray, finder: FaceFinder
) -> None:
    geometry = ChipGeometry(size_px=size_px, margin=margin)
    (aligned,) = align_photo(photo, finder, geometry=geometry)
    measures = measure(aligned, width=photo.shape[1], height=photo.shape[0], margin=margin)
    assert Hint.COVERED not in measures.hints()


def test_what_the_edge_cuts_is_outside(photo: np.ndarray, finder: FaceFinder) -> None:
    (aligned,) = align_photo(photo, finder, geometry=ChipGeometry())
    shifted = aligned.transform.copy()
    shifted[:, 2] += shifted[:, :2] @ (FACE_MIDDLE_PX, 0)
    cut = AlignedFace(aligned.chip, shifted, aligned.face, 0.0)
    measures = measure(cut, width=photo.shape[1] - FACE_MIDDLE_PX, height=photo.shape[0])
    assert measures.outside == pytest.approx(0.5, abs=0.1)
    assert Hint.CUT in measures.hints()


@pytest.mark.parametrize("side", [-1, 1])
def test_a_head_turned_by_more_than_the_threshold_gets_a_hint(side: int) -> None:
    for more_deg, hints in ((0, ()), (0.1, (Hint.TURNED,))):
        pose = HeadPose(roll_deg=90, yaw_deg=side * (TURNED_YAW_DEG + more_deg), pitch_deg=90)
        assert replace(GOOD, pose=pose).hints() == hints
