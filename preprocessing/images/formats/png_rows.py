"""Unpack the pixels of PNG files a strip of rows at a time, so that they need little memory.

zlib unpacks the rows, and the decoder of OpenCV undoes their filters: each strip becomes a small
file that is not packed, whose first row is the last one of the strip before.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.errors import ImageDecodeError
from preprocessing.images.formats.png_chunks import (
    GREY,
    GREY_AND_OPACITY,
    PALETTE,
    RGB,
    RGB_AND_OPACITY,
    PngChunks,
    png_file,
)
from preprocessing.images.formats.raster import DAMAGED

CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_AND_OPACITY: 2, RGB_AND_OPACITY: 4}
# Little enough that no strip's memory is asked of the system and given back, which takes as long as
# decoding it (preprocessing/runtime/processes.py).
STRIP_BYTES = 1 << 17
# Packed bytes that are unpacked at a time; of those that are damaged all is lost.
PIECE_BYTES = 16_384
MOST_FILTER = 4
HEADER_BYTES = 2
# The first column and row of each pass of an interlaced file, and the steps between them.
PASSES = (
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
    (0, 1, 1, 2),
)  # fmt: skip
WHOLE = (0, 0, 1, 1)
# By the bytes of a pixel, the kind of file that the decoder is given: depth, type of colour.
_KIND_OF = {1: (8, GREY), 2: (16, GREY), 3: (8, RGB), 4: (8, RGB_AND_OPACITY), 6: (16, RGB),
            8: (16, RGB_AND_OPACITY)}  # fmt: skip


class Strip(NamedTuple):
    """Some rows of a file, without their filters.

    Attributes:
        rows: Their bytes, uint8 (rows, bytes).
        width: In pixels.
        down: Which rows of the picture they are.
        across: Which columns.
    """

    rows: NDArray[np.uint8]
    width: int
    down: slice
    across: slice


def read_strips(chunks: PngChunks) -> Iterator[Strip]:
    """Yield the rows of a file as far as they are there and undamaged.

    Raises:
        ImageDecodeError: They are not packed as PNG files are.
    """
    pixel_bits = chunks.depth * CHANNELS[chunks.colour_type]
    unpacked = _Unpacker(chunks.pixels)
    for left, top, across, down in PASSES if chunks.is_interlaced else (WHOLE,):
        width = -(-(chunks.width - left) // across)
        height = -(-(chunks.height - top) // down)
        if width < 1 or height < 1:
            continue
        row_bytes = -(-width * pixel_bits // 8)
        done = 0
        for rows in _rows(unpacked, height, row_bytes, pixel_bytes=max(1, pixel_bits // 8)):
            first, done = done, done + len(rows)
            places = slice(top + first * down, top + done * down, down)
            yield Strip(rows, width, places, slice(left, None, across))
        if done < height:
            return


def _rows(
    unpacked: "_Unpacker", height: int, row_bytes: int, *, pixel_bytes: int
) -> Iterator[NDArray[np.uint8]]:
    """Yield the rows of a pass, strip by strip."""
    at_once = max(1, STRIP_BYTES // (row_bytes + 1))
    before = b""
    while height:
        wanted = min(at_once, height)
        data = unpacked.take(wanted * (row_bytes + 1))
        filters = np.frombuffer(data, np.uint8)[:: row_bytes + 1]
        is_wrong = filters > MOST_FILTER
        count = int(is_wrong.argmax()) if is_wrong.any() else len(data) // (row_bytes + 1)
        if count:
            data = data[: count * (row_bytes + 1)]
            rows = _without_filters(before + data, row_bytes, pixel_bytes)[-count:]
            before = b"\0" + rows[-1].tobytes()
            yield rows
        if count < wanted:
            return
        height -= count


def _without_filters(data: bytes, row_bytes: int, pixel_bytes: int) -> NDArray[np.uint8]:
    """Undo the filters of some rows; that of the first refers to no row before it."""
    depth, kind = _KIND_OF[pixel_bytes]
    height, width = len(data) // (row_bytes + 1), row_bytes // pixel_bytes
    file = png_file(width, height, depth, kind, zlib.compress(data, 0), is_interlaced=False)
    flags = cv2.IMREAD_UNCHANGED
    if kind == RGB:
        flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_ANYDEPTH
    samples = cv2.imdecode(np.frombuffer(file, np.uint8), flags)
    if samples is None:  # far too wide
        raise ImageDecodeError(DAMAGED)
    if kind == RGB_AND_OPACITY:
        samples = cv2.cvtColor(samples, cv2.COLOR_BGRA2RGBA)
    ordered = samples if depth == 8 else samples.astype(">u2")
    return ordered.reshape(height, -1).view(np.uint8)


class _Unpacker:
    """Decompresses zlib data, as many bytes as are asked for; the checksum is not checked."""

    def __init__(self, parts: Iterable[memoryview]) -> None:
        self._pieces = _pieces(parts)
        self._unpacker = zlib.decompressobj(-zlib.MAX_WBITS)  # which knows of no checksum
        self._piece: bytes | memoryview = b""

    def take(self, size: int) -> bytes:
        """Return the next bytes; fewer where there are no more, or they are damaged."""
        taken = []
        while size and not self._unpacker.eof:
            self._piece = self._piece or next(self._pieces, b"")
            if not self._piece:
                break
            try:
                unpacked = self._unpacker.decompress(self._piece, size)
            except zlib.error:
                self._piece, self._pieces = b"", iter(())
                break
            self._piece = self._unpacker.unconsumed_tail
            taken.append(unpacked)
            size -= len(unpacked)
        return b"".join(taken)


def _pieces(parts: Iterable[memoryview]) -> Iterator[memoryview]:
    """Yield what is packed piece by piece, without zlib's header; nothing where that is wrong."""
    head = b""
    for part in parts:
        missing = HEADER_BYTES - len(head)
        head += part[:missing]
        if len(head) == HEADER_BYTES and not _is_header(head):
            return
        for at in range(missing, len(part), PIECE_BYTES):
            yield part[at : at + PIECE_BYTES]


def _is_header(head: bytes) -> bool:
    """Say whether two bytes begin what zlib has packed without a dictionary (RFC 1950)."""
    return head[0] & 15 == zlib.DEFLATED and not head[1] & 32 and int.from_bytes(head) % 31 == 0
