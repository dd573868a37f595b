"""TIFF files that are costly to decode."""

import io
import struct
import zlib

from PIL import Image

from tests.tools.costly.tiff_tags import (
    HEADER_BYTES,
    LONG,
    SHORT,
    Entry,
    pixel_entries,
    same_bytes_again,
    tiff_file,
)
from tests.tools.costly.zeros import packed_zeros

SIDE_PX, TILE_PX = 7_000, 30_000
# Of a tile for which there is memory if rubbish passes for detail.
LESS_PX = 15_000
DEFLATED, FAX = 8, 4


def tiffs() -> dict[str, bytes]:
    """Return one file of each kind."""
    small = zlib.compress(bytes(64 * 64))
    ordinary = pixel_entries(64, 64, packing=DEFLATED, length=len(small))
    strips = [(273, LONG, 250_000, HEADER_BYTES), (279, LONG, 250_000, HEADER_BYTES)]
    many = [entry for entry in ordinary if entry[0] not in (273, 279)] + strips
    endless = [(tag, kind, 2**32 - 1, value) for tag, kind, _, value in strips]
    few = [entry for entry in many if entry[0] not in (273, 279)]
    fax = pixel_entries(SIDE_PX, SIDE_PX, packing=FAX, length=2_000_000, bits=1)
    channels = pixel_entries(SIDE_PX, SIDE_PX, packing=1, length=100, channels=60_000)
    return {
        "TIFF of one large tile": _one_tile(TILE_PX),
        "TIFF of one large tile and much rubbish": _one_tile(LESS_PX, rubbish=8_000_000),
        "TIFF of 190,000 small tiles": _small_tiles(),
        "TIFF of 16 channels apart, with the same bytes": _channels_apart(),
        "TIFF of floating point by its differences": _floating_differences(),
        "TIFF of directories in a ring": tiff_file(
            ordinary, small, following=HEADER_BYTES + len(small)
        ),
        "TIFF whose tags share their bytes": same_bytes_again(
            15_000, 185_000, also=pixel_entries(64, 64, packing=1, length=4_096)
        ),
        "TIFF of 250,000 strips": tiff_file(many, bytes(1_000_000)),
        "TIFF of four milliard strips": tiff_file(few + endless, bytes(1_000_000)),
        "TIFF of 60,000 channels": tiff_file(channels, bytes(100)),
        "TIFF of fax": tiff_file(fax, bytes(2_000_000)),
        "TIFF of 60,000 strips of the same megabyte": _same_strip(60_000, 1_000_000),
        "TIFF of one row": tiff_file(
            pixel_entries(9_000_000, 1, packing=1, length=9_000_000), bytes(9_000_000)
        ),
        "TIFF of one column": tiff_file(
            pixel_entries(1, 9_000_000, packing=1, length=9_000_000), bytes(9_000_000)
        ),
        **{f"TIFF by {packing}": _flat(packing) for packing in ("tiff_lzw", "zstd", "jpeg")},
    }


def _one_tile(tile_px: int, *, rubbish: int = 0) -> bytes:
    tile = packed_zeros(tile_px**2) + bytes(rubbish)
    side = 1_000 if rubbish else 64  # or it would pass for no detail
    entries = _without_strips(pixel_entries(side, side, packing=DEFLATED, length=0))
    tiles = [
        (322, LONG, 1, tile_px),
        (323, LONG, 1, tile_px),
        (324, LONG, 1, HEADER_BYTES),
        (325, LONG, 1, len(tile)),
        (284, SHORT, 1, 1),
    ]
    return tiff_file(entries + tiles, tile)


def _small_tiles() -> bytes:
    """Return a picture of 49 megapixels whose tiles are all the same bytes."""
    side, tile = 16, zlib.compress(bytes(16 * 16 * 3))
    count = (-(-SIDE_PX // side)) ** 2
    at = HEADER_BYTES + len(tile)
    offsets, counts = struct.pack("<L", HEADER_BYTES), struct.pack("<L", len(tile))
    entries = [
        *_without_strips(pixel_entries(SIDE_PX, SIDE_PX, packing=DEFLATED, length=0, channels=3)),
        *((322, LONG, 1, side), (323, LONG, 1, side)),
        *((324, LONG, count, at), (325, LONG, count, at + 4 * count)),
    ]
    return tiff_file(entries, tile + offsets * count + counts * count)


def _channels_apart() -> bytes:
    """Return a picture of 49 megapixels whose channels are all the same bytes."""
    packed, channels = packed_zeros(2 * SIDE_PX**2), 16
    at = HEADER_BYTES + len(packed)
    offsets, counts = struct.pack("<L", HEADER_BYTES), struct.pack("<L", len(packed))
    pixels = pixel_entries(SIDE_PX, SIDE_PX, packing=DEFLATED, length=0, channels=channels, bits=16)
    entries = [
        *_without_strips(pixels),
        *((273, LONG, channels, at), (278, LONG, 1, SIDE_PX)),
        *((279, LONG, channels, at + 4 * channels), (284, SHORT, 1, 2)),
    ]
    return tiff_file(entries, packed + offsets * channels + counts * channels)


def _floating_differences() -> bytes:
    """Return a picture of 9 megapixels whose bytes are told plane by plane, as differences."""
    side, bits = 3_000, 32
    packed = packed_zeros(side**2 * bits // 8)
    pixels = pixel_entries(side, side, packing=DEFLATED, length=len(packed), bits=bits)
    return tiff_file([*pixels, (317, SHORT, 1, 3), (339, SHORT, 1, 3)], packed)


def _without_strips(entries: list[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry[0] not in (273, 278, 279)]


def _same_strip(strips: int, length: int) -> bytes:
    """Return a picture of a row for each strip, and all strips are the same bytes."""
    packed = zlib.compress(bytes(64)).ljust(length, b"\0")
    offsets = struct.pack("<L", HEADER_BYTES) * strips
    counts = struct.pack("<L", length) * strips
    entries = _without_strips(pixel_entries(64, strips, packing=DEFLATED, length=length))
    at = HEADER_BYTES + length
    placed = [
        (273, LONG, strips, at),
        (278, LONG, 1, 1),
        (279, LONG, strips, at + len(offsets)),
    ]
    return tiff_file(entries + placed, packed + offsets + counts)


def _flat(packing: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (SIDE_PX, SIDE_PX)).save(buffer, "TIFF", compression=packing)
    return buffer.getvalue()
