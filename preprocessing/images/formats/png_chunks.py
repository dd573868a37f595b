"""Take a PNG file apart: what its pixels need, and what its metadata says."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from preprocessing.errors import ImageDecodeError
from preprocessing.images.formats.raster import DAMAGED

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Of what is compressed in metadata no more than this is unpacked.
MOST_PROFILE_BYTES = 4_000_000
MOST_TEXT_BYTES = 200_000
# More chunks than any file has; to walk through millions would take long.
MOST_CHUNKS = 200_000
_UNPACKED_AT_ONCE = 65_536
_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"eXIf")
_EXIF_TEXT = (b"Raw profile type exif\0", b"Raw profile type APP1\0")
_XMP_TEXT = b"XML:com.adobe.xmp\0"


@dataclass
class PngChunks:
    """A PNG file taken apart.

    Attributes:
        width: In pixels.
        height: Likewise.
        depth: Bits of a sample.
        colour_type: As PNG counts: 0 grey, 2 RGB, 3 palette, 4 grey and opacity, 6 RGB and opacity.
        chunks: The contents of those chunks that matter, by name.
        pixels: The contents of the chunks with pixels.
        exif: An EXIF block that was kept as text.
        xmp: An XMP packet.
        is_whole: Whether the last chunk is there.
    """

    width: int = 0
    height: int = 0
    depth: int = 0
    colour_type: int = 0
    chunks: dict[bytes, bytes] = field(default_factory=dict)
    pixels: list[bytes] = field(default_factory=list)
    exif: bytes = b""
    xmp: bytes = b""
    is_whole: bool = False

    def to_file(self) -> bytes:
        """Return a PNG file with the pixels and nothing else, all checksums right."""
        needed = [(name, self.chunks[name]) for name in _KEPT[:3] if name in self.chunks]
        chunks = [*needed, (b"IDAT", b"".join(self.pixels)), (b"IEND", b"")]
        return b"".join([SIGNATURE, *(part for chunk in chunks for part in _chunk(*chunk))])

    def mend_checksum(self) -> bool:
        """Write the right checksum at the end of the pixels; say whether they come to their end."""
        packed = b"".join(self.pixels)
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS)  # which knows of no checksum
        checksum, rest, most = zlib.adler32(b""), packed[2:], self.height * self._row_bytes()
        try:
            while rest and not unpacker.eof and most > 0:
                unpacked = unpacker.decompress(rest, _UNPACKED_AT_ONCE)
                checksum, rest = zlib.adler32(unpacked, checksum), unpacker.unconsumed_tail
                most -= len(unpacked)
        except zlib.error:
            return False
        if unpacker.eof:
            end = len(packed) - len(unpacker.unused_data)
            self.pixels = [packed[:end], struct.pack(">L", checksum)]
        return unpacker.eof

    def _row_bytes(self) -> int:
        """Return more bytes than a row can have, its filters and passes included."""
        return self.width * 8 + 32


def read_chunks(data: bytes) -> PngChunks:
    """Walk through the chunks of a PNG file.

    Checksums are not looked at: browsers show pictures whose metadata has wrong ones, and wrong
    pixels show themselves.

    Raises:
        ImageDecodeError: It has no header or no pixels, or far too many chunks.
    """
    found = PngChunks()
    for count, (name, start, end) in enumerate(_walk(data)):
        if count == MOST_CHUNKS:
            raise ImageDecodeError(DAMAGED)
        if name == b"IEND":
            found.is_whole = True
            break
        if name == b"IDAT":
            found.pixels.append(data[start:end])
        elif name in _KEPT:
            found.chunks.setdefault(name, data[start:end])
        elif name in (b"zTXt", b"tEXt", b"iTXt"):
            _note_text(found, name, data, start, end)
    header = found.chunks.get(b"IHDR", b"")
    if len(header) != 13 or not found.pixels:
        raise ImageDecodeError(DAMAGED)
    found.width, found.height, found.depth, found.colour_type = struct.unpack(">LLBB", header[:10])
    return found


def inflate(data: bytes, most: int) -> bytes:
    """Unpack what zlib has packed, no more than `most` bytes; nothing where it is damaged."""
    try:
        return zlib.decompressobj().decompress(data, most)
    except zlib.error:
        return b""


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
        # Whether it is compressed, how, language and keyword stand between.
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


def _chunk(name: bytes, content: bytes) -> tuple[bytes, ...]:
    checksum = zlib.crc32(content, zlib.crc32(name))
    return struct.pack(">L", len(content)) + name, content, struct.pack(">L", checksum)
