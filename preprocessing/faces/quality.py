"""Measure what makes a face hard to read, and say so in hints."""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from preprocessing.faces.geometry import apply_transform, chip_width_px, invert_transform
from preprocessing.faces.types import AlignedFace, HeadPose
from preprocessing.images.types import GreyImage

# Where accuracy on FER2013's val split begins to fall: the commands `evaluate --html` and `degrade`
# of `python -m training` show it. Chips shrunk to 24 px lose 3 points, to 20 px 8. Noise that
# brings them to a sharpness of 1.12 costs 2, to 1.7 it costs 6; one chip in 200 without noise has
# 1.43 or more. Heads turned by more than 14 degrees lose 7 against those that look ahead; 20 leaves
# room for the rough estimate. Chips of which a twentieth or more lies outside the picture lose 6.
# Pitch and roll lose nothing.
SMALL_PX = 26
NOISY_SHARPNESS = 1.4
TURNED_YAW_DEG = 20
CUT_FRACTION = 0.05
# Of 700 chips of val: blurred by 1 px they lose 3 points, moved by 5 px 7, by 7 px 17 (a network
# that had not been shown blurred chips), and 76, 78 and 97 % of them are less sharp than this in
# some direction; of val as it is one in 300 is. By sharpness in all directions together a third to
# a half of those that moved were told.
BLURRED_SHARPNESS = 0.14
# Of 300 chips of val with a mask drawn on mouth and nose all have less contrast at the mouth than
# this, 94 % if it has folds and 48 % if it has a bold pattern, 98 % with a knitted scarf, 99 % with
# a disc such as a microphone's, 2 % with sunglasses, of val as it is one in 370. Masks cost 31 to
# 38 points, scarves 59. Of 64 faces of photos with folded masks 52 have less, of 63 with a hand on
# the mouth 51, and 22 and 34 by the contrast between the first of these quantiles alone.
COVERED_CONTRAST = 0.3
# Quantiles of levels, and by what the contrast between them counts: the skin beside what covers a
# mouth has the extremes, but a mouth has more extreme ones than folds, fingers and knitwear.
CONTRASTS = (((0.05, 0.95), 1.0), ((0.0, 1.0), COVERED_CONTRAST / 0.38))
# Where eyes and mouth lie: rows and columns as fractions of the frame.
Place = tuple[tuple[float, float], tuple[float, float]]
EYES_AT, MOUTH_AT = ((0.25, 0.54), (0.17, 0.83)), ((0.625, 0.83), (0.33, 0.67))
# In fewer rows or columns than this no contrast is told.
LEAST_PART_PX = 4
# How sharp a chip is across, downwards and along both diagonals: second differences, of diagonals
# half as much, as neighbours lie farther apart there.
DIRECTIONS = tuple(
    np.array(kernel, np.float32)
    for kernel in (
        [[0, 0, 0], [1, -2, 1], [0, 0, 0]],
        [[0, 1, 0], [0, -2, 0], [0, 1, 0]],
        [[0.5, 0, 0], [0, -1, 0], [0, 0, 0.5]],
        [[0, 0, 0.5], [0, -1, 0], [0.5, 0, 0]],
    )
)


class Hint(StrEnum):
    """Why an answer may be worse than usual."""

    SMALL = "small"
    BLURRED = "blurred"
    NOISY = "noisy"
    TURNED = "turned"
    CUT = "cut"
    COVERED = "covered"


@dataclass(frozen=True)
class Measures:
    """What makes a face hard to read.

    Attributes:
        width_px: Side of the square that the chip shows, in source pixels.
        sharpness: Of the chip.
        least_sharpness: In the direction in which the chip is least sharp; about a third of
            `sharpness` in good pictures, and less where something moved.
        pose: How the head is turned.
        outside: Fraction of the chip that lies outside the picture, 0 to 1.
        mouth_contrast: Contrast of the chip around the mouth, divided by that around the eyes:
            about 0.7, and 0.2 where a mask covers the mouth; 1 where the chip does not show both.
    """

    width_px: float
    sharpness: float
    least_sharpness: float
    pose: HeadPose
    outside: float
    mouth_contrast: float

    def hints(self) -> tuple[Hint, ...]:
        """List what is so bad that the answer suffers."""
        hints = {
            Hint.SMALL: self.width_px < SMALL_PX,
            Hint.BLURRED: self.least_sharpness < BLURRED_SHARPNESS,
            Hint.NOISY: self.sharpness > NOISY_SHARPNESS,
            Hint.TURNED: abs(self.pose.yaw_deg) > TURNED_YAW_DEG,
            Hint.CUT: self.outside > CUT_FRACTION,
            Hint.COVERED: self.mouth_contrast < COVERED_CONTRAST,
        }
        return tuple(hint for hint, holds in hints.items() if holds)


def measure(aligned: AlignedFace, *, width: int, height: int, margin: float = 0.0) -> Measures:
    """Measure an aligned face.

    Args:
        aligned: The face.
        width: Of the source picture, in pixels.
        height: Likewise.
        margin: With which the chip was cut, as in `ChipGeometry`.
    """
    chip, transform = aligned.chip, aligned.transform
    size_px = len(chip)
    far = size_px - 0.5
    frame = np.array([[-0.5, -0.5], [far, -0.5], [far, far], [-0.5, far]])
    in_source = apply_transform(invert_transform(transform), frame) + 0.5
    picture = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    inside, _ = cv2.intersectConvexConvex(in_source.astype(np.float32), picture)
    width_px = chip_width_px(transform, size_px)
    return Measures(
        width_px=width_px,
        sharpness=sharpness(chip),
        least_sharpness=_least_sharpness(chip),
        pose=aligned.face.pose,
        outside=min(1.0, max(0.0, 1 - inside / width_px**2)),
        mouth_contrast=_mouth_contrast(chip, margin),
    )


def sharpness(chip: GreyImage) -> float:
    """Return the standard deviation of a chip's Laplacian over that of its grey levels.

    Contrast does not matter to it. About 0.1 is blurred, 1 crisp, 2 mostly noise; 0 where there is
    one grey level.
    """
    contrast = float(chip.std())
    return float(cv2.Laplacian(chip, cv2.CV_32F).std()) / contrast if contrast else 0.0


def _least_sharpness(chip: GreyImage) -> float:
    """Return how sharp a chip is in the direction in which it is least sharp, as `sharpness`."""
    contrast = float(chip.std())
    differences = [cv2.filter2D(chip, cv2.CV_32F, kernel) for kernel in DIRECTIONS]
    return float(min(each.std() for each in differences)) / contrast if contrast else 0.0


def _mouth_contrast(chip: GreyImage, margin: float) -> float:
    """Return the contrast around the mouth over that around the eyes, which counts at least 1.

    It is 1 where the chip does not show both whole, or is too small to tell.
    """
    mouth, eyes = (_part(chip, place, margin) for place in (MOUTH_AT, EYES_AT))
    if min(mouth.shape + eyes.shape) < LEAST_PART_PX:
        return 1.0
    return min(
        weight * _contrast(mouth, quantiles) / max(1.0, _contrast(eyes, quantiles))
        for quantiles, weight in CONTRASTS
    )


def _part(chip: GreyImage, place: Place, margin: float) -> GreyImage:
    """Return the part of a chip at a place of the frame; nothing where it is not all there."""
    inner_px = len(chip) / (1 + 2 * margin)
    offset_px = (len(chip) - inner_px) / 2
    (top, bottom), (left, right) = (
        [round(offset_px + fraction * inner_px) for fraction in along] for along in place
    )
    is_whole = min(top, left) >= 0 and max(bottom, right) <= len(chip)
    return chip[top:bottom, left:right] if is_whole else chip[:0]


def _contrast(part: GreyImage, quantiles: tuple[float, float]) -> float:
    darkest, brightest = np.quantile(part, quantiles)
    return float(brightest - darkest)
