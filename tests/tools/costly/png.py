"""PNG files, and icons and bitmaps with PNG inside, that are costly to decode."""

import struct
import zlib

from tests.tools.costly.tiff_tags import same_bytes_again
from tests.tools.costly.zeros import packed_zeros

SIDE_PX = 7_000
GREY, RGB, PALETTE, RGBA = 0, 2, 3, 6
_CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, RGBA: 4}
_SIGNATURE, _END = b"\x89PNG\r\n\x1a\n", b"\0\0\0\0IEND\xaeB`\x82"
HUNDREDS_OF_MEGABYTES = 600


def pngs() -> dict[str, bytes]:
    """Return one file of each kind."""
    bomb = packed_zeros(HUNDREDS_OF_MEGABYTES * 1_000_000)
    pixels = chunk(b"IDAT", packed_zeros(8 * 25))
    large = packed_zeros(SIDE_PX * (1 + 3 * SIDE_PX))
    header = _header(8, 8)
    before = {
        "PNG whose profile unpacks to 600 MB": chunk(b"iCCP", b"x\0\0" + bomb),
        "PNG whose text unpacks to 600 MB": chunk(b"zTXt", b"Comment\0\0" + bomb),
        "PNG whose XMP unpacks to 600 MB": chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + bomb),
        "PNG whose EXIF text unpacks to 600 MB": chunk(
            b"zTXt", b"Raw profile type exif\0\0" + bomb
        ),
        "PNG whose tags share their bytes": chunk(b"eXIf", same_bytes_again(15_000, 185_000)),
        "PNG of 300,000 texts with wrong checksums": chunk(b"tEXt", b"a\0bbbbbbbb", checksum=1)
        * 300_000,
        "PNG of 800,000 empty chunks": chunk(b"tIME", b"") * 800_000,
        "PNG of 200,000 frames": chunk(b"acTL", struct.pack(">LL", 2**31 - 1, 0))
        + chunk(b"fcTL", struct.pack(">LLLLLHHBB", 0, 8, 8, 0, 0, 1, 1, 0, 0)) * 200_000,
    }
    return {
        **{name: png(header, part, pixels) for name, part in before.items()},
        "PNG whose pixels unpack to 600 MB": png(header, chunk(b"IDAT", bomb)),
        "PNG in chunks of a byte": png(
            _header(SIDE_PX, SIDE_PX), *(chunk(b"IDAT", bytes([byte])) for byte in large)
        ),
        "PNG of 999,999 columns and 49 rows": png(
            _header(999_999, 49), chunk(b"IDAT", packed_zeros(49 * (1 + 3 * 999_999)))
        ),
        "PNG of 58 bytes and 49 megapixels": png(_header(SIDE_PX, SIDE_PX), chunk(b"IDAT", b"x")),
        "PNG, cut": png(_header(SIDE_PX, SIDE_PX), chunk(b"IDAT", large[: len(large) // 2])),
        "PNG whose checksum is wrong": png(
            _header(SIDE_PX, SIDE_PX), chunk(b"IDAT", large[:-4] + b"none")
        ),
        "PNG, interlaced": _flat(8, RGBA, interlaced=True),
        "PNG of four channels of 16 bits and much rubbish": _flat(
            16, RGBA, before=chunk(b"tEXt", b"Comment\0" + bytes(9_000_000))
        ),
        "PNG of three channels of 16 bits": _flat(16, RGB),
        "PNG of four channels": _flat(8, RGBA),
        "PNG of one channel of 16 bits": _flat(16, GREY),
        "ICO with a large PNG": _icon(_flat(16, RGBA)),
        "BMP with a large PNG": _bitmap(_flat(16, RGBA)),
    }


def png(*chunks: bytes) -> bytes:
    """Put chunks together to a file."""
    return b"".join([_SIGNATURE, *chunks, _END])


def chunk(name: bytes, content: bytes, *, checksum: int | None = None) -> bytes:
    """Return a chunk, by default with its right checksum."""
    checksum = zlib.crc32(name + content) if checksum is None else checksum
    return struct.pack(">L", len(content)) + name + content + struct.pack(">L", checksum)


def _header(
    width: int, height: int, *, depth: int = 8, kind: int = RGB, interlaced: bool = False
) -> bytes:
    fields = struct.pack(">LLBBBBB", width, height, depth, kind, 0, 0, interlaced)
    return chunk(b"IHDR", fields)


def _flat(depth: int, kind: int, *, interlaced: bool = False, before: bytes = b"") -> bytes:
    """Return a black picture of 49 megapixels; some chunks may come before the pixels."""
    row_bytes = 1 + SIDE_PX * _CHANNELS[kind] * depth // 8
    passes = 2 if interlaced else 1  # seven passes have fewer rows than twice the picture
    pixels = packed_zeros(SIDE_PX * row_bytes * passes)
    header = _header(SIDE_PX, SIDE_PX, depth=depth, kind=kind, interlaced=interlaced)
    return png(header, before, chunk(b"IDAT", pixels))


def _icon(picture: bytes) -> bytes:
    entry = struct.pack("<BBBBHHLL", 0, 0, 0, 0, 1, 32, len(picture), 22)
    return struct.pack("<HHH", 0, 1, 1) + entry + picture


def _bitmap(picture: bytes) -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, 8, 8, 1, 0, 5, len(picture), 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(picture), 0, 0, 54) + header + picture
