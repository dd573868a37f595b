"""Unpack the runs of BMP files that leap over pixels, end early or go beyond their rows.

OpenCV refuses most of these, or fills what was leapt over by the first colour of the palette.
"""

import re

import numpy as np
from numpy.typing import NDArray

from preprocessing.images.formats.bmp_header import RLE4, BmpHeader
from preprocessing.images.formats.palette import look_up, unpack_indices

END_OF_ROW, END, LEAP = range(3)
LEAP_MARK = bytes((0, LEAP))
# How many pixels, never none, and which. Taken as they come, whatever follows.
_RUNS = re.compile(rb"(?:[^\0].)*+", re.DOTALL)


def unpack_runs(data: bytes, header: BmpHeader, start: int) -> NDArray[np.uint8]:
    """Unpack runs of 4 or 8 bits; pixels that none reaches are black, as in browsers.

    Args:
        data: The file.
        header: Of the bitmap.
        start: Where the runs begin.

    Returns:
        The samples, shape (height, width, 3).
    """
    indices = np.zeros((header.height, header.width), np.uint8)
    is_there = np.zeros(indices.shape, np.bool_)
    has_four_bits = header.packing == RLE4
    row = column = 0

    def put(pixels: NDArray[np.uint8]) -> int:
        end = min(header.width, column + len(pixels))
        indices[row, column:end] = pixels[: max(0, end - column)]
        is_there[row, column:end] = True
        return end

    at = start
    while row < header.height and at + 2 <= len(data):
        runs = _RUNS.match(data, at)
        if runs is not None and runs.end() > at:
            room = header.width - column
            column = put(_repeated(runs[0], room, has_four_bits=has_four_bits))
            at = runs.end()
            continue
        code = data[at + 1]
        at += 2
        if code == END_OF_ROW:
            row, column = row + 1, 0
        elif code == END:
            break
        elif code == LEAP:
            across, down = (data[at : at + 2] + bytes(2))[:2]
            row, column, at = row + down, min(header.width, column + across), at + 2
        else:
            length = (code + 1) // 2 if has_four_bits else code
            single = np.frombuffer(data[at : at + length], np.uint8)
            column = put(unpack_indices(single[None], 4)[0, :code] if has_four_bits else single)
            at += length + length % 2
    samples = look_up(indices, header.palette)
    samples[~is_there] = 0
    return samples if header.is_top_down else samples[::-1]


def _repeated(runs: bytes, room: int, *, has_four_bits: bool) -> NDArray[np.uint8]:
    """Return the pixels of some runs; where they are more than there is room for, not all."""
    counts, values = np.frombuffer(runs, np.uint8).reshape(-1, 2).T
    ends = np.cumsum(counts, dtype=np.int64)
    used = int(np.searchsorted(ends, room)) + 1
    counts, values, ends = counts[:used], values[:used], ends[:used]
    pixels = np.repeat(values, counts)
    if not has_four_bits:
        return pixels
    # Two pixels take turns within a run.
    within = np.arange(len(pixels)) - np.repeat(ends - counts, counts)
    return np.where(within % 2, pixels & 15, pixels >> 4)
