"""Bring what is too dark or too pale to levels at which detectors and networks see faces."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.images.types import GreyImage, RgbImage

# These quantiles of a face's levels are brought to these levels.
QUANTILES, LEVELS = (0.02, 0.98), (18, 238)
# In the middle of one of 400 of FER2013's chips there are fewer levels between these quantiles than
# the first of these, in one of 70 fewer than the second. At 12 % of the light the network gave the
# same word for 66 % of all, stretched for 94 %. What lies between is stretched by less: at a single
# limit the word of one in ten changed from one frame of a camera to the next, now of one in 40.
LEAST_CONTRAST, FULL_CONTRAST = 60, 80
# In fewer levels than this no face can be told from noise.
LEAST_LEVELS = 3
# A photo is dark if this quantile of its levels is lower than `DARK_LEVEL`; it is then brought to
# `BRIGHT_LEVEL`. Of a large photo about this many pixels are looked at.
BRIGHTEST_QUANTILE, DARK_LEVEL, BRIGHT_LEVEL = 0.995, 64, 200
PROBES = 50_000
# It is pale if there are fewer levels than this between that quantile and the one as far from the
# other end, and fewer than the second number, for noise, between all. In fog that leaves a tenth of
# the light, 28 % of faces are found as it is.
PALE_LEVELS, MOST_PALE_LEVELS = 40, 64
# In px; a dark photo has noise, of which brightening makes more. At 8 % of the light, with noise of
# one level, 91 % of faces smoothed so get the word that they get in full light, 65 % of others.
SMOOTHED_PX = 0.8


def stretch_contrast(chip: GreyImage) -> GreyImage:
    """Return a chip, uint8 `(side, side)`, with more contrast if its face has too little.

    Such are faces in the dark, lit from behind, or in fog. The middle half of the chip tells, in
    width and height: around a face that is lit from behind it is bright.
    """
    middle = slice(len(chip) // 4, -(-3 * len(chip) // 4))
    darkest, brightest = _quantiles(chip[middle, middle], QUANTILES)
    contrast = brightest - darkest
    if not LEAST_LEVELS <= contrast < FULL_CONTRAST:
        return chip
    weight = min(1.0, (FULL_CONTRAST - contrast) / (FULL_CONTRAST - LEAST_CONTRAST))
    low, high = (
        weight * wanted + (1 - weight) * level
        for wanted, level in zip(LEVELS, (darkest, brightest), strict=True)
    )
    stretched = (chip.astype(np.float64) - darkest) * ((high - low) / contrast) + low
    return _to_levels(stretched)


def brighten(photo: GreyImage | RgbImage) -> GreyImage | RgbImage:
    """Return a photo, uint8 `(height, width)` or `(height, width, 3)`, brighter if it is dark.

    One that is pale, as in fog, gets more contrast. Noise is smoothed then.
    """
    step = max(1, math.isqrt(photo.shape[0] * photo.shape[1] // PROBES))
    quantiles = (1 - BRIGHTEST_QUANTILE, BRIGHTEST_QUANTILE)
    darkest, brightest = _quantiles(photo[::step, ::step], quantiles)
    most = PALE_LEVELS
    if brightest < DARK_LEVEL:
        darkest, most = 0, DARK_LEVEL
    elif brightest - darkest < PALE_LEVELS:
        # A face may be smaller than what the quantiles leave out, as on a white page.
        darkest, brightest, most = int(photo.min()), int(photo.max()), MOST_PALE_LEVELS
    if not LEAST_LEVELS <= brightest - darkest < most:
        return photo
    gain = BRIGHT_LEVEL / (brightest - darkest)
    levels = _to_levels((np.arange(256) - darkest) * gain)
    bright = cv2.LUT(photo, levels)
    return np.asarray(cv2.GaussianBlur(bright, (0, 0), SMOOTHED_PX), np.uint8)


def _to_levels(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Round to levels, halves up, as browsers do."""
    return np.asarray(np.clip(np.floor(values + 0.5), 0, 255), np.uint8)


def _quantiles(image: GreyImage | RgbImage, quantiles: Sequence[float]) -> list[int]:
    """Return the lowest level that each fraction of an image's levels does not exceed."""
    counts = np.bincount(image.reshape(-1), minlength=256).cumsum()
    return [int(np.searchsorted(counts, quantile * image.size)) for quantile in quantiles]
