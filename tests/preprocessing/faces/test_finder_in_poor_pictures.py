import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from preprocessing.faces import finder as finding
from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.picture import Picture
from preprocessing.faces.types import Face
from preprocessing.images.decode import decode_image, to_grey


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


def test_faces_are_found_in_the_dark(shared_data: Path, finder: FaceFinder) -> None:
    photo = decode_image((shared_data / "photos" / "2008_002470.jpg").read_bytes())
    faces = finder.find_faces(Picture(photo))
    found = finder.find_faces(Picture(_dark(photo, faces)))
    assert len(found) == len(faces) == 6
    assert all(_lies_among(face, found) for face in faces)


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


def _dark(photo: np.ndarray, _: list[Face]) -> np.ndarray:
    return (0.04 * photo).astype(np.uint8)


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
    with monkeypatch.context() as patch:
        patch.setattr(finding, "MENDS", ())
        as_they_are = finder.find_faces(spoiled)
    assert len(as_they_are) < len(found)
    # Where more are uncertain than may be mended, none is.
    monkeypatch.setattr(finding, "MOST_MENDED", 0)
    assert len(finder.find_faces(spoiled)) == len(as_they_are)


def _blotched(photo: np.ndarray, _: list[Face]) -> np.ndarray:
    """Add blotches to the colours, as a camera does in the dark, and none to the grey levels."""
    ycrcb = cv2.cvtColor(photo, cv2.COLOR_RGB2YCrCb).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 1, (*photo.shape[:2], 2)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), 2)
    ycrcb[..., 1:] += 30 * noise / noise.std()
    blotched = np.clip(ycrcb, 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(blotched, cv2.COLOR_YCrCb2RGB), np.uint8)


def _in_night_vision(photo: np.ndarray, _: list[Face]) -> np.ndarray:
    grey = to_grey(photo) + np.random.default_rng(0).normal(0, 15, photo.shape[:2])
    return np.clip(grey[..., None] * (0.1, 1, 0.1), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("spoil", [_blotched, _in_night_vision])
def test_faces_are_found_where_colours_say_nothing(
    spoil: Callable[[np.ndarray, list[Face]], np.ndarray], shared_data: Path, finder: FaceFinder
) -> None:
    photo = decode_image((shared_data / "photos" / "2008_002470.jpg").read_bytes())
    faces = finder.find_faces(Picture(photo))
    found = finder.find_faces(Picture(spoil(photo, faces)))
    assert len(found) == len(faces)
    assert all(_lies_among(face, found) for face in faces)


@pytest.mark.parametrize("spoil", [_noisy, _foggy, _dark, _blotched, _in_night_vision])
def test_dogs_in_poor_pictures_have_no_faces(
    spoil: Callable[[np.ndarray, list[Face]], np.ndarray], shared_data: Path, finder: FaceFinder
) -> None:
    photo = decode_image((shared_data / "photos" / "dogs.jpg").read_bytes()).copy()
    photo[450:520, 55:115] = 20  # the print of a man's face
    assert finder.find_faces(Picture(spoil(photo, []))) == []
