"""Frame what a scan found better, by closer looks at it."""

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.faces.detector import Detection, Detector
from preprocessing.faces.geometry import apply_transform, invert_transform
from preprocessing.faces.mend import Mend, as_it_is
from preprocessing.faces.picture import Pyramid
from preprocessing.faces.search import Candidate
from preprocessing.images.types import GreyImage, RgbImage

# A closer look that changes the size of a face by more than this factor shows another face.
MOST_RESIZED = 1.7
# A face that may be tilted is looked at turned further, to the side to which it leans, or to both
# where it leans by less than this.
LEAST_LEAN_DEG = 2
FURTHER_DEG = 30


def frame(
    detector: Detector,
    picture: Pyramid,
    candidate: Candidate,
    *,
    is_crop: bool = False,
    mends: Sequence[Mend] = (),
) -> Candidate:
    """Frame a candidate better, by closer looks, where it was seen small or may be tilted.

    Args:
        detector: The detector.
        picture: The upright source picture, grey or as the detector reads it.
        candidate: What a scan found in it.
        is_crop: The picture is known to be one face, so that every candidate is kept.
        mends: What is tried on a photo's candidate that is hardly seen.

    Returns:
        The candidate, framed as where it scores best. Its score is 0 if it was weak and seen small,
        and no closer look sees a face.
    """
    if candidate.seen_px < detector.closer_px:
        candidate = _frame_small(detector, picture, candidate, is_crop=is_crop, mends=mends)
    upright_score = detector.upright_crop_score if is_crop else detector.upright_score
    if candidate.score >= upright_score:
        return candidate
    lean_deg = candidate.roll_deg - candidate.scan_deg
    sides = (-1, 1) if abs(lean_deg) < LEAST_LEAN_DEG else (math.copysign(1, lean_deg),)
    turned = [
        replace(candidate, roll_deg=candidate.roll_deg + side * FURTHER_DEG) for side in sides
    ]
    looks = [look_closer(detector, picture, each, is_crop=is_crop) for each in turned]
    return max([candidate, *filter(None, looks)], key=lambda look: look.score)


def _frame_small(
    detector: Detector,
    picture: Pyramid,
    candidate: Candidate,
    *,
    is_crop: bool,
    mends: Sequence[Mend],
) -> Candidate:
    """Frame a candidate that was seen small by a closer look; mended if that sees little."""
    closer = look_closer(detector, picture, candidate, is_crop=is_crop)
    is_seen = closer is not None and closer.score >= detector.closer_score
    if not (is_seen or is_crop) and candidate.score >= detector.mended_scan_score:
        for mend in mends:
            mended = look_closer(detector, picture, candidate, mend=mend)
            if mended is not None and mended.score >= detector.closer_score:
                # No better than the scan saw it, so that it must be verified.
                return replace(mended, score=min(mended.score, candidate.score))
    if closer is not None:
        return closer
    is_kept = is_crop or candidate.score >= detector.sure_score
    return candidate if is_kept else replace(candidate, score=0.0)


def look_closer(
    detector: Detector,
    picture: Pyramid,
    candidate: Candidate,
    *,
    is_crop: bool = False,
    mend: Mend = as_it_is,
) -> Candidate | None:
    """Look for a face where it was seen, turned back by its roll and at the best size.

    A photo goes on mirrored beyond its edges, as in a scan; around a crop it is black.

    Args:
        detector: The detector.
        picture: The upright source picture, grey or as the detector reads it.
        candidate: Where to look.
        is_crop: The picture is known to be one face.
        mend: What is done to the patch that is looked at.

    Returns:
        The candidate as it is framed and scored now; None where no face is seen there.
    """
    side_px = detector.closer_px
    to_patch = to_square(candidate, face_px=side_px, size_px=2 * side_px)
    outside = cv2.BORDER_CONSTANT if is_crop else cv2.BORDER_REFLECT_101
    patch = picture.sample(to_patch, size_px=2 * side_px, outside=outside)
    near = [
        seen
        for seen in seen_in_the_middle(detector, mend(patch))
        if 1 / MOST_RESIZED < seen.side / side_px < MOST_RESIZED
    ]
    if not near:
        return None
    middle = (side_px - 0.5, side_px - 0.5)
    seen = min(near, key=lambda detection: math.dist(detection.centre, middle))
    ((x, y),) = apply_transform(invert_transform(to_patch), np.array([seen.centre]))
    if not is_crop and not (0 <= x < picture.width and 0 <= y < picture.height):
        return None
    side = seen.side * candidate.side / side_px
    return replace(candidate, centre=(float(x), float(y)), side=side, score=seen.score)


def seen_in_the_middle(detector: Detector, patch: GreyImage | RgbImage) -> list[Detection]:
    """Return what is seen in a square patch nearer to its middle than a quarter of its side."""
    size_px = len(patch)
    middle = ((size_px - 1) / 2, (size_px - 1) / 2)
    return [
        seen
        for seen in detector.detect(patch, detector.crop_score)
        if math.dist(seen.centre, middle) < size_px / 4
    ]


def to_square(candidate: Candidate, *, face_px: int, size_px: int) -> NDArray[np.float64]:
    """Return the transform to a square with a face in its middle, turned back by its roll.

    Args:
        candidate: The face.
        face_px: Its side in the square.
        size_px: Side of the square.
    """
    angle = math.radians(candidate.roll_deg)
    scale = face_px / candidate.side
    cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
    to_patch = np.array([[cosine, sine, 0.0], [-sine, cosine, 0.0]])
    to_patch[:, 2] = (size_px - 1) / 2 - to_patch[:, :2] @ np.array(candidate.centre)
    return to_patch
