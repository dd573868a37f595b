"""The picture of what mattered for an answer."""

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.decode import RgbImage
from preprocessing.faces import GreyImage
from serving.annotate import MARK_RGB

AGAINST_RGB = (64, 140, 255)
DRAWN_SIDE_PX = 288
STRONGEST_TINT = 0.8
# A change of the log-probability below this is noise: it is drawn, but not blown up.
LEAST_SPAN = 0.1


def draw_heat_map(chip: GreyImage, losses: NDArray[np.float32]) -> RgbImage:
    """Tint an enlarged chip: orange what speaks for the label, blue what speaks against it.

    Args:
        chip: uint8 (size_px, size_px).
        losses: By `preprocessing.occlusion`.

    Returns:
        uint8 (DRAWN_SIDE_PX, DRAWN_SIDE_PX, 3).
    """
    side = (DRAWN_SIDE_PX, DRAWN_SIDE_PX)
    grey = cv2.resize(chip, side, interpolation=cv2.INTER_CUBIC)[..., None].astype(np.float32)
    large = cv2.resize(losses, side, interpolation=cv2.INTER_LINEAR)[..., None]
    share = large / max(float(np.abs(losses).max()), LEAST_SPAN)
    colour = np.where(share > 0, np.array(MARK_RGB), np.array(AGAINST_RGB))
    tint = STRONGEST_TINT * np.abs(share)
    return np.asarray((grey * (1 - tint) + colour * tint).round(), dtype=np.uint8)
