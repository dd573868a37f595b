from dataclasses import replace

import numpy as np
import pytest

from preprocessing.faces.detector import Detection
from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.picture import Pyramid
from preprocessing.faces.search import (
    MOST_SEEN,
    Candidate,
    merge,
    scale_within,
    scan,
    turn_back,
    whole_scale,
)
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


def test_of_thousands_of_candidates_the_best_of_each_face_are_kept() -> None:
    rng = np.random.default_rng(0)
    numbers = zip(rng.uniform(0, 900, (1_000, 2)), rng.uniform(1, 90, 1_000), strict=True)
    candidates = [
        Candidate(tuple(centre), side, 0, 0, score=round(side / 7) % 10, seen_px=40)
        for centre, side in numbers
    ]
    expected: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda candidate: -candidate.score):
        apart = [np.subtract(candidate.centre, each.centre) for each in expected]
        if all(
            np.hypot(*way) >= max(candidate.side, each.side) / 2
            for way, each in zip(apart, expected, strict=True)
        ):
            expected.append(candidate)
    assert merge(candidates) == expected
    assert merge([]) == []


@pytest.mark.parametrize(("a_strip", "looked_at"), [(MOST_SEEN // 2, 2), (2 * MOST_SEEN, 1)])
def test_a_scan_ends_after_the_strip_in_which_it_has_seen_very_many_faces(
    a_strip: int, looked_at: int, finder: FaceFinder
) -> None:
    looks = []

    def detect(image: np.ndarray, _least_score: float) -> list[Detection]:
        looks.append(image.shape)
        middle = Detection((image.shape[1] / 2, image.shape[0] / 2), 40, 0, score=0.9)
        return [middle] * a_strip

    detector = replace(finder._detector, detect=detect)
    candidates = scan(detector, Pyramid(np.zeros((9_000, 1_000), np.uint8)), threshold=0.5)
    assert len(looks) == looked_at
    assert len(candidates) == looked_at * a_strip


def test_a_scan_keeps_to_its_budget(photo: np.ndarray) -> None:
    for angle_deg in (0, 45, 90):
        scale = scale_within(Pyramid(photo), angle_deg=angle_deg, budget_px=100_000, largest=2)
        _, (width, height) = turn_back(*photo.shape[::-1], angle_deg=angle_deg)
        assert width * height * scale**2 == pytest.approx(100_000, rel=0.01)
    assert scale_within(Pyramid(photo), budget_px=10**9, largest=2) == 2


@pytest.mark.parametrize("side", [6000, 8000])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_photo_that_was_read_reduced_is_searched_for_faces_as_small(
    channels: int, side: int, finder: FaceFinder
) -> None:
    whole = np.broadcast_to(np.uint8(0), (side, side, 3)[: 2 + channels // 3])
    reduced = Pyramid(whole[::2, ::2], reduction=2)
    scales = [whole_scale(finder._detector, each) for each in (Pyramid(whole), reduced)]
    assert scales[1] == pytest.approx(2 * scales[0])
