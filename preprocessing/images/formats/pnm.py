"""Read portable bitmaps, greymaps and pixmaps (PBM, PGM, PPM), as data sets of faces have them.

Their younger kin, PAM and PFM, are read in `pam.py`.
"""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocessing.errors import ImageDecodeError
from preprocessing.images.formats.pam import read_pam, read_pfm, read_rows, sample_type, to_raster
from preprocessing.images.formats.raster import DAMAGED, Raster, check_size

_NUMBER = re.compile(rb"(?:[ \t\r\n]|#[^\r\n]*[\r\n])*(\d{1,10})")
# Longest run of spaces and comments before a number.
MOST_HEADER_BYTES = 4_096
_COMMENT = re.compile(rb"#[^\r\n]*")
_FLOATING = (b"PF", b"Pf")
_BITMAPS, _PIXMAPS, _TEXTS = (b"P1", b"P4"), (b"P3", b"P6"), (b"P1", b"P2", b"P3")


def read_pnm(data: bytes, *, max_pixels: int) -> Raster:
    """Read a PBM, PGM or PPM file, as text or as bytes, or a PAM or PFM file.

    Raises:
        ImageDecodeError: It is damaged, or more than a tenth of it is missing.
        ImageTooLargeError: It has too many pixels.
        UnsupportedImageError: It is a PAM file with more than four channels.
    """
    kind = data[:2]
    if kind == b"P7":
        return read_pam(data, max_pixels=max_pixels)
    if kind in _FLOATING:
        return read_pfm(data, max_pixels=max_pixels)
    numbers, at = _header(data, 2 if kind in _BITMAPS else 3)
    width, height = numbers[:2]
    largest = 1 if kind in _BITMAPS else numbers[2]
    check_size(width, height, max_pixels, pixel_bytes=len(data) - at)
    if not 0 < largest < 65_536:
        raise ImageDecodeError(DAMAGED)
    if kind in _TEXTS:
        shape = (height, width, 3) if kind in _PIXMAPS else (height, width)
        rows = _read_text(data, at, kind, shape)
    elif kind in _BITMAPS:
        rows = _read_bits(data, at + 1, width, height)
    else:
        channels = 3 if kind in _PIXMAPS else 1
        rows = read_rows(data, at + 1, (height, width, channels), sample_type(largest))
    if kind in _BITMAPS:
        rows = 1 - rows  # one is black
    return to_raster(rows, height, largest)


def _header(data: bytes, count: int) -> tuple[list[int], int]:
    numbers, at = [], 2
    for _ in range(count):
        found = _NUMBER.match(data, at, at + MOST_HEADER_BYTES)
        if found is None:
            raise ImageDecodeError(DAMAGED)
        numbers.append(int(found[1]))
        at = found.end()
    return numbers, at


def _read_bits(data: bytes, at: int, width: int, height: int) -> NDArray[np.uint8]:
    """Read whole rows of one bit a pixel, as many as there are."""
    row_bytes = (width + 7) // 8
    rows = min(height, (len(data) - at) // row_bytes)
    packed = np.frombuffer(data, np.uint8, rows * row_bytes, at).reshape(rows, row_bytes)
    return np.unpackbits(packed, axis=1, count=width)


def _read_text(data: bytes, at: int, kind: bytes, shape: tuple[int, ...]) -> NDArray[Any]:
    text = _COMMENT.sub(b"", data[at:])
    if kind in _BITMAPS:  # may stand without spaces between
        numbers = np.frombuffer(bytes(text.translate(None, b" \t\r\n\f\v")), np.uint8) - ord("0")
    else:
        numbers = np.fromstring(text, np.uint16, sep=" ")
    a_row = int(np.prod(shape[1:]))
    rows = min(shape[0], len(numbers) // a_row)
    return numbers[: rows * a_row].reshape(rows, *shape[1:])
