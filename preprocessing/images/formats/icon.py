"""Read icons and cursors: the largest picture in the file."""

import struct
from dataclasses import replace

import numpy as np

from preprocessing.errors import ImageDecodeError
from preprocessing.images.formats.bmp import read_pixels
from preprocessing.images.formats.bmp_header import OPACITY_MASK, PLAIN, read_header
from preprocessing.images.formats.png import read_png
from preprocessing.images.formats.png_chunks import SIGNATURE
from preprocessing.images.formats.raster import DAMAGED, Raster, check_size

_HEAD_BYTES, _ENTRY_BYTES = 6, 16
_ICON = 1
# An entry says 0 for it, and for what is larger.
_LARGEST_PX = 256


def read_icon(data: bytes, *, max_pixels: int) -> Raster:
    """Read the largest picture of an ICO or CUR file; of several as large the one of most colours.

    Raises:
        ImageDecodeError: It is damaged.
        ImageTooLargeError: It has too many pixels.
    """
    kind, count = struct.unpack_from("<HH", data, 2)
    entries = [
        _read_entry(data, _HEAD_BYTES + _ENTRY_BYTES * index, is_icon=kind == _ICON)
        for index in range(count)
        if _HEAD_BYTES + _ENTRY_BYTES * (index + 1) <= len(data)
    ]
    if not entries:
        raise ImageDecodeError(DAMAGED)
    *_, size, start = max(entries)
    picture = data[start : start + size]
    if picture.startswith(SIGNATURE):
        return read_png(picture, max_pixels=max_pixels)
    return _read_bitmap(picture, max_pixels)


def _read_entry(data: bytes, at: int, *, is_icon: bool) -> tuple[int, int, int, int]:
    """Return how many pixels a picture has, of how many bits, how many bytes, where they begin."""
    width, height, bits, size, start = struct.unpack_from("<BB4xHLL", data, at)
    # Cursors have the place of their tip there.
    return (width or _LARGEST_PX) * (height or _LARGEST_PX), bits * is_icon, size, start


def _read_bitmap(data: bytes, max_pixels: int) -> Raster:
    """Read a bitmap whose height counts a mask of opacity below it."""
    header = read_header(data, 0)
    height = header.height // 2
    check_size(header.width, height, max_pixels)
    if header.packing != PLAIN:
        raise ImageDecodeError(DAMAGED)
    masks = (*header.masks[:3], OPACITY_MASK if header.depth == 32 else 0)
    header = replace(header, height=height, masks=masks)
    samples, _ = read_pixels(data, header, header.end)
    if header.depth == 32 and samples[..., 3].any():
        return Raster(samples)
    mask_at = header.end + height * header.row_bytes
    palette = np.zeros((256, 3), np.uint8)
    palette[0] = 255  # a bit that is set hides
    mask_header = replace(header, depth=1, masks=(0, 0, 0, 0), palette=palette)
    if len(data) < mask_at + height * mask_header.row_bytes:
        return Raster(samples[..., :3])
    opacity, _ = read_pixels(data, mask_header, mask_at)
    return Raster(np.dstack([samples[..., :3], opacity[..., :1]]))
