"""Lay transparent pictures on white."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.images.formats.colour import Colours, strips

OPAQUE = 255
_WITH_OPACITY = (2, 4)


def has_opacity(samples: NDArray[Any]) -> bool:
    """Say whether the last channel is opacity, as in pictures with two or four."""
    return samples.ndim == 3 and samples.shape[2] in _WITH_OPACITY


def is_visible(samples: NDArray[Any]) -> bool:
    """Say whether any pixel is not transparent."""
    return not has_opacity(samples) or any(strip[..., -1].any() for strip in strips(samples))


def unmultiply(samples: NDArray[Any]) -> None:
    """Divide colours that are stored multiplied by their opacity by it, in place.

    Args:
        samples: Shape (height, width, 2 or 4): integers, or floating point with 1 as opaque.
    """
    is_whole = samples.dtype.kind in "iu"
    opaque = np.iinfo(samples.dtype).max if is_whole else 1
    for strip in strips(samples):
        opacity = strip[..., -1:]
        # Where nothing is to be seen, nothing is known of the colour.
        colours = strip[..., :-1] * (opaque / np.where(opacity > 0, opacity, opaque))
        strip[..., :-1] = colours.round().clip(0, opaque) if is_whole else colours


def lay_on_white(
    samples: NDArray[np.uint8], *, colours: Colours | None = None, is_hidden: bool | None = None
) -> NDArray[np.uint8]:
    """Return a picture without its opacity in sRGB, as it looks on white.

    A picture that is transparent throughout is opaque: nobody means to show nothing, but programs
    write a zero where others have opacity.

    Args:
        samples: Shape (height, width, 2) for grey and opacity, or (height, width, 4).
        colours: How its colours are meant; None for sRGB. They are converted first, as in browsers.
        is_hidden: Whether the picture of which these are some rows is transparent throughout; None
            where these are all of them.

    Returns:
        Shape (height, width) or (height, width, 3).
    """
    height, width, channels = samples.shape
    flat = np.empty((height, width) if channels == 2 else (height, width, 3), np.uint8)
    if is_hidden is None:
        is_hidden = not is_visible(samples)
    for strip, out in zip(strips(samples), strips(flat), strict=True):
        out[:] = strip[..., 0] if channels == 2 else cv2.cvtColor(strip, cv2.COLOR_RGBA2RGB)
        if colours is not None:
            colours.convert(out)
        opacity = strip[..., -1]
        if not is_hidden and opacity.min() != OPAQUE:
            out[:] = _blend(out, opacity if channels == 2 else opacity[..., None])
    return flat


def _blend(colours: NDArray[np.uint8], opacity: NDArray[np.uint8]) -> NDArray[np.uint8]:
    weight = opacity.astype(np.uint16)
    # At most 255 * 255 + 127, which 16 bits hold.
    blended = colours * weight + (OPAQUE - weight) * OPAQUE + OPAQUE // 2
    return (blended // OPAQUE).astype(np.uint8)
