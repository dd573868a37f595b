import numpy as np
import pytest

from preprocessing.faces.align import align_photo
from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.geometry import apply_transform
from preprocessing.faces.landmarks import LANDMARK_SCHEMES, LandmarkScheme, scheme_of
from preprocessing.faces.picture import Picture
from preprocessing.faces.types import DetectorKind

# The models were trained on other people's clicks; the chips they cut agree to this.
SCHEMES_AGREE_PX = 1.5
BOXES_AGREE_IOU = 0.5
STRAIGHT_DEG = 5
# Side of a part of the photo with the face, and with room around it.
NEAR_PX = 280


@pytest.mark.parametrize("scheme", LANDMARK_SCHEMES.values(), ids=str)
def test_each_model_finds_the_landmarks_it_promises(
    scheme: LandmarkScheme, photo: np.ndarray
) -> None:
    (face,) = FaceFinder(scheme).find_faces(Picture(photo))
    assert face.landmarks.shape == (scheme.count, 2)
    image_left = face.landmarks[list(scheme.eye_image_left)].mean(axis=0)
    image_right = face.landmarks[list(scheme.eye_image_right)].mean(axis=0)
    nose = face.landmarks[list(scheme.nose)].mean(axis=0)
    assert image_left[0] < nose[0] < image_right[0]
    assert max(image_left[1], image_right[1]) < nose[1]
    assert abs(face.pose.roll_deg) < STRAIGHT_DEG
    assert scheme_of(scheme.file.sha256) is scheme


@pytest.mark.parametrize("name", ["5", "yunet"])
def test_all_models_cut_nearly_the_same_chip(name: str, photo: np.ndarray) -> None:
    one, other = (
        align_photo(photo, FaceFinder(scheme), geometry=scheme.geometry)[0]
        for scheme in (LANDMARK_SCHEMES["68"], LANDMARK_SCHEMES[name])
    )
    box = one.face.box
    corners = np.array([[box.left, box.top], [box.right, box.bottom]], float)
    moved_px = apply_transform(one.transform, corners) - apply_transform(other.transform, corners)
    assert np.linalg.norm(moved_px, axis=1).max() < SCHEMES_AGREE_PX


@pytest.mark.slow
@pytest.mark.parametrize("kind", [DetectorKind.HOG, DetectorKind.CNN])
def test_every_detector_finds_the_same_face(
    kind: DetectorKind, photo: np.ndarray, finder: FaceFinder
) -> None:
    # dlib's CNN takes seconds for the whole photo.
    picture = Picture(photo[:NEAR_PX, 60 : 60 + NEAR_PX])
    (one,) = finder.find_faces(picture)
    (other,) = FaceFinder(detector=kind).find_faces(picture)
    width = min(one.box.right, other.box.right) - max(one.box.left, other.box.left)
    height = min(one.box.bottom, other.box.bottom) - max(one.box.top, other.box.top)
    both = width * height
    union = one.box.width * one.box.height + other.box.width * other.box.height - both
    assert both / union > BOXES_AGREE_IOU
    eyes = [face.landmarks[36:48].mean(axis=0) for face in (one, other)]
    assert np.linalg.norm(eyes[0] - eyes[1]) < one.box.width / 20
