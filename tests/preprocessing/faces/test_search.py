import numpy as np
import pytest

from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.picture import Pyramid
from preprocessing.faces.search import Candidate, merge, scale_within, scan, turn_back
from tests.tools.sample_photo import shrink


@pytest.mark.parametrize("step", [1, -1], ids=["photo", "mirrored"])
def test_the_detector_sees_a_face_of_its_smallest_size(
    step: int, photo: np.ndarray, finder: FaceFinder
) -> None:
    detector = finder._detector
    small = shrink(photo[:, ::step])
    (candidate,) = scan(detector, Pyramid(small), threshold=detector.likely_score)
    assert candidate.side == pytest.approx(detector.smallest_px, rel=0.1)


def test_two_finds_of_one_face_are_merged() -> None:
    sure, unsure = Candidate((50, 50), 40, 0, 0, 2.0, 40), Candidate((58, 45), 50, 30, 30, 1.0, 50)
    neighbour = Candidate((95, 50), 40, 0, 0, 0.5, 40)
    assert merge([unsure, neighbour, sure]) == [sure, neighbour]


def test_a_scan_keeps_to_its_budget(photo: np.ndarray) -> None:
    for angle_deg in (0, 45, 90):
        scale = scale_within(Pyramid(photo), angle_deg=angle_deg, budget_px=100_000, largest=2)
        _, (width, height) = turn_back(*photo.shape[::-1], angle_deg=angle_deg)
        assert width * height * scale**2 == pytest.approx(100_000, rel=0.01)
    assert scale_within(Pyramid(photo), budget_px=10**9, largest=2) == 2
