"""TIFF files that are costly to decode."""

import io
import struct
import zlib

from PIL import Image

from tests.tools.costly.tiff_tags import (
    HEADER_BYTES,
    LONG,
    SHORT,
    pixel_entries,
    same_bytes_again,
    tiff_file,
)

SIDE_PX, TILE_PX = 7_000, 30_000
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
        "TIFF of one large tile": _one_tile(),
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


def _one_tile() -> bytes:
    packer = zlib.compressobj(9)
    row = bytes(TILE_PX)
    tile = b"".join([packer.compress(row) for _ in range(TILE_PX)] + [packer.flush()])
    entries = [
        entry
        for entry in pixel_entries(64, 64, packing=DEFLATED, length=0)
        if entry[0] not in (273, 278, 279)
    ]
    tiles = [
        (322, LONG, 1, TILE_PX),
        (323, LONG, 1, TILE_PX),
        (324, LONG, 1, HEADER_BYTES),
        (325, LONG, 1, len(tile)),
        (284, SHORT, 1, 1),
    ]
    return tiff_file(entries + tiles, tile)


def _same_strip(strips: int, length: int) -> bytes:
    """Return a picture of a row for each strip, and all strips are the same bytes."""
    packed = zlib.compress(bytes(64)).ljust(length, b"\0")
    offsets = struct.pack("<L", HEADER_BYTES) * strips
    counts = struct.pack("<L", length) * strips
    entries = [
        entry
        for entry in pixel_entries(64, strips, packing=DEFLATED, length=length)
        if entry[0] not in (273, 278, 279)
    ]
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
