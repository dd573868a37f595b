import cv2
import numpy as np
import pytest

from preprocessing.faces.align import (
    LARGEST_CERTAIN_CROP_PX,
    LEAST_REDUCED_PX,
    Frame,
    align_crops,
    align_decoded,
    align_labelled,
    align_photo,
)
from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.geometry import ChipGeometry, apply_transform
from preprocessing.faces.landmarks import LANDMARK_SCHEMES
from preprocessing.faces.pose import head_pose
from preprocessing.faces.template import MEAN_FACE
from preprocessing.faces.types import FALL_BACKS, FULL_FRAME, UNALIGNED, BoundingBox, Face
from preprocessing.images.types import DecodedPicture, Whole
from tests.tools.sample_photo import HEAD_PX, WANDERING_LEVELS, framed, turn

GEOMETRY = ChipGeometry()


def test_the_sample_shows_one_face(photo: np.ndarray, finder: FaceFinder) -> None:
    (aligned,) = align_photo(photo, finder, geometry=GEOMETRY)
    face = aligned.face
    assert face.found_by == "detector"
    assert face.landmarks.shape == (68, 2)
    assert face.landmarks.dtype == np.float32
    assert aligned.chip.shape == (GEOMETRY.size_px, GEOMETRY.size_px)
    image_left_eye, image_right_eye = face.landmarks[36:42], face.landmarks[42:48]
    assert image_left_eye[:, 0].max() < image_right_eye[:, 0].min()
    assert face.landmarks[36:48, 1].max() < face.landmarks[48:68, 1].min()
    centre = face.landmarks.mean(axis=0)
    assert face.box.left < centre[0] < face.box.right
    assert face.box.top < centre[1] < face.box.bottom


def test_the_anchors_come_to_lie_on_the_template(photo: np.ndarray, finder: FaceFinder) -> None:
    (aligned,) = align_photo(photo, finder, geometry=GEOMETRY)
    anchors = apply_transform(aligned.transform, aligned.face.landmarks[list(GEOMETRY.anchors)])
    misses = np.linalg.norm(anchors - GEOMETRY.template_px(), axis=1)
    assert np.sqrt((misses**2).mean()) == pytest.approx(aligned.residual_px)
    assert aligned.residual_px < GEOMETRY.size_px / 20


@pytest.mark.parametrize("angle_deg", [-15, -7, 7, 15])
def test_turning_a_photo_leaves_the_chip(
    angle_deg: float, photo: np.ndarray, finder: FaceFinder
) -> None:
    (straight,) = align_photo(photo, finder, geometry=GEOMETRY)
    (turned,) = align_photo(turn(photo, angle_deg), finder, geometry=GEOMETRY)
    difference = np.abs(straight.chip.astype(int) - turned.chip).mean()
    assert difference < WANDERING_LEVELS
    # Without the alignment the same turn changes the chip far more.
    unturned = GEOMETRY.size_px / 2
    about = cv2.getRotationMatrix2D((unturned, unturned), angle_deg, 1)
    rotated = cv2.warpAffine(straight.chip, about, straight.chip.shape)
    assert np.abs(straight.chip.astype(int) - rotated).mean() > difference


@pytest.mark.parametrize("scale", [0.5, 1.5, 3.0])
def test_scaling_a_photo_leaves_the_chip(
    scale: float, photo: np.ndarray, finder: FaceFinder
) -> None:
    (straight,) = align_photo(photo, finder, geometry=GEOMETRY)
    scaled = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    (found,) = align_photo(np.asarray(scaled, np.uint8), finder, geometry=GEOMETRY)
    assert np.abs(straight.chip.astype(int) - found.chip).mean() < WANDERING_LEVELS


@pytest.mark.parametrize("side_px", [48, 100, 300])
def test_a_crop_gives_the_chip_of_its_photo(
    side_px: int, photo: np.ndarray, finder: FaceFinder
) -> None:
    (whole,) = align_photo(photo, finder, geometry=GEOMETRY)
    crop = cv2.resize(photo[60:185, 160:285], (side_px, side_px), interpolation=cv2.INTER_AREA)
    (aligned,) = align_crops([np.asarray(crop, np.uint8)], finder, geometry=GEOMETRY)
    assert aligned.face.found_by == "detector"
    assert np.abs(whole.chip.astype(int) - aligned.chip).mean() < WANDERING_LEVELS


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("shape", [(48, 48), (10, 30), (300, 200)])
def test_a_crop_without_a_face_is_kept_and_flagged(
    level: int, shape: tuple[int, int], finder: FaceFinder
) -> None:
    (aligned,) = align_crops([np.full(shape, level, np.uint8)], finder, geometry=GEOMETRY)
    assert aligned.face.found_by in (FULL_FRAME, UNALIGNED)
    assert (aligned.chip == level).all()


@pytest.mark.parametrize(
    "misleading",
    [
        np.array([[0.0, -1, 47], [1, 0, 0]]),  # lying on its side
        np.array([[0.3, 0, 16], [0, 0.3, 16]]),  # far too small
        np.array([[2.5, 0, -36], [0, 2.5, -36]]),  # far too large
    ],
)
def test_landmarks_that_make_no_sense_leave_a_crop_as_it_is(
    misleading: np.ndarray, finder: FaceFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    crop = np.random.default_rng(0).integers(0, 256, (48, 48)).astype(np.uint8)
    landmarks = apply_transform(misleading, np.array(MEAN_FACE) * 48).astype(np.float32)
    pose = head_pose(landmarks, LANDMARK_SCHEMES["68"])
    face = Face(BoundingBox(0, 0, 48, 48), landmarks, pose, score=0.0, found_by=FULL_FRAME)
    monkeypatch.setattr(FaceFinder, "find_faces_in_crops", lambda *_: [face])
    (aligned,) = align_crops([crop], finder, geometry=GEOMETRY)
    assert aligned.face.found_by == UNALIGNED
    np.testing.assert_array_equal(aligned.chip, crop)


@pytest.mark.parametrize("side_px", [None, 100, 224, 800])
@pytest.mark.parametrize("ratio", [1.2, 1.4, 1.6, 1.8, 2.0, 2.5, 3.0, 5.0])
def test_the_room_around_a_labelled_face_makes_no_difference(
    ratio: float, side_px: int | None, photo: np.ndarray, finder: FaceFinder
) -> None:
    (expected,) = align_photo(photo, finder, geometry=GEOMETRY)
    picture = framed(photo, ratio)
    if side_px is not None:
        picture = np.asarray(cv2.resize(picture, (side_px, side_px), interpolation=cv2.INTER_AREA))
    (found,) = align_labelled([picture], finder, geometry=GEOMETRY, frame=Frame.AUTO)
    assert found.aligned is not None
    assert found.seen == 1
    assert found.aligned.face.found_by not in FALL_BACKS
    is_promised = found.aligned.face.box.width >= finder._detector.smallest_px
    most = WANDERING_LEVELS if is_promised else 1.2 * WANDERING_LEVELS
    assert np.abs(expected.chip.astype(int) - found.aligned.chip).mean() < most


@pytest.mark.parametrize(
    ("ratio", "height_to_width"),
    [(2.5, 490 / 640), (1.9, 762 / 562), (3.0, 9 / 16), (2.2, 16 / 9)],
    ids=["CK+", "KDEF", "16:9", "9:16"],
)
def test_labelled_photos_of_other_shapes_are_aligned(
    ratio: float, height_to_width: float, photo: np.ndarray, finder: FaceFinder
) -> None:
    (expected,) = align_photo(photo, finder, geometry=GEOMETRY)
    picture = framed(photo, ratio, height_to_width=height_to_width)
    (found,) = align_labelled([picture], finder, geometry=GEOMETRY, frame=Frame.AUTO)
    assert found.aligned is not None
    assert np.abs(expected.chip.astype(int) - found.aligned.chip).mean() < WANDERING_LEVELS


def test_small_pictures_stay_crops(
    photo: np.ndarray, finder: FaceFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    side_px = LARGEST_CERTAIN_CROP_PX
    pictures = [
        np.asarray(cv2.resize(framed(photo, ratio), (48, 48), interpolation=cv2.INTER_AREA))
        for ratio in (1.0, 1.3, 2.0, 4.0)
    ]
    pictures += [np.full((48, 48), 128, np.uint8), np.full((side_px, side_px), 90, np.uint8)]
    expected = align_crops(pictures, finder, geometry=GEOMETRY)
    monkeypatch.setattr(FaceFinder, "find_faces", None)  # no photo is searched
    found = align_labelled(pictures, finder, geometry=GEOMETRY, frame=Frame.AUTO)
    for crop, labelled in zip(expected, found, strict=True):
        assert labelled.aligned is not None
        np.testing.assert_array_equal(labelled.aligned.chip, crop.chip)
        np.testing.assert_array_equal(labelled.aligned.transform, crop.transform)
        assert labelled.aligned.face.found_by == crop.face.found_by


def test_of_several_faces_the_largest_is_taken_and_all_are_counted(
    photo: np.ndarray, finder: FaceFinder
) -> None:
    half = cv2.resize(photo, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    both = np.full((512, 800), 128, np.uint8)
    both[:256, :256], both[:, 280:792] = half, photo
    (expected,) = align_photo(photo, finder, geometry=GEOMETRY)
    for frame in (Frame.AUTO, Frame.PHOTO):
        (found,) = align_labelled([both], finder, geometry=GEOMETRY, frame=frame)
        assert found.seen == 2
        assert found.aligned is not None
        assert np.abs(expected.chip.astype(int) - found.aligned.chip).mean() < WANDERING_LEVELS


def test_without_a_face_a_photo_has_none_and_other_pictures_fall_back(finder: FaceFinder) -> None:
    grey = np.full((200, 300), 128, np.uint8)
    for frame in (Frame.AUTO, Frame.CROP):
        (found,) = align_labelled([grey], finder, geometry=GEOMETRY, frame=frame)
        assert found.aligned is not None
        assert found.aligned.face.found_by in FALL_BACKS
    (found,) = align_labelled([grey], finder, geometry=GEOMETRY, frame=Frame.PHOTO)
    assert (found.aligned, found.seen) == (None, 0)


def test_a_turned_photo_in_a_class_folder_is_turned_back(
    photo: np.ndarray, finder: FaceFinder
) -> None:
    (expected,) = align_photo(photo, finder, geometry=GEOMETRY)
    turned = np.rot90(framed(photo, 3)).copy()
    (found,) = align_labelled([turned], finder, geometry=GEOMETRY, frame=Frame.AUTO)
    assert found.aligned is not None
    assert np.abs(expected.chip.astype(int) - found.aligned.chip).mean() < WANDERING_LEVELS


@pytest.mark.parametrize("face_px", [40, 50, 160])
def test_a_photo_that_was_read_reduced_gives_the_same_faces(
    face_px: int, photo: np.ndarray, finder: FaceFinder
) -> None:
    scale = face_px / HEAD_PX
    large = np.full((1001, 1401), 128, np.uint8)
    face = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    large[60 : 60 + len(face), 90 : 90 + len(face)] = face
    rgb = np.repeat(large[..., None], 3, axis=2)
    half = np.asarray(cv2.resize(rgb, (701, 501), interpolation=cv2.INTER_AREA), np.uint8)
    readings: list[np.ndarray] = []

    def read() -> np.ndarray:
        readings.append(large)
        return large

    picture = DecodedPicture(half, whole=Whole(1401, 1001, read))
    (expected,) = align_photo(rgb, finder, geometry=GEOMETRY)
    (found,) = align_decoded(picture, finder, geometry=GEOMETRY)
    # Only a face that has too few pixels in the reduced photo is looked at in the whole photo.
    assert len(readings) == (face_px < 2 * LEAST_REDUCED_PX)
    assert found.face.box.width == pytest.approx(expected.face.box.width, rel=0.1)
    misses = np.linalg.norm(found.face.landmarks - expected.face.landmarks, axis=1)
    assert misses.mean() < 0.05 * face_px
    assert np.abs(found.chip.astype(int) - expected.chip).mean() < WANDERING_LEVELS
    anchors = apply_transform(found.transform, found.face.landmarks[list(GEOMETRY.anchors)])
    misses = np.linalg.norm(anchors - GEOMETRY.template_px(), axis=1)
    assert np.sqrt((misses**2).mean()) == pytest.approx(found.residual_px, rel=1e-3)


def test_only_the_largest_faces_are_looked_at_again_where_that_is_possible(
    photo: np.ndarray, finder: FaceFinder
) -> None:
    large = np.full((1001, 1401), 128, np.uint8)
    for face_px, left in ((40, 90), (60, 700)):
        scale = face_px / HEAD_PX
        face = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        large[60 : 60 + len(face), left : left + face.shape[1]] = face
    rgb = np.repeat(large[..., None], 3, axis=2)
    half = np.asarray(cv2.resize(rgb, (701, 501), interpolation=cv2.INTER_AREA), np.uint8)
    picture = DecodedPicture(half, whole=Whole(1401, 1001, lambda: large))
    small, larger = align_decoded(picture, finder, geometry=GEOMETRY)
    found = align_decoded(picture, finder, geometry=GEOMETRY, most_again=1)
    assert np.array_equal(found[1].chip, larger.chip)
    assert not np.array_equal(found[0].chip, small.chip)
    picture = DecodedPicture(half, whole=Whole(1401, 1001, None))
    assert np.array_equal(align_decoded(picture, finder, geometry=GEOMETRY)[0].chip, found[0].chip)
