import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from preprocessing.faces import refine, verify
from preprocessing.faces.align import align_crops, align_photo
from preprocessing.faces.detector import Detection
from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.geometry import ChipGeometry
from preprocessing.faces.picture import Picture, Pyramid
from preprocessing.faces.proposals import FIRST, MOST_WEAK, RIGHT_ANGLE, TILTED, TURNED
from preprocessing.faces.search import LONGEST_PX, scale_within, turn_back, whole_scale
from preprocessing.faces.types import FULL_FRAME, UNALIGNED, Face
from preprocessing.faces.verify import SECOND_LOOK_PX
from preprocessing.images.decode import decode_image
from preprocessing.images.sample import sample_photo_path
from tests.tools.sample_photo import (
    HEAD,
    HEAD_PX,
    ROLL_DEG,
    TILE_PX,
    WANDERING_LEVELS,
    shrink,
    turn,
)

GEOMETRY = ChipGeometry()
# A scanned picture has whole sides, so that its area misses the budget by about this share.
WHOLE_PIXELS = 1e-3


def test_the_head_of_the_sample_is_where_these_tests_take_it_to_be(
    photo: np.ndarray, finder: FaceFinder
) -> None:
    (face,) = finder.find_faces(Picture(photo))
    middle = ((face.box.left + face.box.right) / 2, (face.box.top + face.box.bottom) / 2)
    assert math.dist(middle, HEAD) < 3
    assert face.box.width == pytest.approx(HEAD_PX, abs=3)


def test_each_of_many_small_faces_is_found(photo: np.ndarray, finder: FaceFinder) -> None:
    crowd = np.tile(shrink(photo), (4, 4))
    boxes = [face.box for face in finder.find_faces(Picture(crowd))]
    tiles = {(box.left // TILE_PX, box.top // TILE_PX) for box in boxes}
    assert len(boxes) == len(tiles) == 16
    assert max(box.width for box in boxes) < 26


def test_a_face_that_the_first_scan_misses_says_so(photo: np.ndarray, finder: FaceFinder) -> None:
    large = np.full((1600, 1600), 128, np.uint8)
    large[500:1012, 500:1012] = photo
    (face,) = finder.find_faces(Picture(large))
    assert face.found_by == "detector+larger"
    (face,) = finder.find_faces(Picture(np.rot90(large).copy()))
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
    rolls = [found.face.pose.roll_deg for found in (straight, aligned)]
    difference = (rolls[1] - rolls[0]) % 360
    assert difference == pytest.approx(angle_deg, abs=ROLL_DEG)
    assert np.abs(straight.chip.astype(int) - aligned.chip).mean() < WANDERING_LEVELS


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_small_faces_of_a_large_photo_that_lies_on_its_side_are_found(
    quarters: int, finder: FaceFinder
) -> None:
    sample = decode_image(sample_photo_path().read_bytes())
    scale = 75 / HEAD_PX
    face = cv2.resize(sample, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    picture = np.full((3000, 4000, 3), (120, 140, 90), np.uint8)
    for left in (500, 1700, 2900):
        picture[1000 : 1000 + len(face), left : left + len(face)] = face
    turned = np.ascontiguousarray(np.rot90(picture, -quarters))
    faces = finder.find_faces(Picture(turned))
    assert len(faces) == 3
    for found in faces:
        assert found.pose.roll_deg % 360 == pytest.approx(90 * quarters, abs=15)


@pytest.mark.parametrize("angle_deg", [-45, -40, -35, -30, 40, 75, 100, 170])
def test_a_tilted_face_that_fills_the_picture_is_landmarked_upright(
    angle_deg: int, photo: np.ndarray, finder: FaceFinder
) -> None:
    (straight,) = align_photo(photo, finder, geometry=GEOMETRY)
    head = turn(photo, -angle_deg)[2:242, 100:340]
    (tilted,) = align_photo(head, finder, geometry=GEOMETRY)
    rolls = [found.face.pose.roll_deg for found in (straight, tilted)]
    assert (rolls[1] - rolls[0]) % 360 == pytest.approx(angle_deg % 360, abs=ROLL_DEG)


@pytest.mark.parametrize("angle_deg", [25, 28, 30, 32, 34, 36, 38, 40, 42, 45])
def test_a_face_that_alone_is_tilted_is_landmarked_upright(
    angle_deg: int, photo: np.ndarray, finder: FaceFinder
) -> None:
    three = np.hstack([photo, turn(photo, -angle_deg), photo])
    straight, tilted, _ = align_photo(three, finder, geometry=GEOMETRY)
    # Seen in an upright scan, so that nothing but its landmarks told that it is tilted.
    assert "@" not in tilted.face.found_by
    rolls = [found.face.pose.roll_deg for found in (straight, tilted)]
    assert rolls[1] - rolls[0] == pytest.approx(angle_deg, abs=ROLL_DEG)
    assert np.abs(straight.chip.astype(int) - tilted.chip).mean() < WANDERING_LEVELS


def test_a_small_face_is_found_beside_a_large_one(photo: np.ndarray, finder: FaceFinder) -> None:
    picture = np.full((3000, 4000), 128, np.uint8)
    near = cv2.resize(photo, (2600, 2600), interpolation=cv2.INTER_CUBIC)
    far = cv2.resize(photo, None, fx=40 / HEAD_PX, fy=40 / HEAD_PX, interpolation=cv2.INTER_AREA)
    picture[200:2800, 100:2700] = near
    picture[1000 : 1000 + len(far), 3200 : 3200 + len(far)] = far
    widths = [face.box.width for face in finder.find_faces(Picture(picture))]
    assert widths == [pytest.approx(97 * 2600 / 512, rel=0.1), pytest.approx(40, rel=0.15)]


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
    boxes = [each.box for each in finder.find_faces(Picture(picture))]
    for top, left in ((30, 40), (shape[0] // 2 + 5, shape[1] // 3)):
        assert any(
            math.dist((box.left, box.top), (left + 175 * scale, top + 75 * scale)) < face_px / 2
            for box in boxes
        )


@pytest.mark.parametrize("side", ["left", "top", "right", "bottom"])
@pytest.mark.parametrize("share", [0.1, 0.2, 0.3])
def test_a_face_stays_found_when_the_frame_cuts_it(
    share: float, side: str, photo: np.ndarray, finder: FaceFinder
) -> None:
    (whole,) = finder.find_faces(Picture(photo))
    box, off = whole.box, round(share * whole.box.width)
    picture = {
        "left": photo[:, box.left + off :],
        "top": photo[box.top + off :],
        "right": photo[:, : box.right - off],
        "bottom": photo[: box.bottom - off],
    }[side]
    (cut,) = finder.find_faces(Picture(np.ascontiguousarray(picture)))
    assert cut.box.width == pytest.approx(box.width, rel=0.2)


def _compressed(photo: np.ndarray, _: list[Face]) -> np.ndarray:
    encoded = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, 10])[1]
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)


def _blurred(photo: np.ndarray, _: list[Face]) -> np.ndarray:
    return np.asarray(cv2.GaussianBlur(photo, (0, 0), 2), np.uint8)


def _masked(photo: np.ndarray, faces: list[Face]) -> np.ndarray:
    """Cover each face from the nose to the chin."""
    for face in faces:
        outline = face.landmarks[[*range(1, 16), 29]]
        photo = cv2.fillPoly(photo.copy(), [outline.astype(np.int32)], (235, 235, 235))
    return photo


def _lies_among(face: Face, others: list[Face]) -> bool:
    corner = (face.box.left, face.box.top)
    return any(
        math.dist(corner, (other.box.left, other.box.top)) < face.box.width / 3 for other in others
    )


@pytest.mark.parametrize("spoil", [_compressed, _blurred, _masked])
def test_faces_stay_found_where_dlibs_detector_sees_none(
    spoil: Callable[[np.ndarray, list[Face]], np.ndarray],
    shared_data: Path,
    finder: FaceFinder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    photo = decode_image((shared_data / "photos" / "2008_002470.jpg").read_bytes())
    faces = finder.find_faces(Picture(photo))
    assert len(faces) == 6
    spoiled = Picture(spoil(photo, faces))
    found = finder.find_faces(spoiled)
    assert all(_lies_among(face, found) for face in faces)
    blind = replace(finder._verifier._second_detector, detect=lambda *_: [])
    monkeypatch.setattr(finder._verifier, "_second_detector", blind)
    assert len(finder.find_faces(spoiled)) >= 5


def _noisy(photo: np.ndarray, _: list[Face]) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 15, photo.shape)
    return np.clip(0.5 * photo + noise, 0, 255).astype(np.uint8)


def _foggy(photo: np.ndarray, _: list[Face]) -> np.ndarray:
    return (0.2 * photo + 160).astype(np.uint8)


def _lit_from_behind(photo: np.ndarray, faces: list[Face]) -> np.ndarray:
    """Darken each head, and brighten all that is around."""
    heads = np.zeros(photo.shape[:2], np.float32)
    for face in faces:
        x, y = (face.box.left + face.box.right) // 2, (face.box.top + face.box.bottom) // 2
        half_axes = (round(0.6 * face.box.width), round(0.85 * face.box.width))
        cv2.ellipse(heads, (x, y), half_axes, 0, 0, 360, 1, -1)
    dark = cv2.GaussianBlur(heads, (0, 0), 8)[..., None]
    bright = np.minimum(255.0, photo + 100.0)
    return (dark * 0.15 * photo + (1 - dark) * bright).astype(np.uint8)


@pytest.mark.parametrize("spoil", [_noisy, _foggy, _lit_from_behind])
def test_more_faces_are_found_in_a_poor_picture_once_it_is_mended(
    spoil: Callable[[np.ndarray, list[Face]], np.ndarray],
    shared_data: Path,
    finder: FaceFinder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    photo = decode_image((shared_data / "photos" / "2007_007763.jpg").read_bytes())
    faces = finder.find_faces(Picture(photo))
    spoiled = Picture(spoil(photo, faces))
    found = finder.find_faces(spoiled)
    assert all(_lies_among(face, faces) for face in found)
    for module in (refine, verify):
        monkeypatch.setattr(module, "MENDS", ())
    assert len(finder.find_faces(spoiled)) < len(found)


@pytest.mark.parametrize("spoil", [_noisy, _foggy])
def test_dogs_in_poor_pictures_have_no_faces(
    spoil: Callable[[np.ndarray, list[Face]], np.ndarray], shared_data: Path, finder: FaceFinder
) -> None:
    photo = decode_image((shared_data / "photos" / "dogs.jpg").read_bytes()).copy()
    photo[450:520, 55:115] = 20  # the print of a man's face
    assert finder.find_faces(Picture(spoil(photo, []))) == []


def test_a_corner_and_its_mirror_image_are_no_face(finder: FaceFinder, photo: np.ndarray) -> None:
    (whole,) = finder.find_faces(Picture(photo))
    left, top = whole.box.left + whole.box.width // 2, whole.box.top + whole.box.height // 2
    assert finder.find_faces(Picture(np.ascontiguousarray(photo[top:, left:]))) == []


def test_an_empty_photo_has_no_faces(finder: FaceFinder) -> None:
    assert align_photo(np.full((300, 400), 128, np.uint8), finder, geometry=GEOMETRY) == []


def test_dogs_have_no_faces(
    shared_data: Path, finder: FaceFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    grey = cv2.imread(str(shared_data / "photos" / "dogs.jpg"), cv2.IMREAD_GRAYSCALE)
    # On the floor lies a print with a man's face, on its side, which is found.
    grey[450:520, 55:115] = 20
    assert finder.find_faces(Picture(np.asarray(grey, np.uint8))) == []
    # Asked twice, one detector is misled twice.
    monkeypatch.setattr(finder._verifier, "_second_detector", finder._detector)
    assert finder.find_faces(Picture(np.asarray(grey, np.uint8))) != []


def test_the_worst_picture_keeps_to_the_budget_of_all_scans(
    finder: FaceFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where all candidates are weak, small and tilted, the search takes its costliest way."""
    detector, verifier = finder._detector, finder._verifier
    scanned_px, closer_px, second_px = [], [], []

    def see_many(grey: np.ndarray, least_score: float) -> list[Detection]:
        if least_score == detector.crop_score:
            closer_px.append(grey.size)
            middle = (detector.closer_px - 0.5, detector.closer_px - 0.5)
            return [Detection(middle, detector.closer_px, 0.0, detector.closer_score)]
        scanned_px.append(grey.size)
        height, width = grey.shape
        side, score = detector.smallest_px, detector.likely_score
        return [
            Detection((x, y), side, 30.0, score)
            for x in range(side // 2, width, side)
            for y in range(side // 2, height, side)
        ]

    def see_none(grey: np.ndarray, _: float) -> list[Detection]:
        second_px.append(grey.size)
        return []

    seen_many = replace(detector, detect=see_many)
    for part in (finder, finder._landmarker, verifier):
        monkeypatch.setattr(part, "_detector", seen_many)
    second = replace(verifier._second_detector, detect=see_none)
    monkeypatch.setattr(verifier, "_second_detector", second)
    grey = np.zeros((3000, 4000), np.uint8)
    assert finder.find_faces(Picture(grey)) == []
    assert len(second_px) == MOST_WEAK
    whole_px = sum(scanned_px) + sum(second_px)
    right_angles = sum(angle_deg % 90 == 0 for angle_deg in detector.turns_deg)
    scans = FIRST + len(detector.turns_deg) * TURNED + right_angles * RIGHT_ANGLE + TILTED
    small_px = 3000 * 4000 * whole_scale(detector, Pyramid(grey)) ** 2
    most_px = scans * detector.smallest_px**2 + small_px + MOST_WEAK * SECOND_LOOK_PX**2
    # Strips overlap, and a border is added.
    assert most_px * (1 - WHOLE_PIXELS) < whole_px < 1.25 * most_px
    # Each weak candidate of the first and of the turned scan gets four at most: level, turned
    # further to either side, and by the tilt of its landmarks.
    assert set(closer_px) == {(2 * detector.closer_px) ** 2}
    assert len(closer_px) <= 8 * MOST_WEAK


@pytest.mark.parametrize("shape", [(1, 60_000), (60_000, 1), (96, 110_000)])
def test_a_picture_of_one_long_row_is_looked_at_within_bounds(
    shape: tuple[int, int], finder: FaceFinder
) -> None:
    grey = np.zeros(shape, np.uint8)
    assert align_photo(grey, finder, geometry=GEOMETRY) == []
    (aligned,) = align_crops([grey], finder, geometry=GEOMETRY)
    assert aligned.face.found_by in (FULL_FRAME, UNALIGNED)
    for largest in (2.0, 144.0):
        scale = scale_within(Pyramid(grey), budget_px=1_000_000, largest=largest)
        assert max(shape) * scale <= LONGEST_PX
