"""Take a PNG file apart: what its pixels need, and what its metadata says."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from preprocessing.errors import ImageDecodeError
from preprocessing.images.formats.png_animation import NAMES, Animation, Frame
from preprocessing.images.formats.raster import DAMAGED

GREY, RGB, PALETTE, GREY_AND_OPACITY, RGB_AND_OPACITY = 0, 2, 3, 4, 6
SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Compressed metadata is unpacked up to here.
MOST_PROFILE_BYTES = 4_000_000
MOST_TEXT_BYTES = 200_000
# More chunks than any file has; to walk through millions would take long.
MOST_CHUNKS = 200_000
# Which depths each type of colour may have.
_DEPTHS = {
    *((GREY, depth) for depth in (1, 2, 4, 8, 16)),
    *((PALETTE, depth) for depth in (1, 2, 4, 8)),
    *((kind, depth) for kind in (RGB, GREY_AND_OPACITY, RGB_AND_OPACITY) for depth in (8, 16)),
}
_KEPT = (
    b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"cLLI", b"mDCV",
    b"eXIf",
)  # fmt: skip
_EXIF_TEXT = (b"Raw profile type exif\0", b"Raw profile type APP1\0")
_XMP_TEXT = b"XML:com.adobe.xmp\0"


@dataclass
class PngChunks:
    """A PNG file taken apart.

    Attributes:
        width: In pixels.
        height: Likewise.
        depth: Bits of a sample.
        colour_type: GREY, RGB, PALETTE, GREY_AND_OPACITY or RGB_AND_OPACITY.
        is_interlaced: Whether the pixels come in seven passes.
        chunks: The contents of those chunks that matter, by name.
        pixels: The contents of the chunks with pixels.
        exif: An EXIF block that was kept as text.
        xmp: An XMP packet.
        frames: The first frames of an animation; None for these pixels, which a still picture has
            alone.
    """

    width: int = 0
    height: int = 0
    depth: int = 0
    colour_type: int = 0
    is_interlaced: bool = False
    chunks: dict[bytes, bytes] = field(default_factory=dict)
    pixels: list[memoryview] = field(default_factory=list)
    exif: bytes = b""
    xmp: bytes = b""
    frames: tuple[Frame | None, ...] = (None,)


def read_chunks(data: bytes) -> PngChunks:
    """Walk through the chunks of a PNG file.

    What tells how colours are meant counts before the pixels only, as in browsers.

    Checksums are not looked at: browsers show pictures whose metadata has wrong ones, and wrong
    pixels show themselves.

    Raises:
        ImageDecodeError: It has no header or no pixels, or far too many chunks.
    """
    found, animation = PngChunks(), Animation()
    for count, (name, start, end) in enumerate(_walk(data)):
        if count == MOST_CHUNKS:
            raise ImageDecodeError(DAMAGED)
        if name == b"IEND":
            break
        if name == b"IDAT":
            found.pixels.append(memoryview(data)[start:end])
        elif name in _KEPT and (name == b"eXIf" or not found.pixels):
            found.chunks.setdefault(name, data[start:end])
        elif name in NAMES:
            is_before_picture = not found.pixels
            animation.note(name, memoryview(data)[start:end], is_before_picture=is_before_picture)
        elif name in (b"zTXt", b"tEXt", b"iTXt"):
            _note_text(found, name, data, start, end)
    header = found.chunks.get(b"IHDR", b"")
    if len(header) != 13 or not found.pixels:
        raise ImageDecodeError(DAMAGED)
    found.width, found.height, found.depth, found.colour_type = struct.unpack(">LLBB", header[:10])
    found.is_interlaced = header[12] == 1
    if (found.colour_type, found.depth) not in _DEPTHS:
        raise ImageDecodeError(DAMAGED)
    found.frames = animation.frames(found.width, found.height)
    return found


def inflate(data: bytes, most: int) -> bytes:
    """Unpack what zlib has packed, no more than `most` bytes; nothing where it is damaged."""
    try:
        return zlib.decompressobj().decompress(data, most)
    except zlib.error:
        return b""


def png_file(
    width: int, height: int, depth: int, colour_type: int, pixels: bytes, *, is_interlaced: bool
) -> bytes:
    """Return a PNG file of nothing but its header and its packed pixels; see `PngChunks`."""
    header = struct.pack(">LLBBBBB", width, height, depth, colour_type, 0, 0, is_interlaced)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"".join([SIGNATURE, *(part for chunk in chunks for part in _chunk(*chunk))])


def _chunk(name: bytes, content: bytes) -> tuple[bytes, ...]:
    checksum = zlib.crc32(content, zlib.crc32(name))
    return struct.pack(">L", len(content)) + name, content, struct.pack(">L", checksum)


def _walk(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name, start and end of each chunk's content."""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">L4s", data, at)
        yield name, at + 8, min(at + 8 + length, len(data))
        at += 12 + length


def _note_text(found: PngChunks, name: bytes, data: bytes, start: int, end: int) -> None:
    head = data[start : start + 32]
    if head.startswith(_XMP_TEXT) and name == b"iTXt" and not found.xmp:
        # Flag and method of compression, language and keyword come between.
        content = data[start + len(_XMP_TEXT) + 2 : end].split(b"\0", 2)[-1]
        is_packed = data[start + len(_XMP_TEXT)] == 1
        found.xmp = (inflate(content, MOST_TEXT_BYTES) if is_packed else content)[:MOST_TEXT_BYTES]
    elif head.startswith(_EXIF_TEXT) and not found.exif:
        content = data[start + len(_EXIF_TEXT[0]) : min(end, start + MOST_TEXT_BYTES)]
        text = inflate(content[1:], MOST_TEXT_BYTES) if name == b"zTXt" else content
        found.exif = _from_hexadecimal(text)


def _from_hexadecimal(text: bytes) -> bytes:
    """Return the block that ImageMagick writes as a name, its length, and lines of hexadecimal."""
    try:
        return bytes.fromhex("".join(text.decode("ascii").split()[2:]))
    except ValueError:
        return b""
