import math
from dataclasses import replace

import numpy as np
import pytest

from preprocessing.faces.detectors import load_detector
from preprocessing.faces.picture import Pyramid
from preprocessing.faces.refine import FURTHER_DEG, frame, look_closer
from preprocessing.faces.search import Candidate, scan
from preprocessing.faces.types import DetectorKind
from tests.tools.sample_photo import HEAD, HEAD_PX, turn

# A closer look frames a face to this share of its side: the detector's points wander so far.
FRAMED = 0.06
YUNET = load_detector(DetectorKind.YUNET)


@pytest.mark.parametrize("shift", [-0.25, 0.25])
@pytest.mark.parametrize("growth", [0.8, 1.2])
def test_a_closer_look_mends_a_bad_frame(shift: float, growth: float, photo: np.ndarray) -> None:
    picture = Pyramid(photo)
    (candidate,) = scan(YUNET, picture, threshold=YUNET.sure_score)
    good = look_closer(YUNET, picture, candidate)
    assert good is not None
    x, y = good.centre
    bad = replace(good, centre=(x + shift * good.side, y), side=growth * good.side, seen_px=24)
    mended = look_closer(YUNET, picture, bad)
    assert mended is not None
    assert math.dist(mended.centre, good.centre) < FRAMED * good.side
    assert mended.side == pytest.approx(good.side, rel=FRAMED)


def test_a_candidate_that_shows_no_face_from_near_gets_no_score(photo: np.ndarray) -> None:
    picture, detector = Pyramid(photo), YUNET
    weak = Candidate((420, 430), 40, 0, 0, detector.sure_score - 0.1, seen_px=30)
    assert look_closer(detector, picture, weak) is None
    assert frame(detector, picture, weak).score == 0
    # What was sure is kept as it was, and what is known to be a face likewise.
    sure = replace(weak, score=detector.sure_score)
    assert frame(detector, picture, sure) == sure
    assert frame(detector, picture, weak, is_crop=True) == weak


@pytest.mark.parametrize("angle_deg", [-40, 0, 40])
def test_a_face_tilted_further_than_thought_is_framed_at_its_tilt(
    angle_deg: int, photo: np.ndarray
) -> None:
    picture = Pyramid(turn(photo, -angle_deg))
    seen = Candidate(HEAD, HEAD_PX, 0, 0.4 * angle_deg, YUNET.least_score, seen_px=30)
    framed = frame(YUNET, picture, seen)
    assert framed.score > YUNET.likely_score
    assert abs(framed.roll_deg - angle_deg) < FURTHER_DEG
