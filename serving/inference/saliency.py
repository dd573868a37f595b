"""The saliency map of a prediction: which parts of the chip decided."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.images.types import GreyImage, RgbImage

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
    large = cv2.resize(effects, side, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    colour, tint = _tint(large, strongest=strongest_factor(effects))
    return np.asarray((grey * (1 - tint) + colour * tint).round(), dtype=np.uint8)


def draw_tint(effects: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Draw the tint alone, to be laid over a picture of the face.

    Returns:
        uint8 (size_px, size_px, 4), RGB and opacity.
    """
    colour, tint = _tint(effects, strongest=strongest_factor(effects))
    return np.concatenate([colour, (255 * tint).round()], axis=-1).astype(np.uint8)


def _tint(
    effects: NDArray[np.float32], *, strongest: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return colours, 0 to 255, and opacities, 0 to 1, of places with effects."""
    share = effects[..., None] / math.log(max(strongest, LEAST_FACTOR))
    colour = np.where(share > 0, np.array(FOR_RGB, np.float32), np.array(AGAINST_RGB, np.float32))
    return colour, STRONGEST_TINT * np.abs(share)
