"""Scan a picture for faces at any scale and turned by any angle."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.faces.detector import Detection, Detector
from preprocessing.faces.geometry import apply_transform, invert_transform
from preprocessing.faces.picture import Picture, Pyramid
from preprocessing.faces.types import SMALLEST_PX, Face
from preprocessing.images.types import GreyImage, RgbImage

# In pictures up to this size all faces of `SMALLEST_PX` are searched for.
WHOLE_PX = 3_000_000
# YuNet takes 75 bytes a pixel and keeps them, so larger pictures are looked at in strips. They
# overlap so far that one of them shows at least four fifths of any face that only a scan for small
# faces sees.
STRIP_PX, OVERLAP_PX, APART_PX = 1_300_000, 160, 16
# Once a scan has seen this number of candidates, the strips after that one are left out: only made
# pictures show as many, and no more than a tenth of them are looked at again.
MOST_SEEN = 3_000
# dlib's HOG detector writes outside its memory in pictures of 80,000 px and more in width.
LONGEST_PX = 20_000


@dataclass(frozen=True)
class Candidate:
    """A square in the upright source picture in which the detector saw a face.

    Attributes:
        centre: x and y in source pixels.
        side: In source pixels.
        scan_deg: By how much the scan took faces to be turned clockwise.
        roll_deg: By how much this face is, roughly.
        score: The detector's confidence.
        seen_px: Side as the detector saw it, in pixels of the scanned picture.
        is_larger: Whether the scan was a second one, at a larger scale.
    """

    centre: tuple[float, float]
    side: float
    scan_deg: float
    roll_deg: float
    score: float
    seen_px: float
    is_larger: bool = False


def candidate_of(face: Face, *, seen_px: float = math.inf) -> Candidate:
    """Return a face that is known as a candidate, turned by the roll of its landmarks.

    Args:
        face: The face.
        seen_px: Side at which a detector is to see it.
    """
    box = face.box
    middle = ((box.left + box.right - 1) / 2, (box.top + box.bottom - 1) / 2)
    return Candidate(
        middle,
        box.width,
        scan_deg=0.0,
        roll_deg=face.pose.roll_deg,
        score=face.score,
        seen_px=seen_px,
    )


def seen_by(detector: Detector, picture: Picture) -> Pyramid:
    """Return a picture as a detector reads it: in colour, or in grey."""
    return picture.colour if detector.reads_colour else picture.grey


def scan(
    detector: Detector,
    picture: Pyramid,
    *,
    angle_deg: float = 0.0,
    scale: float = 1.0,
    border_px: int = 0,
    threshold: float,
    is_larger: bool = False,
) -> list[Candidate]:
    """Look for faces that are turned clockwise by about an angle.

    Args:
        detector: The detector.
        picture: The upright source picture, grey or as the detector reads it.
        angle_deg: The picture is turned back by it first.
        scale: The picture is shrunk or enlarged by it first.
        border_px: How many pixels of the scaled picture are mirrored outwards at its edges, so that
            faces which the edges cut are seen. What is seen in the mirrored part is no face.
        threshold: Least score.
        is_larger: Whether this is a second scan, at a larger scale.
    """
    scaled = picture.scaled(scale)
    border_px = min(border_px, min(scaled.shape[:2]) - 1)
    if border_px:
        sides = (border_px,) * 4
        scaled = np.asarray(cv2.copyMakeBorder(scaled, *sides, cv2.BORDER_REFLECT_101), np.uint8)
    turn, size = turn_back(scaled.shape[1], scaled.shape[0], angle_deg=angle_deg)
    turned = scaled if angle_deg == 0 else cv2.warpAffine(scaled, turn, size, flags=cv2.INTER_CUBIC)
    back = invert_transform(turn)
    detections = list(_detect(detector, np.asarray(turned, np.uint8), threshold=threshold))
    # All at once, for in a crowd there are thousands.
    centres = np.array([seen.centre for seen in detections]).reshape(-1, 2)
    centres = (apply_transform(back, centres) - border_px + 0.5) / scale - 0.5
    return [
        Candidate(
            (x, y),
            side=seen.side / scale,
            scan_deg=angle_deg,
            roll_deg=angle_deg + seen.roll_deg,
            score=seen.score,
            seen_px=seen.side,
            is_larger=is_larger,
        )
        for seen, (x, y) in zip(detections, centres.tolist(), strict=True)
        if not border_px or (0 <= x < picture.width and 0 <= y < picture.height)
    ]


def _detect(
    detector: Detector, image: GreyImage | RgbImage, *, threshold: float
) -> Iterator[Detection]:
    """Look for faces in a picture of any size, along its longer side in strips."""
    height, width = image.shape[:2]
    is_wide = width > height
    longer, shorter = max(width, height), min(width, height)
    strip = max(2 * OVERLAP_PX, STRIP_PX // shorter)
    count = max(1, math.ceil((longer - OVERLAP_PX) / (strip - OVERLAP_PX)))
    strip = min(longer, math.ceil((longer + (count - 1) * OVERLAP_PX) / count))
    starts = [round(at) for at in np.linspace(0, max(0, longer - strip), count)]
    count_seen = 0
    for start, following in zip(starts, [*starts[1:], longer], strict=True):
        # Each candidate is taken from the strip in which it is farther from the edge; near the
        # middle of the overlap from both, which may see it a little apart.
        first = start + OVERLAP_PX / 2 - APART_PX if start else -math.inf
        last = following + OVERLAP_PX / 2 + APART_PX if following < longer else math.inf
        end = start + strip
        part = image[:, start:end] if is_wide else image[start:end]
        for seen in detector.detect(np.ascontiguousarray(part), threshold):
            x, y = seen.centre
            x, y = (x + start, y) if is_wide else (x, y + start)
            if first <= (x if is_wide else y) < last:
                count_seen += 1
                yield Detection((x, y), seen.side, seen.roll_deg, score=seen.score)
        if count_seen >= MOST_SEEN:
            break


def scale_within(
    picture: Pyramid, *, angle_deg: float = 0.0, budget_px: int, largest: float
) -> float:
    """Return the largest scale, up to `largest`, at which a scan looks at `budget_px` pixels.

    No side gets longer than `LONGEST_PX`.
    """
    _, sides = turn_back(picture.width, picture.height, angle_deg=angle_deg)
    return min(largest, math.sqrt(budget_px / math.prod(sides)), LONGEST_PX / max(sides))


def promised_px(width: int, height: int) -> float:
    """Return from which width on faces are found in a photo of a size.

    `SMALLEST_PX` up to `WHOLE_PX`. Beyond, it grows by a third when the pixels become four times as
    many, which then take 2.2 times as long: 32 px in 12 megapixels, 43 in 48.
    """
    return SMALLEST_PX * max(1.0, math.pow(width * height / WHOLE_PX, 0.21))


def whole_scale(detector: Detector, picture: Pyramid) -> float:
    """Return the scale at which a photo is searched for its small faces.

    A photo that was read reduced may be enlarged again, where the detector needs that.
    """
    reduction = picture.reduction
    wide = promised_px(reduction * picture.width, reduction * picture.height) / reduction
    smallest_px = detector.smallest_colour_px if picture.has_colours else detector.smallest_px
    longest = LONGEST_PX / max(picture.width, picture.height)
    return min(float(reduction), smallest_px / wide, longest)


def turn_back(
    width: int, height: int, *, angle_deg: float
) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """Return the transform that turns a picture counter-clockwise, and the size that holds it."""
    angle = math.radians(angle_deg)
    cosine, sine = math.cos(angle), math.sin(angle)
    turned_width = round(abs(width * cosine) + abs(height * sine))
    turned_height = round(abs(width * sine) + abs(height * cosine))
    x, y = (width - 1) / 2, (height - 1) / 2
    shift_x = (turned_width - 1) / 2 - cosine * x - sine * y
    shift_y = (turned_height - 1) / 2 + sine * x - cosine * y
    turn = np.array([[cosine, sine, shift_x], [-sine, cosine, shift_y]])
    return turn, (turned_width, turned_height)


def merge(candidates: list[Candidate]) -> list[Candidate]:
    """Keep of all candidates of one face the one with the best score.

    Two faces cannot be nearer than half the side of the larger, unless one hides the other.
    """
    if not candidates:
        return []
    best_first = sorted(candidates, key=lambda candidate: -candidate.score)
    centres = np.array([candidate.centre for candidate in best_first])
    sides = np.array([candidate.side for candidate in best_first])
    # A picture full of faces has thousands, of which only those so near across can be one face.
    across = np.argsort(centres[:, 0])
    centres, sides, reach = centres[across], sides[across], sides.max() / 2
    first = np.searchsorted(centres[:, 0], centres[:, 0] - reach)
    last = np.searchsorted(centres[:, 0], centres[:, 0] + reach, side="right")
    is_left = np.ones(len(across), dtype=np.bool_)
    kept: list[Candidate] = []
    for candidate, place in zip(best_first, np.argsort(across), strict=True):
        if is_left[place]:
            kept.append(candidate)
            near = slice(first[place], last[place])
            apart = np.linalg.norm(centres[near] - centres[place], axis=1)
            is_left[near] &= apart >= np.maximum(sides[near], sides[place]) / 2
    return kept
