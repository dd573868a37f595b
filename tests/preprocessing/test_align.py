import cv2
import numpy as np
import pytest

from preprocessing.align import UNALIGNED, align_crops, align_photo
from preprocessing.detect import MOST_PX, MOST_WEAK, SURE_SCORE, FaceFinder, worth_a_look
from preprocessing.detectors import Sighting
from preprocessing.faces import BoundingBox, Face
from preprocessing.geometry import ChipGeometry, apply_transform
from preprocessing.mean_face import MEAN_FACE
from preprocessing.pose import head_pose
from preprocessing.scan import LONGEST_PX, Find, merge, scale_within, turn_back

GEOMETRY = ChipGeometry()
# dlib's landmarks are whole pixels of the picture and wander by one or two when it is turned or
# scaled; a chip that moves by half a pixel differs by about this much on average, of 255.
WANDERING_LEVELS = 9
# The line through the eyes is as sure as that.
ROLL_DEG = 4
# A scanned picture has whole sides, so that its area misses the budget by about this share.
WHOLE_PIXELS = 1e-3


def turn(grey: np.ndarray, angle_deg: float) -> np.ndarray:
    height, width = grey.shape
    about = cv2.getRotationMatrix2D((width * 0.43, height * 0.24), angle_deg, 1)
    return np.asarray(cv2.warpAffine(grey, about, (width, height), borderMode=cv2.BORDER_REPLICATE))


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


def test_small_faces_are_found_by_enlarging(photo: np.ndarray, finder: FaceFinder) -> None:
    small = np.asarray(cv2.resize(photo, (230, 230), interpolation=cv2.INTER_AREA), np.uint8)
    (aligned,) = align_photo(small, finder, geometry=GEOMETRY)
    assert aligned.face.box.width < 80


def test_a_face_that_the_first_scan_misses_says_so(photo: np.ndarray, finder: FaceFinder) -> None:
    large = np.full((1600, 1600), 128, np.uint8)
    large[600:1010, 600:1010] = cv2.resize(photo, (410, 410), interpolation=cv2.INTER_AREA)
    (face,) = finder.find_faces(large)
    assert face.found_by == "detector+larger"
    (face,) = finder.find_faces(np.rot90(large).copy())
    assert face.found_by.startswith("detector@")


@pytest.mark.parametrize("angle_deg", [25, 30, 35, 40, 60, 90, 180, 270])
def test_a_turned_photo_is_turned_back(
    angle_deg: int, photo: np.ndarray, finder: FaceFinder
) -> None:
    (straight,) = align_photo(photo, finder, geometry=GEOMETRY)
    transform, size = turn_back(photo.shape[1], photo.shape[0], angle_deg=-angle_deg)
    turned = np.asarray(cv2.warpAffine(photo, transform, size, flags=cv2.INTER_CUBIC), np.uint8)
    (aligned,) = align_photo(turned, finder, geometry=GEOMETRY)
    # The detector by itself sees no face that is tilted by more than 45 degrees.
    assert angle_deg <= 45 or aligned.face.found_by.startswith("detector@")
    rolls = [head_pose(found.face.landmarks).roll_deg for found in (straight, aligned)]
    difference = (rolls[1] - rolls[0]) % 360
    assert difference == pytest.approx(angle_deg, abs=ROLL_DEG)
    assert np.abs(straight.chip.astype(int) - aligned.chip).mean() < WANDERING_LEVELS


def test_two_finds_of_one_face_are_merged() -> None:
    sure, unsure = Find((50, 50), 40, 0, 0, 2.0), Find((58, 45), 50, 30, 30, 1.0)
    neighbour = Find((95, 50), 40, 0, 0, 0.5)
    assert merge([unsure, neighbour, sure]) == [sure, neighbour]


def test_a_scan_keeps_to_its_budget(photo: np.ndarray) -> None:
    for angle_deg in (0, 45, 90):
        scale = scale_within(photo, angle_deg=angle_deg, budget_px=100_000, largest=2)
        _, (width, height) = turn_back(*photo.shape[::-1], angle_deg=angle_deg)
        assert width * height * scale**2 == pytest.approx(100_000, rel=0.01)
    assert scale_within(photo, budget_px=10**9, largest=2) == 2


def test_the_worst_picture_keeps_to_the_budget_of_all_scans(
    finder: FaceFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where all finds are weak, small and tilted, the ladder takes its dearest way."""
    scanned_px, second_looks = 0, 0

    def count(grey: np.ndarray, least_score: float) -> list[Sighting]:
        nonlocal scanned_px, second_looks
        scanned_px += grey.size
        second_looks += least_score == SURE_SCORE
        height, width = grey.shape
        return [
            Sighting((x, y), 80.0, 30.0, 0.3)
            for x in range(40, width, 80)
            for y in range(40, height, 80)
            if least_score <= 0.3
        ]

    monkeypatch.setattr(finder, "_detect", count)
    assert finder.find_faces(np.zeros((3000, 4000), np.uint8)) == []
    assert second_looks == MOST_WEAK
    assert scanned_px == pytest.approx(MOST_PX, rel=WHOLE_PIXELS)


def test_of_many_weak_finds_the_best_are_looked_at_again() -> None:
    scores = [0.3, 2.0, *np.linspace(-0.2, 0.5, 2 * MOST_WEAK)]
    finds = [Find((50 * at, 50), 40, 0, 0, score) for at, score in enumerate(scores)]
    kept = [find.score for find in worth_a_look(finds)]
    assert len(kept) == 1 + MOST_WEAK
    assert kept == sorted(scores, reverse=True)[: 1 + MOST_WEAK]


def test_an_empty_photo_has_no_faces(finder: FaceFinder) -> None:
    assert align_photo(np.full((300, 400), 128, np.uint8), finder, geometry=GEOMETRY) == []


def test_dogs_have_no_faces(shared_data: object, finder: FaceFinder) -> None:
    grey = cv2.imread(f"{shared_data}/photos/dogs.jpg", cv2.IMREAD_GRAYSCALE)
    assert align_photo(np.asarray(grey, np.uint8), finder, geometry=GEOMETRY) == []


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
    assert aligned.face.found_by in ("full_frame", UNALIGNED)
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
    face = Face(BoundingBox(0, 0, 48, 48), landmarks, 0.0, "full_frame")
    monkeypatch.setattr(FaceFinder, "find_faces_in_crops", lambda *_: [face])
    (aligned,) = align_crops([crop], finder, geometry=GEOMETRY)
    assert aligned.face.found_by == UNALIGNED
    np.testing.assert_array_equal(aligned.chip, crop)


def test_a_box_needs_a_size() -> None:
    assert BoundingBox(-3, 0, 5, 2).width == 8
    with pytest.raises(ValueError, match="positive size"):
        BoundingBox(5, 0, 5, 2)


@pytest.mark.parametrize("shape", [(1, 60_000), (60_000, 1), (96, 110_000)])
def test_a_picture_of_one_long_row_is_looked_at_within_bounds(
    shape: tuple[int, int], finder: FaceFinder
) -> None:
    grey = np.zeros(shape, np.uint8)
    assert align_photo(grey, finder, geometry=GEOMETRY) == []
    (aligned,) = align_crops([grey], finder, geometry=GEOMETRY)
    assert aligned.face.found_by in ("full_frame", UNALIGNED)
    for largest in (2.0, 144.0):
        scale = scale_within(grey, budget_px=1_000_000, largest=largest)
        assert max(shape) * scale <= LONGEST_PX
