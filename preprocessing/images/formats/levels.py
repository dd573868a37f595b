"""Scale samples of more than 8 bits to 256 levels, by what they say and what is there.

Microscopes, depth cameras and NumPy write 8, 10 or 12 bits into files that could hold 16 or 32, and
fractions into floating point. No file says so, yet taken literally such pictures are nearly black.
"""

import functools
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.images.formats.colour import strips

WHITE = 255
# What cameras and converters have as white.
BIT_DEPTHS = (8, 10, 12, 14, 16, 24, 32)
# In floating point, white is 255 from here on, and not 1 with a bit of glare.
LEAST_FLOAT_WHITE = 32
# Pixels that are broken or shine do not count: a thousandth at either end.
OUTLIERS_PERCENT = 0.1
LOOKED_AT = 1_000_000


def to_eight_bits(
    samples: NDArray[Any], *, largest: int | None = None, has_opacity: bool = False
) -> NDArray[np.uint8]:
    """Scale samples to 0 for black and 255 for white.

    Args:
        samples: Shape (height, width) or (height, width, channels): integers or floating point.
        largest: The value of white, where the file says it.
        has_opacity: The last channel is opacity, and has no part in where white is.

    Returns:
        uint8 of the same shape; the samples themselves where they are of 8 bits already.
    """
    if samples.dtype == np.uint8 and largest in (None, WHITE):
        return np.asarray(samples, dtype=np.uint8)
    if samples.dtype.kind == "b":
        return np.asarray(samples, dtype=np.uint8) * np.uint8(WHITE)
    seen = samples[..., :-1] if has_opacity else samples
    low, high = (0.0, float(largest)) if largest else _black_and_white(seen)
    if has_opacity:
        return _with_opacity(samples, low=low, high=high)
    return _scale(samples, low=low, high=high)


def with_black_zero(samples: NDArray[Any], *, has_opacity: bool = False) -> NDArray[Any]:
    """Invert grey of which zero is white.

    Args:
        samples: Shape (height, width), or (height, width, channels) with opacity as the last one,
            which stays: integers or floating point. They are overwritten.
        has_opacity: There is one.

    Returns:
        Of the same shape: the samples, or uint8 where only the values tell what black is.
    """
    levels = samples
    if samples.dtype.kind != "u":
        levels = to_eight_bits(samples, has_opacity=has_opacity)
    grey = levels[..., :-1] if has_opacity else levels
    np.subtract(np.iinfo(levels.dtype).max, grey, out=grey)
    return levels


def white_of(values: NDArray[np.uint16]) -> int:
    """Return which value is white by those that occur; where all are black, the largest there is.

    Args:
        values: Shape (values,), enough of them to stand for all.
    """
    if not values.any():
        return int(np.iinfo(values.dtype).max)
    return round(_black_and_white(values[:, None])[1])


def _with_opacity(samples: NDArray[Any], *, low: float, high: float) -> NDArray[np.uint8]:
    opaque = np.iinfo(samples.dtype).max if samples.dtype.kind in "iu" else 1.0
    colours = _scale(samples[..., :-1], low=low, high=high)
    opacity = _scale(samples[..., -1:], low=0.0, high=float(opaque))
    return np.concatenate([colours, opacity], axis=-1)


def _black_and_white(samples: NDArray[Any]) -> tuple[float, float]:
    """Return which values are black and white by those that occur."""
    step = max(1, round((samples.size / LOOKED_AT) ** 0.5))
    looked_at = samples[::step, ::step].ravel()
    if looked_at.dtype.kind == "f":
        looked_at = looked_at[np.isfinite(looked_at)]
    if not looked_at.size:
        return 0.0, 1.0
    ends = np.percentile(looked_at, [OUTLIERS_PERCENT, 100 - OUTLIERS_PERCENT])
    low, high = (float(end) for end in ends)
    if low < 0:
        return low, high
    if samples.dtype.kind == "f":
        return 0.0, _white_of_floats(high)
    depths = {*BIT_DEPTHS}
    if samples.dtype.kind == "i":  # one bit is the sign
        depths.add(8 * samples.dtype.itemsize - 1)
    whites = [2.0**bits - 1 for bits in sorted(depths)]
    return 0.0, next((white for white in whites if high <= white), high)


def _white_of_floats(high: float) -> float:
    if high <= 1:
        return 1.0
    if high < LEAST_FLOAT_WHITE:
        return high
    return next((white for white in (255.0, 65_535.0) if high <= white), high)


def _scale(samples: NDArray[Any], *, low: float, high: float) -> NDArray[np.uint8]:
    if samples.dtype == np.uint16:
        looked_up = cv2.LUT(np.ascontiguousarray(samples), _levels_of_16_bits(low, high))
        return np.asarray(looked_up, dtype=np.uint8).reshape(samples.shape)
    # In one go, a picture of 50 megapixels would take more than a gigabyte.
    scaled = np.empty(samples.shape, np.uint8)
    for part, values in zip(strips(scaled), strips(samples), strict=True):
        part[:] = _levels(values, low=low, high=high)
    return scaled


@functools.lru_cache(maxsize=4)
def _levels_of_16_bits(low: float, high: float) -> NDArray[np.uint8]:
    return _levels(np.arange(65_536), low=low, high=high)[None]


def _levels(values: NDArray[Any], *, low: float, high: float) -> NDArray[np.uint8]:
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = (values.astype(np.float64) - low) * (WHITE / max(high - low, 1e-12))
    levels = np.nan_to_num(scaled, nan=0.0, posinf=WHITE, neginf=0.0).round().clip(0, WHITE)
    return levels.astype(np.uint8)
