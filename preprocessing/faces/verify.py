"""Tell faces from false alarms: what is not certain must be seen again, in another way."""

import math

import cv2
import numpy as np

from preprocessing.faces.detectors import Detector
from preprocessing.faces.geometry import ChipGeometry, fit_landmarks, sample_square
from preprocessing.faces.pose import head_pose
from preprocessing.faces.refine import seen_in_the_middle, to_square
from preprocessing.faces.search import Find, Pyramid, scan
from preprocessing.faces.types import BoundingBox, Face
from preprocessing.images.types import GreyImage

# A find that is not certain is looked at again at this size.
SECOND_LOOK_PX, SECOND_LOOK_MARGIN = 200, 0.35
# One that was sure in a scan may instead be seen again at this size, as it is and mirrored.
SMALLER_PX = 48
# A face of which the picture's edge cuts so much off is no face to dlib's detector.
CUT_SHARE = 0.05


def is_face(
    face: Face,
    grey: GreyImage,
    *,
    scan_score: float,
    detector: Detector,
    second_detector: Detector,
    geometry: ChipGeometry,
) -> bool:
    """Say whether what was found in a photo is a face: certain, or seen again.

    Args:
        face: The find with its landmarks, and the score that it has after closer looks.
        grey: The upright photo.
        scan_score: What it had in the scan that found it.
        detector: The detector that found it.
        second_detector: The one that looks again.
        geometry: How it shows faces to the second one, `SECOND_LOOK_PX` in size.
    """
    is_cut = _outside_share(face.box, grey) >= CUT_SHARE
    enough = detector.cut_score if is_cut else detector.certain_score
    if face.score >= enough:
        return True
    if _is_seen_aligned(second_detector, grey, face, geometry, least=detector.second_look_score):
        return True
    return scan_score >= detector.sure_score and _is_seen_smaller(detector, grey, face)


def _is_seen_aligned(
    detector: Detector, grey: GreyImage, face: Face, geometry: ChipGeometry, *, least: float
) -> bool:
    """Look again at a find, aligned by its landmarks: false alarms seldom stand that."""
    transform, _ = fit_landmarks(face.landmarks, geometry)
    patch = sample_square(grey, transform, size_px=SECOND_LOOK_PX, outside=cv2.BORDER_REFLECT_101)
    finds = scan(detector, Pyramid(patch), threshold=least)
    middle = (SECOND_LOOK_PX / 2, SECOND_LOOK_PX / 2)
    # Not a neighbour's face in a corner of the patch.
    return any(math.dist(find.centre, middle) < SECOND_LOOK_PX / 4 for find in finds)


def _is_seen_smaller(detector: Detector, grey: GreyImage, face: Face) -> bool:
    """Look again at a find, shrunk, and mirrored too: animals' faces seldom stand that."""
    box, roll_deg = face.box, head_pose(face.landmarks).roll_deg
    middle = ((box.left + box.right - 1) / 2, (box.top + box.bottom - 1) / 2)
    find = Find(
        middle, box.width, scan_deg=0.0, roll_deg=roll_deg, score=face.score, seen_px=SMALLER_PX
    )
    to_patch = to_square(find, face_px=SMALLER_PX, size_px=2 * SMALLER_PX)
    patch = sample_square(grey, to_patch, size_px=2 * SMALLER_PX, outside=cv2.BORDER_REFLECT_101)
    scores = [
        max((seen.score for seen in seen_in_the_middle(detector, each)), default=0.0)
        for each in (patch, np.ascontiguousarray(patch[:, ::-1]))
    ]
    return sum(scores) / len(scores) >= detector.smaller_score


def _outside_share(box: BoundingBox, grey: GreyImage) -> float:
    """Return how much of a box lies outside a picture, 0 to 1."""
    height, width = grey.shape
    across = min(box.right, width) - max(box.left, 0)
    down = min(box.bottom, height) - max(box.top, 0)
    inside_px: int = max(0, across) * max(0, down)
    return 1 - inside_px / (box.width * box.height)
