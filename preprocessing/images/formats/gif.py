"""Read GIF files: the first picture of an animation that is not empty, and nothing of comments."""

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice, tee

import numpy as np
from numpy.typing import NDArray

from preprocessing.errors import ImageDecodeError
from preprocessing.images.formats.first_visible import first_visible
from preprocessing.images.formats.palette import look_up
from preprocessing.images.formats.partial import decode_rows
from preprocessing.images.formats.raster import DAMAGED, Raster, check_size

_EXTENSION, _IMAGE, _CONTROL = 0x21, 0x2C, 0xF9
_HEAD_BYTES, _DESCRIPTOR_BYTES = 13, 10
_HAS_TABLE, _TRANSPARENT = 0x80, 0x01
# More blocks than any file, picture or comment has; to walk through millions would take long.
MOST_BLOCKS = 200_000


@dataclass(frozen=True)
class _Picture:
    """A picture of a file.

    Attributes:
        frame: left, top, width and height on the canvas.
        palette: Red, green and blue of each colour, one after the other.
        clear: The index of the transparent colour, or None.
        start: Where its descriptor begins in the file.
        data: Where the packed pixels begin.
        end: Where their last block begins: an empty one, or one that is cut short.
    """

    frame: tuple[int, int, int, int]
    palette: bytes
    clear: int | None
    start: int
    data: int
    end: int


def read_gif(data: bytes, *, max_pixels: int) -> Raster:
    """Read the first picture of a GIF file that is not empty, on a transparent canvas.

    Raises:
        ImageDecodeError: It is damaged, or more than a tenth of it is missing.
        ImageTooLargeError: It has too many pixels.
    """
    found, again = tee(_find_pictures(data))  # which walk through the file once
    read = first_visible(_read_picture(data, picture, max_pixels=max_pixels) for picture in found)
    return replace(read, is_one_of_several=_are_several(again))


def _are_several(pictures: Iterator[_Picture]) -> bool:
    """Say whether there is more than one; what lies beyond the longest walk does not count."""
    with suppress(ImageDecodeError):
        return len([*islice(pictures, 2)]) > 1
    return False


def _read_picture(data: bytes, picture: _Picture, *, max_pixels: int) -> Raster:
    left, top, width, height = picture.frame
    canvas_width, canvas_height = struct.unpack_from("<HH", data, 6)
    canvas_width, canvas_height = max(canvas_width, left + width), max(canvas_height, top + height)
    pixel_bytes = picture.end - picture.data
    check_size(width, height, max_pixels, pixel_bytes=pixel_bytes)
    check_size(canvas_width, canvas_height, max_pixels, pixel_bytes=pixel_bytes)
    indices, is_incomplete = decode_rows(_alone(data, picture))
    fills_canvas = (width, height) == (canvas_width, canvas_height)
    is_opaque = fills_canvas and picture.clear is None
    samples = look_up(indices, _colours(picture)[:, : 3 if is_opaque else 4])
    if not fills_canvas:
        canvas = np.zeros((canvas_height, canvas_width, 4), np.uint8)
        canvas[top : top + height, left : left + width] = samples
        samples = canvas
    return Raster(samples, is_incomplete=is_incomplete)


def _find_pictures(data: bytes) -> Iterator[_Picture]:
    """Walk through the blocks of a file, and yield its pictures."""
    palette, at = _table(data, _HEAD_BYTES, flags_at=10)
    clear = None
    for _ in range(MOST_BLOCKS):
        if at >= len(data):
            return
        if data[at] == _EXTENSION:
            if data[at + 1 : at + 3] == bytes((_CONTROL, 4)) and at + 7 <= len(data):
                clear = data[at + 6] if data[at + 3] & _TRANSPARENT else None
            at = _last_block(data, at + 2) + 1
        elif data[at] == _IMAGE and at + _DESCRIPTOR_BYTES <= len(data):
            frame = struct.unpack_from("<HHHH", data, at + 1)
            own_palette, pixels = _table(data, at + _DESCRIPTOR_BYTES, flags_at=at + 9)
            end = _last_block(data, pixels + 1)
            yield _Picture(frame, own_palette or palette, clear, at, pixels, end)
            clear, at = None, end + 1
        else:
            return
    raise ImageDecodeError(DAMAGED)


def _table(data: bytes, at: int, *, flags_at: int) -> tuple[bytes, int]:
    """Return a table of colours, empty where there is none, and where it ends."""
    if flags_at >= len(data) or not data[flags_at] & _HAS_TABLE:
        return b"", at
    end = at + 3 * 2 ** (1 + (data[flags_at] & 7))
    return data[at:end], end


def _last_block(data: bytes, at: int) -> int:
    """Return where the last of some blocks begins: an empty one, or one that is cut short."""
    for _ in range(MOST_BLOCKS):
        if at >= len(data) or data[at] == 0 or at + 1 + data[at] > len(data):
            return at
        at += 1 + data[at]
    raise ImageDecodeError(DAMAGED)


def _alone(data: bytes, picture: _Picture) -> bytes:
    """Return a file with the picture alone, its canvas no larger, its colours left out."""
    _, _, width, height = picture.frame
    is_interlaced = data[picture.start + 9] & 0x40
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0)
    descriptor = struct.pack("<BHHHHB", _IMAGE, 0, 0, width, height, is_interlaced)
    last = picture.end
    pixels = memoryview(data)[picture.data : last]
    rest = data[last + 1 : last + 256] if data[last : last + 1] != b"\0" else b""
    end = bytes((len(rest),)) * bool(rest) + rest + b"\0\x3b"
    return b"".join([head, descriptor, pixels, end])


def _colours(picture: _Picture) -> NDArray[np.uint8]:
    """Return red, green, blue and opacity of each of 256 indices."""
    colours = np.zeros((256, 4), np.uint8)
    table = np.frombuffer(picture.palette, np.uint8)
    count = len(table) // 3
    colours[:count, :3] = table[: 3 * count].reshape(-1, 3)
    colours[:, 3] = 255
    if picture.clear is not None:
        colours[picture.clear, 3] = 0
    return colours
