"""Tell faces from false alarms: what is not certain must be seen again, in another way."""

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from preprocessing.faces.detector import Detector
from preprocessing.faces.detectors import load_detector
from preprocessing.faces.geometry import ChipGeometry, fit_landmarks
from preprocessing.faces.mend import Mend, as_it_is
from preprocessing.faces.picture import Picture, Pyramid
from preprocessing.faces.refine import seen_in_the_middle, to_square
from preprocessing.faces.search import candidate_of, scan, seen_by
from preprocessing.faces.types import BoundingBox, DetectorKind, Face

# A candidate that is not certain is looked at again at this size.
SECOND_LOOK_PX, SECOND_LOOK_MARGIN = 200, 0.35
# The score that one needs then which is doubtful, whatever detector found it.
DOUBTFUL_LOOK_SCORE = 0.6
# One that was sure in a scan may instead be seen again at the first of these sizes, as it is and
# mirrored; one that was nearly sure at both. Mended pictures are looked at so too.
SHRUNK_PX = (48, 32)
# dlib's detector sees no face where the picture's edge cuts off this fraction of it.
CUT_FRACTION = 0.05
# Where more than this lies outside, the mirror image made the face: a dim corner and its reflection
# scored 0.89. Of the annotated faces with 40 % cut off at a side none is lost by it.
MOST_OUTSIDE = 0.55


class Verifier:
    """Looks again at each face that is not certain: shrunk, with dlib's detector, mended."""

    def __init__(self, detector: Detector, geometry: ChipGeometry) -> None:
        """Load dlib's detector, to look with it at what another has found.

        Args:
            detector: The one that found the faces.
            geometry: How faces are aligned by their landmarks.
        """
        self._detector = detector
        self._second_detector = load_detector(DetectorKind.HOG)
        self._geometry = replace(geometry, size_px=SECOND_LOOK_PX, margin=SECOND_LOOK_MARGIN)

    def is_face(
        self, face: Face, picture: Picture, *, scan_score: float, mends: Sequence[Mend] = ()
    ) -> bool:
        """Return whether what was found in a photo is a face: certain, or seen again.

        Args:
            face: The face with its landmarks, and the score that it has after closer looks.
            picture: The upright photo.
            scan_score: The score in the scan that found it.
            mends: What is tried where it is not seen again as it is.
        """
        detector = self._detector
        outside = _outside_fraction(face.box, picture.grey)
        if outside > MOST_OUTSIDE:
            return False
        is_cut = outside >= CUT_FRACTION
        if face.score >= (detector.cut_score if is_cut else detector.certain_score):
            return True
        # The quickest look first.
        return (
            self._is_seen_shrunk(picture, face, scan_score=scan_score)
            or self._is_seen_aligned(picture, face, is_cut=is_cut)
            or self._is_seen_mended(picture, face, scan_score=scan_score, mends=mends)
        )

    def _is_seen_aligned(self, picture: Picture, face: Face, *, is_cut: bool) -> bool:
        """Look with dlib's detector at the face aligned by its landmarks."""
        transform, _ = fit_landmarks(face.landmarks, self._geometry)
        outside = cv2.BORDER_REFLECT_101
        patch = picture.grey.sample(transform, size_px=SECOND_LOOK_PX, outside=outside)
        detector = self._detector
        # dlib's detector sees little of a face that the edge cuts.
        is_doubtful = face.score < detector.doubtful_score and not is_cut
        least_score = DOUBTFUL_LOOK_SCORE if is_doubtful else detector.second_look_score
        candidates = scan(self._second_detector, Pyramid(patch), threshold=least_score)
        middle = (SECOND_LOOK_PX / 2, SECOND_LOOK_PX / 2)
        # Not a neighbour's face in a corner of the patch.
        farthest = SECOND_LOOK_PX / 4
        return any(math.dist(candidate.centre, middle) < farthest for candidate in candidates)

    def _is_seen_shrunk(self, picture: Picture, face: Face, *, scan_score: float) -> bool:
        """Look at the face shrunk: animals' faces are seldom seen then."""
        detector = self._detector
        if scan_score < min(detector.sure_score, detector.shrunk_scan_score):
            return False
        first = self._score_shrunk(picture, face, SHRUNK_PX[0])
        if scan_score >= detector.sure_score and first >= detector.smaller_score:
            return True
        least_first, least_second = detector.shrunk_scores
        if scan_score < detector.shrunk_scan_score or first < least_first:
            return False
        return self._score_shrunk(picture, face, SHRUNK_PX[1]) >= least_second

    def _is_seen_mended(
        self, picture: Picture, face: Face, *, scan_score: float, mends: Sequence[Mend]
    ) -> bool:
        """Look at the face mended and shrunk: it may be lit from behind, in fog or in noise."""
        detector = self._detector
        return scan_score >= detector.mended_scan_score and any(
            all(
                self._score_shrunk(picture, face, side_px, mend=mend) >= least_score
                for side_px, least_score in zip(SHRUNK_PX, detector.mended_scores, strict=True)
            )
            for mend in mends
        )

    def _score_shrunk(
        self, picture: Picture, face: Face, side_px: int, *, mend: Mend = as_it_is
    ) -> float:
        """Return the mean score of the face at a size, as it is and mirrored."""
        to_patch = to_square(
            candidate_of(face, seen_px=side_px), face_px=side_px, size_px=2 * side_px
        )
        outside = cv2.BORDER_REFLECT_101
        seen = seen_by(self._detector, picture)
        patch = seen.sample(to_patch, size_px=2 * side_px, outside=outside)
        patch = mend(patch)
        scores = [
            max((seen.score for seen in seen_in_the_middle(self._detector, each)), default=0.0)
            for each in (patch, np.ascontiguousarray(patch[:, ::-1]))
        ]
        return sum(scores) / len(scores)


def _outside_fraction(box: BoundingBox, picture: Pyramid) -> float:
    """Return how much of a box lies outside a picture, 0 to 1."""
    width, height = picture.width, picture.height
    across = min(box.right, width) - max(box.left, 0)
    down = min(box.bottom, height) - max(box.top, 0)
    inside_px: int = max(0, across) * max(0, down)
    return 1 - inside_px / (box.width * box.height)
