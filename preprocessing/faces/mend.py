"""Mend a small picture of a face, so that a detector sees a face in poor light or noise."""

from collections.abc import Callable

import cv2
import numpy as np

from preprocessing.faces.light import LEVELS, QUANTILES
from preprocessing.images.decode import to_grey
from preprocessing.images.types import GreyImage, RgbImage

Mend = Callable[[GreyImage | RgbImage], GreyImage | RgbImage]
"""Takes a square patch with a face in its middle, half as wide, and returns it mended."""

# Light is what changes over more than this fraction of the patch, of which the face has a half.
LIGHT_FRACTION = 0.1
# In px. What is brightened has more noise.
BRIGHTENED_PX, NOISY_PX, LINED_PX = 0.5, 1.2, 2.2
MIDDLE_LEVEL = 120
# In the dark there is nothing but noise.
DARKEST_LEVEL, MOST_GAIN = 6, 8.0


def as_it_is(patch: GreyImage | RgbImage) -> GreyImage | RgbImage:
    """Return a patch as it is."""
    return patch


def level_light(patch: GreyImage | RgbImage) -> GreyImage | RgbImage:
    """Return a patch with a face in its middle as if even light fell on it.

    Each pixel is divided by the light around it (after Land and McCann 1971, "Lightness and retinex
    theory"), and the contrast of the middle is stretched.

    Args:
        patch: Square, uint8 `(side, side)` or `(side, side, 3)`; the face is half as wide.
    """
    side_px = len(patch)
    smooth = cv2.GaussianBlur(patch, (0, 0), BRIGHTENED_PX)
    luma = to_grey(np.asarray(smooth, np.uint8)).astype(np.float32)
    light = cv2.GaussianBlur(luma, (0, 0), LIGHT_FRACTION * side_px) + DARKEST_LEVEL
    gain = np.minimum(MIDDLE_LEVEL / light, MOST_GAIN)
    lit = smooth * (gain if patch.ndim == 2 else gain[..., None])
    middle = slice(side_px // 4, side_px - side_px // 4)
    darkest, brightest = np.quantile((luma * gain)[middle, middle], QUANTILES)
    stretch = min(MOST_GAIN, (LEVELS[1] - LEVELS[0]) / max(1.0, brightest - darkest))
    return np.asarray(np.clip((lit - darkest) * stretch + LEVELS[0], 0, 255), np.uint8)


def smooth_noise(patch: GreyImage | RgbImage) -> GreyImage | RgbImage:
    """Return a patch, of any size, without its finest detail, of which most is noise."""
    return np.asarray(cv2.GaussianBlur(patch, (0, 0), NOISY_PX), np.uint8)


def smooth_lines(patch: GreyImage | RgbImage) -> GreyImage | RgbImage:
    """Return a patch, of any size, without lines such as a screen's, and without scratches."""
    return np.asarray(cv2.GaussianBlur(patch, (0, 0), LINED_PX), np.uint8)


MENDS: tuple[Mend, ...] = (level_light, smooth_noise, smooth_lines)
"""What is tried, in turn."""
