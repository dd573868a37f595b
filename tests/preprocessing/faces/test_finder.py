import math
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from preprocessing.faces.align import align_crops, align_photo
from preprocessing.faces.detector import Detection
from preprocessing.faces.finder import MOST_IN_VAIN, FaceFinder
from preprocessing.faces.geometry import ChipGeometry
from preprocessing.faces.picture import Picture, Pyramid
from preprocessing.faces.proposals import FIRST, MOST_WEAK, RIGHT_ANGLE, TILTED, TURNED
from preprocessing.faces.search import LONGEST_PX, scale_within, whole_scale
from preprocessing.faces.types import FULL_FRAME, UNALIGNED
from preprocessing.faces.verify import SECOND_LOOK_PX
from tests.tools.sample_photo import (
    HEAD,
    HEAD_PX,
    TILE_PX,
    shrink,
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
        seen = [
            Detection((x, y), side, 30.0, score)
            for x in range(side // 2, width, side)
            for y in range(side // 2, height, side)
        ]
        return seen[: MOST_WEAK // 2]  # with more in all strips the search would end sooner

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
    assert len(second_px) == MOST_IN_VAIN
    whole_px = sum(scanned_px) + sum(second_px)
    right_angles = sum(angle_deg % 90 == 0 for angle_deg in detector.turns_deg)
    scans = FIRST + len(detector.turns_deg) * TURNED + right_angles * RIGHT_ANGLE + TILTED
    small_px = 3000 * 4000 * whole_scale(detector, Pyramid(grey)) ** 2
    most_px = scans * detector.smallest_px**2 + small_px + MOST_IN_VAIN * SECOND_LOOK_PX**2
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
