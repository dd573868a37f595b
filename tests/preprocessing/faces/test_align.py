import math
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from preprocessing.faces.align import (
    LARGEST_CERTAIN_CROP_PX,
    Frame,
    align_crops,
    align_labelled,
    align_photo,
)
from preprocessing.faces.detectors import Sighting
from preprocessing.faces.geometry import ChipGeometry, apply_transform
from preprocessing.faces.landmarker import (
    FIRST,
    MOST_SURE,
    MOST_WEAK,
    TILTED,
    TURNED,
    FaceFinder,
)
from preprocessing.faces.pose import head_pose
from preprocessing.faces.refine import look_closer
from preprocessing.faces.search import (
    LONGEST_PX,
    Find,
    Pyramid,
    merge,
    scale_within,
    scan,
    turn_back,
    whole_scale,
)
from preprocessing.faces.template import MEAN_FACE
from preprocessing.faces.types import FALL_BACKS, FULL_FRAME, UNALIGNED, BoundingBox, Face
from preprocessing.faces.verify import SECOND_LOOK_PX

GEOMETRY = ChipGeometry()
# dlib's landmarks are whole pixels of the picture and wander by one or two when it is turned or
# scaled; a chip that moves by half a pixel differs by about this much on average, of 255.
WANDERING_LEVELS = 9
# The line through the eyes is as sure as that.
ROLL_DEG = 4
# A scanned picture has whole sides, so that its area misses the budget by about this share.
WHOLE_PIXELS = 1e-3
# A closer look frames a face to this share of its side: the detector's points wander so far.
FRAMED = 0.06
TILE_PX = 125


def turn(grey: np.ndarray, angle_deg: float) -> np.ndarray:
    height, width = grey.shape
    about = cv2.getRotationMatrix2D((width * 0.43, height * 0.24), angle_deg, 1)
    return np.asarray(cv2.warpAffine(grey, about, (width, height), borderMode=cv2.BORDER_REPLICATE))


def shrink(photo: np.ndarray) -> np.ndarray:
    """Return the sample photo at a size at which its face is one of 24 px."""
    return np.asarray(cv2.resize(photo, (TILE_PX, TILE_PX), interpolation=cv2.INTER_AREA), np.uint8)


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


@pytest.mark.parametrize("step", [1, -1], ids=["photo", "mirrored"])
def test_the_detector_sees_a_face_of_its_smallest_size(
    step: int, photo: np.ndarray, finder: FaceFinder
) -> None:
    detector = finder._detector
    small = shrink(photo[:, ::step])
    (find,) = scan(detector, Pyramid(small), threshold=detector.likely_score)
    assert find.side == pytest.approx(detector.smallest_px, rel=0.1)


def test_each_of_many_small_faces_is_found(photo: np.ndarray, finder: FaceFinder) -> None:
    crowd = np.tile(shrink(photo), (4, 4))
    boxes = [face.box for face in finder.find_faces(crowd)]
    tiles = {(box.left // TILE_PX, box.top // TILE_PX) for box in boxes}
    assert len(boxes) == len(tiles) == 16
    assert max(box.width for box in boxes) < 26


def test_a_face_that_the_first_scan_misses_says_so(photo: np.ndarray, finder: FaceFinder) -> None:
    large = np.full((1600, 1600), 128, np.uint8)
    large[500:1012, 500:1012] = photo
    (face,) = finder.find_faces(large)
    assert face.found_by == "detector+larger"
    (face,) = finder.find_faces(np.rot90(large).copy())
    assert face.found_by.startswith("detector@")


@pytest.mark.parametrize("angle_deg", [25, 30, 35, 40, 60, 90, 135, 180, 270])
def test_a_turned_photo_is_turned_back(
    angle_deg: int, photo: np.ndarray, finder: FaceFinder
) -> None:
    (straight,) = align_photo(photo, finder, geometry=GEOMETRY)
    transform, size = turn_back(photo.shape[1], photo.shape[0], angle_deg=-angle_deg)
    turned = np.asarray(cv2.warpAffine(photo, transform, size, flags=cv2.INTER_CUBIC), np.uint8)
    (aligned,) = align_photo(turned, finder, geometry=GEOMETRY)
    # The detector is sure of no face that is tilted by so much.
    assert aligned.face.found_by.startswith("detector@")
    rolls = [head_pose(found.face.landmarks).roll_deg for found in (straight, aligned)]
    difference = (rolls[1] - rolls[0]) % 360
    assert difference == pytest.approx(angle_deg, abs=ROLL_DEG)
    assert np.abs(straight.chip.astype(int) - aligned.chip).mean() < WANDERING_LEVELS


@pytest.mark.parametrize("angle_deg", [-45, -40, -35, -30, 40, 75, 100, 170])
def test_a_tilted_face_that_fills_the_picture_is_landmarked_upright(
    angle_deg: int, photo: np.ndarray, finder: FaceFinder
) -> None:
    (straight,) = align_photo(photo, finder, geometry=GEOMETRY)
    head = turn(photo, -angle_deg)[2:242, 100:340]
    (tilted,) = align_photo(head, finder, geometry=GEOMETRY)
    rolls = [head_pose(found.face.landmarks).roll_deg for found in (straight, tilted)]
    assert (rolls[1] - rolls[0]) % 360 == pytest.approx(angle_deg % 360, abs=ROLL_DEG)


@pytest.mark.parametrize("angle_deg", [25, 28, 30, 32, 34, 36, 38, 40, 42, 45])
def test_a_face_that_alone_is_tilted_is_landmarked_upright(
    angle_deg: int, photo: np.ndarray, finder: FaceFinder
) -> None:
    three = np.hstack([photo, turn(photo, -angle_deg), photo])
    straight, tilted, _ = align_photo(three, finder, geometry=GEOMETRY)
    # Seen in an upright scan, so that nothing but its landmarks told that it is tilted.
    assert "@" not in tilted.face.found_by
    rolls = [head_pose(found.face.landmarks).roll_deg for found in (straight, tilted)]
    assert rolls[1] - rolls[0] == pytest.approx(angle_deg, abs=ROLL_DEG)
    assert np.abs(straight.chip.astype(int) - tilted.chip).mean() < WANDERING_LEVELS


@pytest.mark.parametrize("shift", [-0.25, 0.25])
@pytest.mark.parametrize("growth", [0.8, 1.2])
def test_a_closer_look_mends_a_bad_frame(
    shift: float, growth: float, photo: np.ndarray, finder: FaceFinder
) -> None:
    (find,) = scan(finder._detector, Pyramid(photo), threshold=finder._detector.sure_score)
    good = look_closer(finder._detector, photo, find)
    assert good is not None
    x, y = good.centre
    bad = replace(good, centre=(x + shift * good.side, y), side=growth * good.side, seen_px=24)
    mended = look_closer(finder._detector, photo, bad)
    assert mended is not None
    assert math.dist(mended.centre, good.centre) < FRAMED * good.side
    assert mended.side == pytest.approx(good.side, rel=FRAMED)


def test_two_finds_of_one_face_are_merged() -> None:
    sure, unsure = Find((50, 50), 40, 0, 0, 2.0, 40), Find((58, 45), 50, 30, 30, 1.0, 50)
    neighbour = Find((95, 50), 40, 0, 0, 0.5, 40)
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
    detector, second = finder._detector, finder._second_detector
    scanned_px, closer_px, second_px = [], [], []

    def see_many(grey: np.ndarray, least_score: float) -> list[Sighting]:
        if least_score == detector.crop_score:
            closer_px.append(grey.size)
            middle = (detector.closer_px - 0.5, detector.closer_px - 0.5)
            return [Sighting(middle, detector.closer_px, 0.0, detector.closer_score)]
        scanned_px.append(grey.size)
        height, width = grey.shape
        side, score = detector.smallest_px, detector.likely_score
        return [
            Sighting((x, y), side, 30.0, score)
            for x in range(side // 2, width, side)
            for y in range(side // 2, height, side)
        ]

    def see_none(grey: np.ndarray, _: float) -> list[Sighting]:
        second_px.append(grey.size)
        return []

    monkeypatch.setattr(finder, "_detector", replace(detector, detect=see_many))
    monkeypatch.setattr(finder, "_second_detector", replace(second, detect=see_none))
    assert finder.find_faces(np.zeros((3000, 4000), np.uint8)) == []
    assert len(second_px) == MOST_WEAK
    whole_px = sum(scanned_px) + sum(second_px)
    scans = FIRST + len(detector.turns_deg) * TURNED + TILTED
    small_px = 3000 * 4000 * whole_scale(4000, 3000) ** 2
    most_px = scans * detector.smallest_px**2 + small_px + MOST_WEAK * SECOND_LOOK_PX**2
    # Strips overlap, and a border is added.
    assert most_px * (1 - WHOLE_PIXELS) < whole_px < 1.25 * most_px
    # Each weak find of the first and of the turned scan gets four at most: level, turned further
    # to either side, and by the tilt of its landmarks.
    assert set(closer_px) == {(2 * detector.closer_px) ** 2}
    assert len(closer_px) <= 8 * MOST_WEAK


def test_of_many_weak_finds_the_best_are_looked_at_again(finder: FaceFinder) -> None:
    sure_score = finder._detector.sure_score
    scores = [0.6, sure_score, *np.linspace(0.5, sure_score - 0.01, 2 * MOST_WEAK)]
    finds = [Find((50 * at, 50), 40, 0, 0, score, 40) for at, score in enumerate(scores)]
    kept = [find.score for find in finder._worth_a_look(finds)]
    assert len(kept) == 1 + MOST_WEAK
    assert kept == sorted(scores, reverse=True)[: 1 + MOST_WEAK]


def test_of_a_multitude_the_largest_are_taken(finder: FaceFinder) -> None:
    sides = np.random.default_rng(0).permutation(np.arange(20, 20 + 3 * MOST_SURE))
    finds = [Find((50 * at, 50), side, 0, 0, 0.95, 40) for at, side in enumerate(sides)]
    kept = {find.side for find in finder._worth_a_look(finds)}
    assert kept == set(sorted(sides)[-MOST_SURE:])


def test_an_empty_photo_has_no_faces(finder: FaceFinder) -> None:
    assert align_photo(np.full((300, 400), 128, np.uint8), finder, geometry=GEOMETRY) == []


def test_dogs_have_no_faces(
    shared_data: Path, finder: FaceFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    grey = cv2.imread(str(shared_data / "photos" / "dogs.jpg"), cv2.IMREAD_GRAYSCALE)
    assert finder.find_faces(np.asarray(grey, np.uint8)) == []
    # Asked twice, one detector is misled twice.
    monkeypatch.setattr(finder, "_second_detector", finder._detector)
    assert finder.find_faces(np.asarray(grey, np.uint8)) != []


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
    face = Face(BoundingBox(0, 0, 48, 48), landmarks, 0.0, FULL_FRAME)
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
    assert aligned.face.found_by in (FULL_FRAME, UNALIGNED)
    for largest in (2.0, 144.0):
        scale = scale_within(grey, budget_px=1_000_000, largest=largest)
        assert max(shape) * scale <= LONGEST_PX


# The head of the sample photo: the middle of the square in which it is found, and its side.
HEAD, HEAD_PX = (223, 123), 97


def framed(photo: np.ndarray, ratio: float, *, height_to_width: float = 1.0) -> np.ndarray:
    """Cut the head of the sample photo out with a frame `ratio` times as wide as the face."""
    room = 600
    wide = cv2.copyMakeBorder(photo, room, room, room, room, cv2.BORDER_CONSTANT, value=90)
    half = round(HEAD_PX * ratio / 2)
    tall = round(half * height_to_width)
    x, y = HEAD[0] + room, HEAD[1] + room
    return np.ascontiguousarray(wide[y - tall : y + tall, x - half : x + half])


def test_the_head_of_the_sample_is_where_these_tests_take_it_to_be(
    photo: np.ndarray, finder: FaceFinder
) -> None:
    (face,) = finder.find_faces(photo)
    middle = ((face.box.left + face.box.right) / 2, (face.box.top + face.box.bottom) / 2)
    assert math.dist(middle, HEAD) < 3
    assert face.box.width == pytest.approx(HEAD_PX, abs=3)


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


def _background(shared_data: Path, shape: tuple[int, int]) -> np.ndarray:
    """Cover a picture with one of dogs, which has no human face."""
    tile = cv2.imread(str(shared_data / "photos" / "dogs.jpg"), cv2.IMREAD_GRAYSCALE)
    times = [-(-side // tile_side) for side, tile_side in zip(shape, tile.shape, strict=True)]
    return np.tile(tile, times)[: shape[0], : shape[1]].copy()


@pytest.mark.parametrize(
    ("shape", "face_px"), [((1500, 2000), 26), ((3000, 4000), 36), ((6000, 8000), 54)]
)
def test_a_face_stays_found_when_picture_is_added_around_it(
    shape: tuple[int, int],
    face_px: int,
    photo: np.ndarray,
    shared_data: Path,
    finder: FaceFinder,
) -> None:
    scale = face_px / HEAD_PX
    face = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    picture = _background(shared_data, shape)
    for top, left in ((30, 40), (shape[0] // 2 + 5, shape[1] // 3)):
        picture[top : top + len(face), left : left + len(face)] = face
    boxes = [each.box for each in finder.find_faces(picture)]
    for top, left in ((30, 40), (shape[0] // 2 + 5, shape[1] // 3)):
        assert any(
            math.dist((box.left, box.top), (left + 175 * scale, top + 75 * scale)) < face_px / 2
            for box in boxes
        )


def test_a_small_face_is_found_beside_a_large_one(photo: np.ndarray, finder: FaceFinder) -> None:
    picture = np.full((3000, 4000), 128, np.uint8)
    near = cv2.resize(photo, (2600, 2600), interpolation=cv2.INTER_CUBIC)
    far = cv2.resize(photo, None, fx=40 / HEAD_PX, fy=40 / HEAD_PX, interpolation=cv2.INTER_AREA)
    picture[200:2800, 100:2700] = near
    picture[1000 : 1000 + len(far), 3200 : 3200 + len(far)] = far
    widths = [face.box.width for face in finder.find_faces(picture)]
    assert widths == [pytest.approx(97 * 2600 / 512, rel=0.1), pytest.approx(40, rel=0.15)]


@pytest.mark.parametrize("side", ["left", "top", "right", "bottom"])
@pytest.mark.parametrize("share", [0.1, 0.2, 0.3])
def test_a_face_stays_found_when_the_frame_cuts_it(
    share: float, side: str, photo: np.ndarray, finder: FaceFinder
) -> None:
    (whole,) = finder.find_faces(photo)
    box, off = whole.box, round(share * whole.box.width)
    picture = {
        "left": photo[:, box.left + off :],
        "top": photo[box.top + off :],
        "right": photo[:, : box.right - off],
        "bottom": photo[: box.bottom - off],
    }[side]
    (cut,) = finder.find_faces(np.ascontiguousarray(picture))
    assert cut.box.width == pytest.approx(box.width, rel=0.2)
