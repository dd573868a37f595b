"""GIF, BMP and PNM files that are costly to decode."""

import struct

SIDE_PX = 7_000
# Pixels of a GIF of 8 x 8 that end at once.
_NO_PIXELS = b"\x02\x02\x4c\x01\x00"


def gifs() -> dict[str, bytes]:
    """Return one file of each kind."""
    frame = _frame(0, 0, 8, 8, _NO_PIXELS)
    # Of 3 bits each, codes that say nothing but to begin anew.
    clear = b"\x02" + (b"\xff" + b"\x24\x49\x92" * 85) * 35_000 + b"\0"
    return {
        "GIF with a comment of nine megabytes": _gif(
            8, b"\x21\xfe" + (b"\xff" + b"A" * 255) * 35_000 + b"\0" + frame
        ),
        "GIF with a comment in blocks of a byte": _gif(
            8, b"\x21\xfe" + b"\1A" * 4_500_000 + b"\0" + frame
        ),
        "GIF of a million extensions": _gif(8, b"\x21\xf9\4\0\0\0\0\0" * 1_000_000 + frame),
        "GIF of 500,000 frames": _gif(8, frame * 500_000),
        "GIF of a small frame on a large canvas": _gif(SIDE_PX, frame),
        "GIF of a frame far from its canvas": _gif(8, _frame(65_000, 700, 8, 8, _NO_PIXELS)),
        "GIF of codes that say nothing": _gif(SIDE_PX, _frame(0, 0, SIDE_PX, SIDE_PX, clear)),
        "GIF, interlaced and cut": _gif(
            SIDE_PX, _frame(0, 0, SIDE_PX, SIDE_PX, clear[:500_000], interlaced=True)
        ),
    }


def bmps() -> dict[str, bytes]:
    """Return one file of each kind."""
    leap, step, end = bytes([0, 2, 255, 255]), bytes([1, 1]), b"\0\1"
    return {
        "BMP of leaps": _bmp(4_000_000, 1, packing=1, body=leap),
        "BMP of leaps, square": _bmp(SIDE_PX, SIDE_PX, packing=1, body=leap * 1_000 + end),
        "BMP of leaps to nowhere": _bmp(
            SIDE_PX, SIDE_PX, packing=1, body=bytes((0, 2, 0, 0)) * 2_400_000
        ),
        "BMP of runs of one pixel": _bmp(3_000, 3_000, packing=1, body=step * 4_500_000 + end),
        "BMP of long runs": _bmp(
            SIDE_PX, SIDE_PX, packing=1, body=bytes([255, 1]) * 2_000_000 + end
        ),
        "BMP of 54 bytes and 49 megapixels": _bmp(SIDE_PX, SIDE_PX, depth=24, body=b""),
        "BMP of a height that has no opposite": _bmp(SIDE_PX, -(2**31), depth=24, body=b""),
        "BMP of one bit": _bmp(SIDE_PX, SIDE_PX, depth=1, body=bytes(SIDE_PX * 876)),
    }


def pnms() -> dict[str, bytes]:
    """Return one file of each kind."""
    return {
        "PPM of text": b"P3 1800 1800 255\n" + b"9 " * 4_900_000,
        "PBM of text": b"P1 3000 3000\n" + b"1" * 9_000_000,
        "PPM with a comment of nine megabytes": b"P6 #" + b"a" * 9_000_000 + b"\n7 7 255\n",
        "PGM of one column": b"P5 1 9000000 100\n" + bytes(9_000_000),
        "PPM of 17 bytes and 49 megapixels": b"P6 7000 7000 255\n",
    }


def _gif(side: int, blocks: bytes) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + bytes(6) + blocks + b"\x3b"


def _frame(
    left: int, top: int, width: int, height: int, pixels: bytes, *, interlaced: bool = False
) -> bytes:
    return b"\x2c" + struct.pack("<HHHHB", left, top, width, height, 0x40 * interlaced) + pixels


def _bmp(width: int, height: int, *, body: bytes, packing: int = 0, depth: int = 8) -> bytes:
    palette = bytes(1024) if depth <= 8 else b""
    start = 54 + len(palette)
    colours = 256 if depth <= 8 else 0
    header = struct.pack(
        "<IiiHHIIiiII", 40, width, height, 1, depth, packing, len(body), 0, 0, colours, 0
    )
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + header + palette + body
