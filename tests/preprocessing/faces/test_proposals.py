from dataclasses import replace

import numpy as np
import pytest

from preprocessing.faces.detector import Detection
from preprocessing.faces.detectors import load_detector
from preprocessing.faces.picture import Pyramid
from preprocessing.faces.proposals import (
    FILLED,
    MOST_IN_FILLED,
    MOST_SURE,
    MOST_WEAK,
    most_promising,
    propose,
    searched_down_to_px,
)
from preprocessing.faces.search import Candidate
from preprocessing.faces.types import DetectorKind
from preprocessing.images.decode import decode_image
from serving.web.samples import sample_bytes

YUNET = load_detector(DetectorKind.YUNET)
MOST = MOST_SURE + MOST_WEAK


def test_the_best_of_many_uncertain_candidates_are_looked_at_again() -> None:
    scores = [0.6, YUNET.sure_score, *np.linspace(0.5, YUNET.sure_score - 0.01, 2 * MOST_WEAK)]
    candidates = [Candidate((50 * at, 50), 40, 0, 0, score, 40) for at, score in enumerate(scores)]
    kept = [candidate.score for candidate in most_promising(YUNET, candidates)]
    assert len(kept) == 1 + MOST_WEAK
    assert kept == sorted(scores, reverse=True)[: 1 + MOST_WEAK]


@pytest.mark.parametrize(("sure", "taken"), [(FILLED, MOST_SURE), (FILLED + 1, MOST_IN_FILLED)])
def test_the_largest_of_very_many_sure_candidates_are_taken(sure: int, taken: int) -> None:
    sides = np.random.default_rng(0).permutation(np.arange(20, 20 + sure))
    candidates = [Candidate((50 * at, 50), side, 0, 0, 0.95, 40) for at, side in enumerate(sides)]
    kept = {candidate.side for candidate in most_promising(YUNET, candidates)}
    assert kept == set(sorted(sides)[-taken:])


@pytest.mark.parametrize(
    ("width", "height", "least_px"),
    [(640, 480, 24), (2000, 1500, 24), (4000, 3000, 32), (8000, 6000, 43)],
)
def test_a_photo_is_searched_down_to_what_is_promised(
    width: int, height: int, least_px: int
) -> None:
    assert searched_down_to_px(YUNET, width, height) == least_px


def test_dlibs_detector_sees_smaller_faces_in_small_photos_which_are_enlarged() -> None:
    hog = load_detector(DetectorKind.HOG)
    assert searched_down_to_px(hog, 200, 150) == 40
    assert searched_down_to_px(hog, 4000, 3000) > searched_down_to_px(hog, 2000, 1500) > 80


def test_where_no_face_is_certain_the_photo_is_turned(photo: np.ndarray) -> None:
    upside_down = np.ascontiguousarray(photo[::-1, ::-1])
    assert {candidate.scan_deg for candidate in propose(YUNET, Pyramid(photo))} == {0}
    assert {candidate.scan_deg for candidate in propose(YUNET, Pyramid(upside_down))} == {180}


def scans_of(count: int, score: float) -> int:
    """Return how many scans a picture takes in each of which so many candidates are seen."""
    scans = []

    def detect(image: np.ndarray, _least_score: float) -> list[Detection]:
        scans.append(image.shape)
        places = (divmod(at, 99) for at in range(count))
        return [Detection((40 + 3 * x, 40 + 3 * y), 1, 0, score=score) for y, x in places]

    propose(replace(YUNET, detect=detect), Pyramid(np.zeros((200, 500), np.uint8)))
    return len(scans)


def test_a_picture_with_more_candidates_than_are_looked_at_is_scanned_no_further() -> None:
    certain = YUNET.certain_score
    assert scans_of(MOST + 1, certain) == 2
    assert scans_of(MOST // 2, certain) > 2


def test_a_picture_with_many_candidates_of_which_none_is_certain_is_turned() -> None:
    # As of a crowd that lies on its side.
    assert scans_of(MOST + 1, YUNET.certain_score - 0.01) > len(YUNET.turns_deg)


def test_a_face_on_its_head_that_is_sure_all_the_same_does_not_end_the_search() -> None:
    group = decode_image(sample_bytes("group"))
    upside_down = Pyramid(np.ascontiguousarray(group[::-1, ::-1]))
    mistaken = propose(replace(YUNET, turns_deg=()), upside_down)
    assert mistaken
    # In other photos such faces get up to 0.89.
    lenient = replace(YUNET, sure_score=max(candidate.score for candidate in mistaken))
    turned = propose(lenient, upside_down)
    assert {candidate.scan_deg for candidate in turned} == {180}
    assert len(turned) == 3
