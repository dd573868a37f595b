"""Read the younger kin of PNM: PAM, with any channels, and PFM, with floating-point numbers."""

import re
from typing import Any

import numpy as np

from preprocessing.errors import ImageDecodeError, UnsupportedImageError
from preprocessing.images.formats.raster import (
    DAMAGED,
    Raster,
    check_missing,
    check_size,
    pad_rows,
)

MOST_HEADER_BYTES = 4_096
_HEADER = re.compile(rb"P7\s+(.*?)^ENDHDR[ \t]*\n", re.DOTALL | re.MULTILINE)
_LINE = re.compile(rb"^[ \t]*(WIDTH|HEIGHT|DEPTH|MAXVAL)[ \t]+(\d{1,10})\s*$", re.MULTILINE)
_FLOATS = re.compile(rb"P([Ff])\s+(\d{1,10})\s+(\d{1,10})\s+(-?)[0-9.eE+-]{1,40}\s")
_NAMES = (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL")
_MOST_CHANNELS = 4


def read_pam(data: bytes, *, max_pixels: int) -> Raster:
    """Read a PAM file: grey or RGB, with or without opacity.

    Raises:
        ImageDecodeError: It is damaged, or more than a tenth of it is missing.
        ImageTooLargeError: It has too many pixels.
        UnsupportedImageError: It has more than four channels.
    """
    header = _HEADER.match(data, 0, MOST_HEADER_BYTES)
    said = dict(_LINE.findall(header[1])) if header else {}
    if header is None or not said.keys() >= {*_NAMES}:
        raise ImageDecodeError(DAMAGED)
    width, height, channels, largest = (int(said[name]) for name in _NAMES)
    check_size(width, height, max_pixels, pixel_bytes=len(data) - header.end())
    if not 1 <= channels <= _MOST_CHANNELS:
        raise UnsupportedImageError(
            f"PAM files with {channels} channels are not read. Save the picture as PNG."
        )
    if not 0 < largest < 65_536:
        raise ImageDecodeError(DAMAGED)
    sample = np.dtype(np.uint8 if largest < 256 else ">u2")
    return _read(data, header.end(), (height, width, channels), sample, largest)


def read_pfm(data: bytes, *, max_pixels: int) -> Raster:
    """Read a PFM file, whose first row is the lowest.

    Raises:
        ImageDecodeError: It is damaged, or more than a tenth of it is missing.
        ImageTooLargeError: It has too many pixels.
    """
    header = _FLOATS.match(data, 0, MOST_HEADER_BYTES)
    if header is None:
        raise ImageDecodeError(DAMAGED)
    width, height = int(header[2]), int(header[3])
    check_size(width, height, max_pixels, pixel_bytes=len(data) - header.end())
    shape = (height, width, 3 if header[1] == b"F" else 1)
    # The sign of the scale tells the order of bytes.
    sample = np.dtype("<f4" if header[4] else ">f4")
    raster = _read(data, header.end(), shape, sample, None)
    return Raster(raster.samples[::-1], is_incomplete=raster.is_incomplete)


def _read(
    data: bytes, at: int, shape: tuple[int, int, int], sample: np.dtype[Any], largest: int | None
) -> Raster:
    """Read whole rows, as many as there are."""
    height, width, channels = shape
    a_row = width * channels
    rows = min(height, (len(data) - at) // (a_row * sample.itemsize))
    missing = 1 - rows / height
    check_missing(missing)
    samples = np.frombuffer(data, sample, rows * a_row, at).reshape(rows, width, channels)
    samples = samples.astype(sample.newbyteorder("="))
    if channels == 1:
        samples = samples[..., 0]
    if missing:
        samples = pad_rows(samples, height, white=largest or 1)
    # Of 16 bits at most, which says nothing of what is in them.
    said = None if largest == 65_535 else largest
    return Raster(samples, largest=said, is_incomplete=missing > 0)
