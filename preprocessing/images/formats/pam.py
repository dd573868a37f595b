"""Read the younger kin of PNM: PAM, with any channels, and PFM, with floating-point numbers."""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    rows = read_rows(data, header.end(), (height, width, channels), sample_type(largest))
    return to_raster(rows, height, largest)


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
    raster = to_raster(read_rows(data, header.end(), shape, sample), height, None)
    return Raster(raster.samples[::-1], is_incomplete=raster.is_incomplete)


def sample_type(largest: int) -> np.dtype[Any]:
    """Return how samples up to a value are stored."""
    return np.dtype(np.uint8 if largest < 256 else ">u2")


def read_rows(
    data: bytes, at: int, shape: tuple[int, int, int], sample: np.dtype[Any]
) -> NDArray[Any]:
    """Read whole rows, as many as there are.

    Args:
        data: The file.
        at: Where its samples begin.
        shape: Height, width and channels of the picture.
        sample: How samples are stored.

    Returns:
        Shape (rows, width) for one channel, or (rows, width, channels).
    """
    height, width, channels = shape
    a_row = width * channels
    rows = min(height, (len(data) - at) // (a_row * sample.itemsize))
    samples = np.frombuffer(data, sample, rows * a_row, at).reshape(rows, width, channels)
    samples = samples.astype(sample.newbyteorder("="))
    return samples[..., 0] if channels == 1 else samples


def to_raster(rows: NDArray[Any], height: int, largest: int | None) -> Raster:
    """Return a picture of the rows that are there.

    Args:
        rows: From above.
        height: Of the whole picture.
        largest: The value of white; None for floating point.

    Raises:
        ImageDecodeError: More than a tenth of it is missing.
    """
    missing = 1 - len(rows) / height
    check_missing(missing)
    samples = pad_rows(rows, height, white=largest or 1) if missing else rows
    # The largest value of 16 bits says nothing of the values that occur.
    said = None if largest == 65_535 else largest
    return Raster(samples, largest=said, is_incomplete=missing > 0)
