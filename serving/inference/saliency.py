"""The picture of what mattered for an answer."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.faces.types import GreyImage
from preprocessing.images.decode import RgbImage

FOR_RGB, AGAINST_RGB = (255, 184, 77), (64, 140, 255)
DRAWN_SIDE_PX = 288
STRONGEST_TINT = 0.8
# Where no place changes the odds by more than this factor, nothing stands out, and a map that is
# stretched to full tint would show noise.
LEAST_FACTOR = 1.25


def strongest_factor(effects: NDArray[np.float32]) -> float:
    """Return by how much the place that matters most multiplies or divides the odds, from 1.

    Args:
        effects: By `preprocessing.bundle.occlusion`.
    """
    return math.exp(float(np.abs(effects).max()))


def draw_heat_map(chip: GreyImage, effects: NDArray[np.float32]) -> RgbImage:
    """Tint an enlarged chip: orange what speaks for the label, blue what speaks against it.

    Args:
        chip: uint8 (size_px, size_px).
        effects: By `preprocessing.bundle.occlusion`.

    Returns:
        uint8 (DRAWN_SIDE_PX, DRAWN_SIDE_PX, 3).
    """
    side = (DRAWN_SIDE_PX, DRAWN_SIDE_PX)
    grey = cv2.resize(chip, side, interpolation=cv2.INTER_CUBIC)[..., None].astype(np.float32)
    large = cv2.resize(effects, side, interpolation=cv2.INTER_LINEAR)[..., None]
    share = large / math.log(max(strongest_factor(effects), LEAST_FACTOR))
    colour = np.where(share > 0, np.array(FOR_RGB), np.array(AGAINST_RGB))
    tint = STRONGEST_TINT * np.abs(share)
    return np.asarray((grey * (1 - tint) + colour * tint).round(), dtype=np.uint8)
