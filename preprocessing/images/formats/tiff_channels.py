"""Read TIFF files whose channels no library at hand reads together, each or all of them as grey.

OpenCV takes channels that are stored apart for others, and knows neither opacity of grey nor more
than four channels. A channel that is stored apart is a grey picture; of channels side by side, and
of samples that no library reads, the bytes are one (`tiff_samples.py`).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from preprocessing.errors import ImageDecodeError
from preprocessing.images.formats.icc import cmyk_to_rgb
from preprocessing.images.formats.levels import with_black_zero
from preprocessing.images.formats.opacity import unmultiply
from preprocessing.images.formats.raster import DAMAGED
from preprocessing.images.formats.tiff_page import (
    BITS,
    BLACK_IS_ZERO,
    EXTRA_SAMPLES,
    INKS,
    LAB,
    MULTIPLIED,
    OPACITY,
    PHOTOMETRIC,
    PLANAR,
    PROFILE,
    RGB,
    WHITE_IS_ZERO,
    TiffPage,
)
from preprocessing.images.formats.tiff_samples import (
    DecodeGrey,
    can_be_bytes,
    decode_bytes,
    has_odd_samples,
)

_APART = 2
# How many channels are colours, by what they mean.
_COLOURS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, INKS: 4, LAB: 3}
_WITH_OPACITY = (MULTIPLIED, OPACITY)
_MOST_CHANNELS = 32


def has_odd_channels(page: TiffPage) -> bool:
    """Say whether channels are stored apart, or are such as no library reads together."""
    channels, bits = page.channels, page.number(BITS, 1)
    meaning = page.number(PHOTOMETRIC, BLACK_IS_ZERO)
    colours = _COLOURS.get(meaning, channels + 1)
    if not colours <= channels <= _MOST_CHANNELS or bits % 8:
        return False
    if channels > 1 and page.number(PLANAR, 1) == _APART:
        return True
    is_plain = bits == 8 and meaning != WHITE_IS_ZERO
    # In floating point, OpenCV takes any fourth channel for opacity.
    may_have_fourth = meaning == RGB and (bits <= 16 or page.number(EXTRA_SAMPLES) in _WITH_OPACITY)
    is_usual = channels <= colours + may_have_fourth
    is_known = channels == 1 or (is_usual and (is_plain or meaning in (RGB, INKS)))
    return can_be_bytes(page) and (not is_known or has_odd_samples(page))


def decode_channels(page: TiffPage, decode_grey: DecodeGrey) -> NDArray[Any]:
    """Decode the colours of a page, and its opacity where it has one.

    Returns:
        Shape (height, width) for grey, or (height, width, 2 to 4); black is zero.

    Raises:
        ImageDecodeError: The channels do not fit together.
    """
    meaning = page.number(PHOTOMETRIC, BLACK_IS_ZERO)
    colours = _COLOURS[meaning]
    has_opacity = (
        page.channels > colours
        and page.number(EXTRA_SAMPLES) in _WITH_OPACITY
        and meaning not in (INKS, LAB)
    )
    count = colours + has_opacity
    if page.channels > 1 and page.number(PLANAR, 1) == _APART:
        samples = _read_apart(page, decode_grey, count)
    else:
        samples = decode_bytes(page, decode_grey)[..., :count]
    if meaning in (INKS, LAB):
        return _by_pillow(samples, page)
    if meaning == WHITE_IS_ZERO:
        samples = with_black_zero(samples, has_opacity=has_opacity)
    if has_opacity and page.number(EXTRA_SAMPLES) == MULTIPLIED:
        unmultiply(samples)
    return samples[..., 0] if count == 1 else samples


def _read_apart(page: TiffPage, decode_grey: DecodeGrey, count: int) -> NDArray[Any]:
    """Decode channels that are stored one after the other."""
    samples: NDArray[Any] | None = None
    for index in range(count):
        channel = decode_grey(page.channel(index))
        if samples is None:
            samples = np.empty((*channel.shape, count), channel.dtype)
        if channel.shape != samples.shape[:2]:
            raise ImageDecodeError(DAMAGED)
        samples[..., index] = channel
    if samples is None:
        raise ImageDecodeError(DAMAGED)
    return samples


def _by_pillow(samples: NDArray[Any], page: TiffPage) -> NDArray[np.uint8]:
    """Convert inks or Lab of 8 or 16 bits to RGB."""
    if samples.dtype.kind != "u":
        raise ImageDecodeError(DAMAGED)
    levels = (samples >> 8 * (samples.dtype.itemsize - 1)).astype(np.uint8)
    if page.number(PHOTOMETRIC) == INKS:
        image = Image.fromarray(levels, "CMYK")
        return cmyk_to_rgb(image, page.directory.raw(PROFILE))
    size = (levels.shape[1], levels.shape[0])
    return np.asarray(Image.frombytes("LAB", size, levels.tobytes()).convert("RGB"))
