"""Measure what makes a face hard to read, and say so in hints."""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from preprocessing.faces.geometry import apply_transform, chip_width_px, invert_transform
from preprocessing.faces.types import AlignedFace, HeadPose
from preprocessing.images.types import GreyImage

# Where accuracy on FER2013's val split begins to fall: the commands `evaluate --html` and `degrade`
# of `python -m training` show it. Chips shrunk to 24 px lose 4 points, to 20 px 11; blurred to a
# sharpness of 0.27 they lose 2, to 0.19 they lose 9. Noise that brings them to a sharpness of 1.12
# costs 2, to 1.7 it costs 7; one chip in 200 without noise has 1.43 or more. Heads turned by more
# than 14 degrees lose 7 against those that look ahead; 20 leaves room for the rough estimate. Chips
# of which a twentieth or more lies outside the picture lose 6. Pitch and roll lose nothing.
SMALL_PX = 26
BLURRED_SHARPNESS = 0.28
NOISY_SHARPNESS = 1.4
TURNED_YAW_DEG = 20
CUT_FRACTION = 0.05


class Hint(StrEnum):
    """Why an answer may be worse than usual."""

    SMALL = "small"
    BLURRED = "blurred"
    NOISY = "noisy"
    TURNED = "turned"
    CUT = "cut"


@dataclass(frozen=True)
class Measures:
    """What makes a face hard to read.

    Attributes:
        width_px: Side of the square that the chip shows, in source pixels.
        sharpness: Of the chip.
        pose: How the head is turned.
        outside: Fraction of the chip that lies outside the picture, 0 to 1.
    """

    width_px: float
    sharpness: float
    pose: HeadPose
    outside: float

    def hints(self) -> tuple[Hint, ...]:
        """List what is so bad that the answer suffers."""
        hints = {
            Hint.SMALL: self.width_px < SMALL_PX,
            Hint.BLURRED: self.sharpness < BLURRED_SHARPNESS,
            Hint.NOISY: self.sharpness > NOISY_SHARPNESS,
            Hint.TURNED: abs(self.pose.yaw_deg) > TURNED_YAW_DEG,
            Hint.CUT: self.outside > CUT_FRACTION,
        }
        return tuple(hint for hint, holds in hints.items() if holds)


def measure(aligned: AlignedFace, *, width: int, height: int) -> Measures:
    """Measure an aligned face.

    Args:
        aligned: The face.
        width: Of the source picture, in pixels.
        height: Likewise.
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
        pose=aligned.face.pose,
        outside=min(1.0, max(0.0, 1 - inside / width_px**2)),
    )


def sharpness(chip: GreyImage) -> float:
    """Return the standard deviation of a chip's Laplacian over that of its grey levels.

    Contrast does not matter to it. About 0.1 is blurred, 1 crisp, 2 mostly noise; 0 where there is
    one grey level.
    """
    contrast = float(chip.std())
    return float(cv2.Laplacian(chip, cv2.CV_32F).std()) / contrast if contrast else 0.0
