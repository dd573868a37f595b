"""How much a HEIC or AVIF file makes its decoder do, by what its boxes tell (ISO/IEC 23008-12).

A picture may be put together of others: of tiles, of layers, or of one that is turned. A file of a
few kilobytes can ask for thousands of large ones, of which a small part is shown.
"""

import functools
import struct
from collections.abc import Iterator
from contextlib import suppress

from preprocessing.errors import TooCostlyImageError

# Tiles at the edges reach beyond a picture, and small pictures have large tiles.
MOST_DECODED_A_PIXEL = 2
FREE_PIXELS = 4_000_000
# More than any file has: a phone's picture of 48 megapixels has some 200 items.
MOST_ITEMS, MOST_BOXES, MOST_DEPTH = 4_000, 20_000, 4
_ITEM_PROPERTIES, _SIZE = b"ipco", b"ispe"


def check_derived(data: bytes) -> None:
    """Make sure that the parts of a picture have not many times its pixels.

    Boxes that make no sense are left to the decoder.

    Args:
        data: A HEIC or AVIF file.

    Raises:
        TooCostlyImageError: They have.
    """
    try:
        primary, sizes, parts = _read_items(data)
        shown = sizes.get(primary, 0)
        most = max(FREE_PIXELS, MOST_DECODED_A_PIXEL * shown)
        if _decoded_pixels(primary, sizes, parts, most=most) > most:
            raise TooCostlyImageError
    except (struct.error, IndexError, ValueError):
        return


def _decoded_pixels(
    item: int, sizes: dict[int, int], parts: dict[int, list[int]], *, most: int
) -> int:
    """Return how many pixels are decoded for an item, or some number above `most`."""

    @functools.cache  # many parts may be one item
    def decoded(item: int, depth: int) -> int:
        if item not in parts:
            return sizes.get(item, 0)
        if depth == MOST_DEPTH:
            return most + 1
        total = 0
        for part in parts[item]:
            total += decoded(part, depth + 1)
            if total > most:
                break
        return total

    return decoded(item, 0)


def _read_items(data: bytes) -> tuple[int, dict[int, int], dict[int, list[int]]]:
    """Return the primary item, the pixels of each item, and of which others each is made."""
    primary = 0
    sizes: dict[int, int] = {}
    parts: dict[int, list[int]] = {}
    for kind, start, end in _boxes(data, 0, len(data)):
        if kind != b"meta":
            continue
        for inner, first, last in _boxes(data, start + 4, end):
            if inner == b"pitm":
                primary = _number(data, first + 4, 4 if data[first] else 2)
            elif inner == b"iprp":
                sizes = _read_sizes(data, first, last)
            elif inner == b"iref":
                parts = _read_parts(data, first, last)
    return primary, sizes, parts


def _read_sizes(data: bytes, start: int, end: int) -> dict[int, int]:
    """Return the pixels of each item by its properties."""
    pixels: list[int] = []
    sizes: dict[int, int] = {}
    for kind, first, last in _boxes(data, start, end):
        if kind == _ITEM_PROPERTIES:
            pixels = [
                _number(data, at + 4, 4) * _number(data, at + 8, 4) if name == _SIZE else 0
                for name, at, _ in _boxes(data, first, last)
            ]
        elif kind == b"ipma":
            sizes |= _join_sizes(data[first:last], pixels)
    return sizes


def _join_sizes(data: bytes, pixels: list[int]) -> dict[int, int]:
    """Read which items have which properties, in a box; return the pixels of each."""
    id_bytes = 4 if data[0] else 2
    index_bytes = 2 if data[3] & 1 else 1
    at, sizes = 8, dict[int, int]()
    with suppress(IndexError):  # of a box that tells of more than it has, decoders take what it has
        for _ in range(min(_number(data, 4, 4), MOST_ITEMS)):
            item, count = _number(data, at, id_bytes), data[at + id_bytes]
            at += id_bytes + 1
            for _ in range(count):
                index = _number(data, at, index_bytes) & (0x7FFF if index_bytes == 2 else 0x7F)
                if 0 < index <= len(pixels) and pixels[index - 1]:
                    sizes[item] = pixels[index - 1]
                at += index_bytes
    return sizes


def _read_parts(data: bytes, start: int, end: int) -> dict[int, list[int]]:
    """Return of which items each is derived."""
    id_bytes = 4 if data[start] else 2
    parts: dict[int, list[int]] = {}
    for kind, first, last in _boxes(data, start + 4, end):
        if kind == b"dimg":
            box = data[first:last]
            at = id_bytes + 2
            count = min(_number(box, id_bytes, 2), (len(box) - at) // id_bytes)
            ids = [_number(box, at + id_bytes * each, id_bytes) for each in range(count)]
            parts.setdefault(_number(box, 0, id_bytes), []).extend(ids)
    return parts


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind of each box between two places, and where its content begins and ends."""
    for _ in range(MOST_BOXES):
        if start + 8 > end:
            return
        length, kind = struct.unpack_from(">L4s", data, start)
        head = 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, start + 8)
            head = 16
        stop = end if length == 0 else start + length
        if stop > end or stop < start + head:
            return
        yield kind, start + head, stop
        start = stop


def _number(data: bytes, at: int, length: int) -> int:
    number = data[at : at + length]
    if len(number) < length:
        raise IndexError
    return int.from_bytes(number, "big")
