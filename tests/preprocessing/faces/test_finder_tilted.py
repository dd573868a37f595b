import cv2
import numpy as np
import pytest

from preprocessing.faces.align import align_photo
from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.geometry import ChipGeometry
from preprocessing.faces.picture import Picture
from preprocessing.faces.search import turn_back
from preprocessing.images.decode import decode_image
from preprocessing.images.sample import sample_photo_path
from tests.tools.sample_photo import HEAD_PX, ROLL_DEG, WANDERING_LEVELS, turn

GEOMETRY = ChipGeometry()


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
