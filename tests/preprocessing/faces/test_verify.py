from dataclasses import replace

import numpy as np
import pytest

from preprocessing.faces.detectors import load_detector
from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.landmarks import LANDMARK_SCHEMES
from preprocessing.faces.picture import Picture
from preprocessing.faces.types import BoundingBox, DetectorKind, Face, HeadPose
from preprocessing.faces.verify import Verifier

YUNET = load_detector(DetectorKind.YUNET)


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    return Verifier(YUNET, LANDMARK_SCHEMES["68"].geometry)


def _face(box: BoundingBox, *, score: float) -> Face:
    ahead = HeadPose(0.0, 0.0, 0.0)
    return Face(box, np.zeros((68, 2), np.float32), ahead, score, "detector")


def test_a_certain_face_needs_no_second_look(verifier: Verifier, photo: np.ndarray) -> None:
    nothing = Picture(np.zeros_like(photo))
    face = _face(BoundingBox(20, 20, 80, 80), score=YUNET.certain_score)
    assert verifier.is_face(face, nothing, scan_score=YUNET.certain_score)


def test_an_uncertain_face_must_be_seen_again(
    verifier: Verifier, photo: np.ndarray, finder: FaceFinder
) -> None:
    (face,) = finder.find_faces(Picture(photo))
    uncertain = replace(face, score=YUNET.likely_score)
    assert verifier.is_face(uncertain, Picture(photo), scan_score=YUNET.likely_score)
    noise = np.random.default_rng(0).integers(0, 256, photo.shape).astype(np.uint8)
    assert not verifier.is_face(uncertain, Picture(noise), scan_score=YUNET.sure_score)


def test_what_the_edge_cuts_is_certain_from_a_lower_score_on(
    verifier: Verifier, photo: np.ndarray
) -> None:
    nothing = Picture(np.zeros_like(photo))
    face = _face(BoundingBox(-30, 20, 70, 120), score=YUNET.cut_score)
    assert verifier.is_face(face, nothing, scan_score=YUNET.cut_score)
    assert YUNET.cut_score < YUNET.certain_score
