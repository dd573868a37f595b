"""Propose where a photo may show faces: which scans are made, and what ends them."""

import math
from collections.abc import Sequence

from preprocessing.faces.detector import Detector
from preprocessing.faces.picture import Pyramid
from preprocessing.faces.search import (
    Candidate,
    merge,
    promised_px,
    scale_within,
    scan,
    whole_scale,
)

# The most pixels that one scan looks at, in squares of the smallest face that the detector finds
# dependably. A picture without a face costs FIRST, SECOND where it is small or else the scan for
# small faces (`whole_scale`), and TURNED for each turn, or RIGHT_ANGLE for those by a right angle,
# which cameras make: photos of groups come turned so, without saying it.
FIRST = 160
SECOND = 400
TURNED = 250
RIGHT_ANGLE = 1600
TILTED = 640
CROWD = 800
# Enlarging shows no more than there is, but the detector may need it. Turned scans are many, and
# enlarged by more than this they only see turned faces of less than 24 px better.
LARGEST_SCALE = 2.0
LARGEST_TURNED_SCALE = 1.5
# A scan at a scale that is larger by less than this shows nothing new.
MUCH_LARGER = 1.2
# Pixels of a scanned picture that are mirrored outwards at its edges. Of the annotated faces
# with 10, 20, 30 and 40 % of their box cut off, scans see 99, 99, 94 and 79 %.
BORDER_PX = 32
# The best uncertain candidates that are looked at again: in a crowd of small, tilted faces nearly
# all are uncertain.
MOST_WEAK = 200
# The largest sure candidates that get landmarks; MOST_IN_FILLED of a picture that is filled with
# more than FILLED of them, as only made ones are.
MOST_SURE = 300
FILLED = 1000
MOST_IN_FILLED = 120
# Where a face is seen that is larger than the smallest by less than this, others may be missed.
NEAR_LIMIT = 1.5


def searched_down_to_px(detector: Detector, width: int, height: int) -> int:
    """Return how wide a face must be to be found in a photo of a size, in its pixels."""
    if detector.searches_whole:
        return round(promised_px(width, height))
    first = math.sqrt(budget_px(detector, FIRST) / (width * height))
    return math.ceil(detector.smallest_px / min(LARGEST_SCALE, first))


def propose(detector: Detector, picture: Pyramid) -> list[Candidate]:
    """Scan a photo at two scales, and in other ways until a face is certain.

    The small scale, of `FIRST`, shows large faces, and `whole_scale` small ones. Small pictures are
    enlarged: to `CROWD` where small faces are seen, to `SECOND` where no face is sure. Where none
    is certain yet, the picture is turned.

    Returns:
        The candidates of the angle at which the surest was seen, one for each face.
    """
    best, scale = _propose_at_two_scales(detector, picture)
    is_certain = _best_score(best) >= detector.certain_score
    # No more are looked at; but a crowd that lies on its side shows as many uncertain ones.
    if is_certain and len(best) > MOST_SURE + MOST_WEAK:
        return best
    likely = [candidate for candidate in best if candidate.score >= detector.likely_score]
    near_px = NEAR_LIMIT * detector.smallest_px
    if any(candidate.seen_px < near_px for candidate in likely):
        best = _with_larger(detector, best, picture, budget=CROWD, than=scale)
    elif not _has_sure(detector, best):
        best = _with_larger(detector, best, picture, budget=SECOND, than=scale)
    for angle_deg in detector.turns_deg:
        # In colour YuNet takes faces that stand on their heads for upright ones, and scores them up
        # to 0.89.
        if _best_score(best) >= detector.certain_score:
            break
        turned = _scan_turned(detector, picture, angle_deg=angle_deg, budget=TURNED)
        if angle_deg % 90 == 0:
            turned = merge(turned + _scan_right_angle(detector, picture, angle_deg=angle_deg))
        best = max(best, turned, key=_best_score)
    return best


def propose_tilted(detector: Detector, picture: Pyramid, *, angle_deg: float) -> list[Candidate]:
    """Scan a photo once more, turned back by the angle at which its faces are tilted."""
    return _scan_turned(detector, picture, angle_deg=angle_deg, budget=TILTED)


def is_sure(detector: Detector, candidate: Candidate) -> bool:
    """Return whether a candidate is a face as far as the search goes."""
    return candidate.score >= detector.sure_score


def most_promising(detector: Detector, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the largest sure candidates and the best `MOST_WEAK` others, best first.

    That bounds the time that a picture can take: `MOST_SURE` are taken, or `MOST_IN_FILLED`.
    """
    sure = [candidate for candidate in candidates if is_sure(detector, candidate)]
    weak = [candidate for candidate in candidates if not is_sure(detector, candidate)]
    most_sure = MOST_SURE if len(sure) <= FILLED else MOST_IN_FILLED
    largest = sorted(sure, key=lambda candidate: -candidate.side)[:most_sure]
    best = sorted(weak, key=lambda candidate: -candidate.score)[:MOST_WEAK]
    return sorted(largest + best, key=lambda candidate: -candidate.score)


def _propose_at_two_scales(detector: Detector, picture: Pyramid) -> tuple[list[Candidate], float]:
    """Scan for large faces, then for small ones; return all candidates and the larger scale."""
    most_px = budget_px(detector, FIRST)
    first = scale_within(picture, budget_px=most_px, largest=LARGEST_SCALE)
    candidates = _scan_upright(detector, picture, scale=first)
    whole = whole_scale(detector, picture)
    if not detector.searches_whole or whole <= first:
        return candidates, first
    larger = _scan_upright(detector, picture, scale=whole, is_larger=True)
    return merge(candidates + larger), whole


def _with_larger(
    detector: Detector, candidates: list[Candidate], picture: Pyramid, *, budget: int, than: float
) -> list[Candidate]:
    """Scan once more where that can be at a larger scale, and join the candidates."""
    most_px = budget_px(detector, budget)
    scale = scale_within(picture, budget_px=most_px, largest=LARGEST_SCALE)
    if scale <= MUCH_LARGER * than:
        return candidates
    return merge(candidates + _scan_upright(detector, picture, scale=scale, is_larger=True))


def _scan_upright(
    detector: Detector, picture: Pyramid, *, scale: float, is_larger: bool = False
) -> list[Candidate]:
    return scan(
        detector,
        picture,
        scale=scale,
        border_px=BORDER_PX,
        threshold=detector.least_score,
        is_larger=is_larger,
    )


def _scan_right_angle(detector: Detector, picture: Pyramid, *, angle_deg: float) -> list[Candidate]:
    """Scan for smaller faces, where that can be at a larger scale."""
    most_px = budget_px(detector, RIGHT_ANGLE)
    largest = whole_scale(detector, picture)
    scale = scale_within(picture, angle_deg=angle_deg, budget_px=most_px, largest=largest)
    than = _turned_scale(detector, picture, angle_deg=angle_deg, budget=TURNED)
    if not detector.searches_whole or scale <= MUCH_LARGER * than:
        return []
    return scan(detector, picture, angle_deg=angle_deg, scale=scale, threshold=detector.least_score)


def _turned_scale(detector: Detector, picture: Pyramid, *, angle_deg: float, budget: int) -> float:
    most_px = budget_px(detector, budget)
    return scale_within(
        picture, angle_deg=angle_deg, budget_px=most_px, largest=LARGEST_TURNED_SCALE
    )


def _scan_turned(
    detector: Detector, picture: Pyramid, *, angle_deg: float, budget: int
) -> list[Candidate]:
    scale = _turned_scale(detector, picture, angle_deg=angle_deg, budget=budget)
    return scan(detector, picture, angle_deg=angle_deg, scale=scale, threshold=detector.least_score)


def budget_px(detector: Detector, budget: int) -> int:
    """Return how many pixels a budget is, such as `FIRST`."""
    return budget * detector.smallest_px**2


def _has_sure(detector: Detector, candidates: Sequence[Candidate]) -> bool:
    return any(is_sure(detector, candidate) for candidate in candidates)


def _best_score(candidates: Sequence[Candidate]) -> float:
    return max((candidate.score for candidate in candidates), default=-math.inf)
