"""Read BMP files of Windows and OS/2: all their headers, bit depths and masks."""

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.errors import ImageDecodeError
from preprocessing.images.formats.bmp_colours import bmp_colours
from preprocessing.images.formats.bmp_header import (
    JPEG,
    MASKS,
    MASKS_WITH_OPACITY,
    PLAIN,
    PNG,
    RLE4,
    RLE8,
    BmpHeader,
    read_header,
)
from preprocessing.images.formats.bmp_runs import LEAP_MARK, unpack_runs
from preprocessing.images.formats.jpeg import read_jpeg
from preprocessing.images.formats.palette import look_up, unpack_indices
from preprocessing.images.formats.png import read_png
from preprocessing.images.formats.raster import DAMAGED, Raster, check_missing, check_size

HEADER_AT = 14
_STRIP_PIXELS = 1 << 20


def read_bmp(data: bytes, *, max_pixels: int) -> Raster:
    """Read a BMP file.

    Raises:
        ImageDecodeError: It is damaged, or more than a tenth of it is missing.
        ImageTooLargeError: It has too many pixels.
    """
    header = read_header(data, HEADER_AT)
    named = int.from_bytes(data[10:14], "little")
    start = named if header.end <= named < len(data) else header.end
    if header.packing in (JPEG, PNG):
        read = read_jpeg if header.packing == JPEG else read_png
        return read(data[start:], max_pixels=max_pixels)
    is_packed = header.packing in (RLE8, RLE4)
    pixel_bytes = len(data) - start if is_packed else header.row_bytes * header.height
    check_size(header.width, header.height, max_pixels, pixel_bytes=pixel_bytes)
    if is_packed:
        return Raster(_unpack_runs(data, header, start), colours=bmp_colours(data, HEADER_AT))
    if header.packing not in (PLAIN, MASKS, MASKS_WITH_OPACITY):
        raise ImageDecodeError(DAMAGED)
    samples, missing = read_pixels(data, header, start)
    colours = bmp_colours(data, HEADER_AT)
    return Raster(samples, colours=colours, is_incomplete=missing > 0)


def read_pixels(data: bytes, header: BmpHeader, start: int) -> tuple[NDArray[np.uint8], float]:
    """Read pixels that are not packed.

    Args:
        data: The file.
        header: Of the bitmap.
        start: Where the pixels begin.

    Returns:
        The samples, shape (height, width, 3 or 4), and the fraction of the rows that is missing.

    Raises:
        ImageDecodeError: More than a tenth of the rows is missing.
    """
    there = min(header.height, max(0, len(data) - start) // header.row_bytes)
    missing = 1 - there / header.height
    check_missing(missing)
    rows = np.frombuffer(data, np.uint8, there * header.row_bytes, start)
    rows = rows.reshape(there, header.row_bytes)
    channels = 4 if header.masks[3] else 3
    samples = np.full((header.height, header.width, channels), 255, np.uint8)
    at_once = max(1, _STRIP_PIXELS // header.width)
    for first in range(0, there, at_once):
        strip = _colours(rows[first : first + at_once], header)
        if header.is_top_down:
            samples[first : first + len(strip)] = strip
        else:
            end = header.height - first
            samples[end - len(strip) : end] = strip[::-1]
    return samples, missing


def _colours(rows: NDArray[np.uint8], header: BmpHeader) -> NDArray[np.uint8]:
    """Return the colours of some rows of bytes, in RGB or RGBA."""
    width, depth = header.width, header.depth
    if depth <= 8:
        return look_up(unpack_indices(rows, depth)[:, :width], header.palette)
    if depth == 24:
        return rows[:, : 3 * width].reshape(-1, width, 3)[..., ::-1]
    if depth == 32 and header.has_bytes:
        pixels = rows[:, : 4 * width].reshape(-1, width, 4)
        return pixels[..., [2, 1, 0, 3] if header.masks[3] else [2, 1, 0]]
    values = rows.view("<u2" if depth == 16 else "<u4")[:, :width]
    masks = header.masks if header.masks[3] else header.masks[:3]
    return np.stack([_channel(values, mask) for mask in masks], axis=-1)


def _channel(values: NDArray[np.unsignedinteger], mask: int) -> NDArray[np.uint8]:
    """Return the bits under a mask, scaled to 255."""
    if mask == 0:
        return np.zeros(values.shape, np.uint8)
    shift = (mask & -mask).bit_length() - 1
    bits = values.astype(np.uint32) >> np.uint32(shift) & np.uint32(mask >> shift)
    scaled = bits * (255 / (mask >> shift))
    return np.asarray(scaled.round(), dtype=np.uint8)


def _unpack_runs(data: bytes, header: BmpHeader, start: int) -> NDArray[np.uint8]:
    """Unpack runs by OpenCV, which takes a tenth of the time, unless they leap or it refuses."""
    if data.find(LEAP_MARK, start) < 0:
        samples = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
        if samples is not None:
            return np.asarray(samples, dtype=np.uint8)
    if header.depth != {RLE8: 8, RLE4: 4}[header.packing]:
        raise ImageDecodeError(DAMAGED)
    return unpack_runs(data, header, start)
