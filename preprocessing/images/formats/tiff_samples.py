"""Read the samples of TIFF files that no library at hand reads, as bytes that mean nothing.

OpenCV knows no Zstandard and no LZMA, Pillow cuts samples to eight bits, and neither has 16-bit
floating point. Bytes both unpack: a row of samples is a row of grey that is as many times as wide.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocessing.errors import ImageDecodeError
from preprocessing.images.formats.raster import DAMAGED
from preprocessing.images.formats.tiff_page import (
    BITS,
    COMPRESSION,
    FLOATING,
    OF_OPENCV,
    PLAIN,
    PREDICTOR,
    SAMPLE_FORMAT,
    SIGNED,
    TILE_WIDTH,
    UNSIGNED,
    WIDTH,
    TiffPage,
)

# None, LZW, deflate, PackBits, LZMA and Zstandard, which pack bytes whatever they mean.
_OF_BYTES = {PLAIN, 5, 8, 32773, 32946, 34925, 50000}
_KINDS = {SIGNED: "i", FLOATING: "f"}
_NO_PREDICTOR, _DIFFERENCES, _FLOATING_DIFFERENCES = 1, 2, 3

DecodeGrey = Callable[[TiffPage], NDArray[Any]]
"""Decodes a page of one channel."""


def can_be_bytes(page: TiffPage) -> bool:
    """Say whether the samples of a page can be read as bytes."""
    is_known = page.number(BITS, 1) in (8, 16, 32, 64) and _predictor(page) <= _FLOATING_DIFFERENCES
    return is_known and page.number(COMPRESSION, PLAIN) in _OF_BYTES


def has_odd_samples(page: TiffPage) -> bool:
    """Say whether samples are such as no library reads for what they mean."""
    bits, kind = page.number(BITS, 1), page.number(SAMPLE_FORMAT, UNSIGNED)
    is_odd = (bits, kind) in ((8, SIGNED), (16, FLOATING))
    return is_odd or (bits > 8 and page.number(COMPRESSION, PLAIN) not in OF_OPENCV)


def decode_bytes(page: TiffPage, decode_grey: DecodeGrey) -> NDArray[Any]:
    """Decode a page whose channels are stored side by side.

    Returns:
        All of its channels as they are stored, shape (height, width, channels).

    Raises:
        ImageDecodeError: It is damaged.
    """
    channels, width = page.channels, page.number(WIDTH)
    size = page.number(BITS) // 8
    # Differences go through the whole of a tile, also where it reaches beyond the picture.
    tile = page.number(TILE_WIDTH) or width
    stored_width = -(-width // tile) * tile
    row_bytes = stored_width * channels * size
    said = {WIDTH: row_bytes, BITS: 8, SAMPLE_FORMAT: UNSIGNED, PREDICTOR: _NO_PREDICTOR}
    if page.number(TILE_WIDTH):
        said[TILE_WIDTH] = tile * channels * size
    grey = decode_grey(page.as_grey(said))
    if grey.ndim != 2 or grey.shape[1] != row_bytes:
        raise ImageDecodeError(DAMAGED)
    kind = _KINDS.get(page.number(SAMPLE_FORMAT, UNSIGNED), "u")
    stored = np.dtype(f"{page.directory.order}{kind}{size}")
    shape = (len(grey), stored_width, channels)
    if _predictor(page) == _FLOATING_DIFFERENCES:
        stored = stored.newbyteorder(">")
        grey = _join_planes(grey, shape, tile=tile, size=size)
    numbers = grey.view(stored.str.replace(kind, "u"))
    numbers = numbers.astype(numbers.dtype.newbyteorder("="), copy=False).reshape(shape)
    if _predictor(page) == _DIFFERENCES:
        for left in range(0, stored_width, tile):
            _add_up(numbers[:, left : left + tile])
    return numbers.view(stored.newbyteorder("="))[:, :width]


def _join_planes(
    grey: NDArray[np.uint8], shape: tuple[int, int, int], *, tile: int, size: int
) -> NDArray[np.uint8]:
    """Undo the predictor of Adobe's Technical Note 3: the highest byte of all samples comes first.

    Returns:
        The bytes of each sample side by side, the highest first.
    """
    height, stored_width, channels = shape
    joined = np.empty_like(grey)
    step = tile * channels * size
    for left in range(0, stored_width * channels * size, step):
        part = grey[:, left : left + step]
        _add_up(part.reshape(height, -1, channels))
        planes = part.reshape(height, size, -1)
        joined[:, left : left + step] = planes.transpose(0, 2, 1).reshape(height, -1)
    return joined


def _add_up(differences: NDArray[Any]) -> None:
    """Add differences of neighbours up along rows, in place; what overflows is meant to."""
    np.cumsum(differences, axis=1, dtype=differences.dtype, out=differences)


def _predictor(page: TiffPage) -> int:
    return page.number(PREDICTOR, _NO_PREDICTOR)
