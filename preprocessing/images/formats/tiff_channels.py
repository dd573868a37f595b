"""Read TIFF files whose channels no library at hand reads together, each or all of them as grey.

OpenCV takes channels that are stored apart for others, and knows neither opacity of grey nor more
than four channels. Grey of any bits it reads well, and so does Pillow: a channel that is stored
apart is a grey picture, and pixels of several channels are one that is as many times as wide.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from preprocessing.errors import ImageDecodeError
from preprocessing.images.formats.icc import cmyk_to_rgb
from preprocessing.images.formats.raster import DAMAGED
from preprocessing.images.formats.tiff_page import (
    BITS,
    COMPRESSION,
    EXTRA_SAMPLES,
    PHOTOMETRIC,
    PLAIN,
    PLANAR,
    PREDICTOR,
    PROFILE,
    SAMPLES,
    TILE_WIDTH,
    WIDTH,
    TiffPage,
)

_APART = 2
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _INKS, _LAB = 0, 1, 2, 5, 8
# How many channels are colours, by what they mean.
_COLOURS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _INKS: 4, _LAB: 3}
_OPACITY = (1, 2)
# None, LZW, deflate, PackBits, LZMA and Zstandard, which pack bytes whatever they mean.
_OF_BYTES = {PLAIN, 5, 8, 32773, 32946, 34925, 50000}
_NO_PREDICTOR, _DIFFERENCES = 1, 2
_MOST_CHANNELS = 32

DecodeGrey = Callable[[TiffPage], NDArray[Any]]
"""Decodes a page of one channel."""


def has_odd_channels(page: TiffPage) -> bool:
    """Say whether channels are stored apart, or are such as no library reads together."""
    channels, bits = page.number(SAMPLES, 1), page.number(BITS, 1)
    meaning = page.number(PHOTOMETRIC, _BLACK_IS_ZERO)
    if channels == 1 or channels > _MOST_CHANNELS or meaning not in _COLOURS or bits % 8:
        return False
    if page.number(PLANAR, 1) == _APART:
        return channels >= _COLOURS[meaning]
    is_plain = bits == 8 and meaning != _WHITE_IS_ZERO
    is_known = is_plain or meaning == _INKS or (meaning == _RGB and channels <= 4)
    is_of_bytes = page.number(COMPRESSION, PLAIN) in _OF_BYTES
    return not is_known and is_of_bytes and _predictor(page) in (_NO_PREDICTOR, _DIFFERENCES)


def decode_channels(page: TiffPage, decode_grey: DecodeGrey) -> NDArray[Any]:
    """Decode the colours of a page, and its opacity where it has one.

    Returns:
        Shape (height, width) for grey, or (height, width, 2 to 4); black is zero.

    Raises:
        ImageDecodeError: The channels do not fit together.
    """
    meaning = page.number(PHOTOMETRIC, _BLACK_IS_ZERO)
    colours = _COLOURS[meaning]
    has_opacity = (
        page.number(SAMPLES) > colours
        and page.number(EXTRA_SAMPLES) in _OPACITY
        and meaning not in (_INKS, _LAB)
    )
    count = colours + has_opacity
    is_apart = page.number(PLANAR, 1) == _APART
    read = _read_apart if is_apart else _read_together
    samples = read(page, decode_grey, count)
    if meaning == _WHITE_IS_ZERO and samples.dtype.kind == "u":
        np.subtract(np.iinfo(samples.dtype).max, samples[..., :1], out=samples[..., :1])
    if meaning in (_INKS, _LAB):
        return _by_pillow(samples, page)
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


def _read_together(page: TiffPage, decode_grey: DecodeGrey, count: int) -> NDArray[Any]:
    """Decode channels that are stored side by side, as one picture that is wider."""
    channels, width = page.number(SAMPLES), page.number(WIDTH)
    wide = page.as_grey({WIDTH: width * channels, PREDICTOR: _NO_PREDICTOR})
    tile = page.number(TILE_WIDTH)
    if tile:
        wide = wide.as_grey({TILE_WIDTH: tile * channels})
    grey = decode_grey(wide)
    if grey.ndim != 2 or grey.shape[1] != width * channels:
        raise ImageDecodeError(DAMAGED)
    samples = grey.reshape(len(grey), width, channels)
    if _predictor(page) == _DIFFERENCES and samples.dtype.kind in "iu":
        # In each row of a tile or strip, each channel tells by how much it differs.
        for left in range(0, width, tile or width):
            part = samples[:, left : left + (tile or width)]
            np.cumsum(part, axis=1, dtype=samples.dtype, out=part)
    return samples[..., :count]


def _predictor(page: TiffPage) -> int:
    return page.number(PREDICTOR, _NO_PREDICTOR)


def _by_pillow(samples: NDArray[Any], page: TiffPage) -> NDArray[np.uint8]:
    """Convert inks or Lab of 8 or 16 bits to RGB."""
    if samples.dtype.kind != "u":
        raise ImageDecodeError(DAMAGED)
    levels = (samples >> 8 * (samples.dtype.itemsize - 1)).astype(np.uint8)
    if page.number(PHOTOMETRIC) == _INKS:
        image = Image.fromarray(levels, "CMYK")
        return cmyk_to_rgb(image, page.directory.raw(PROFILE))
    size = (levels.shape[1], levels.shape[0])
    return np.asarray(Image.frombytes("LAB", size, levels.tobytes()).convert("RGB"))
