"""The saliency map of a prediction: which parts of the chip decided."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.images.types import GreyImage, RgbImage

FOR_RGB, AGAINST_RGB = (255, 184, 77), (64, 140, 255)
DRAWN_SIDE_PX = 288
STRONGEST_TINT = 0.8
# If no part changes the odds by more than this factor, none stands out, and a map stretched to full
# tint would show noise.
LEAST_FACTOR = 1.25


def strongest_factor(saliency: NDArray[np.float32]) -> float:
    """Return the largest factor, from 1, by which a part multiplies or divides the odds.

    Args:
        saliency: float32 (size_px, size_px): by how much each part raises the natural logarithm of
            the label's odds (`preprocessing.bundle.occlusion`).
    """
    return math.exp(float(np.abs(saliency).max()))


def draw_saliency(chip: GreyImage, saliency: NDArray[np.float32]) -> RgbImage:
    """Tint an enlarged chip: orange what speaks for the label, blue what speaks against it.

    Args:
        chip: uint8 (size_px, size_px).
        saliency: As for `strongest_factor`.

    Returns:
        uint8 (DRAWN_SIDE_PX, DRAWN_SIDE_PX, 3).
    """
    side = (DRAWN_SIDE_PX, DRAWN_SIDE_PX)
    grey = cv2.resize(chip, side, interpolation=cv2.INTER_CUBIC)[..., None].astype(np.float32)
    large = cv2.resize(saliency, side, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    colour, tint = _tint(large, strongest=strongest_factor(saliency))
    return np.asarray((grey * (1 - tint) + colour * tint).round(), dtype=np.uint8)


def draw_tint(saliency: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Draw the tint alone, to be laid over a picture of the face.

    Returns:
        uint8 (size_px, size_px, 4), RGB and opacity.
    """
    colour, tint = _tint(saliency, strongest=strongest_factor(saliency))
    return np.concatenate([colour, (255 * tint).round()], axis=-1).astype(np.uint8)


def _tint(
    saliency: NDArray[np.float32], *, strongest: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return colours, 0 to 255, and opacities, 0 to 1, of the parts of a map."""
    strength = saliency[..., None] / math.log(max(strongest, LEAST_FACTOR))
    colours = np.array(FOR_RGB, np.float32), np.array(AGAINST_RGB, np.float32)
    colour = np.where(strength > 0, *colours)
    return colour, STRONGEST_TINT * np.abs(strength)
