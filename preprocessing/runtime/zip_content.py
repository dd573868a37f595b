"""Unpack one file of a zip, and no more of it than is asked for.

Python's own reader bounds what it unpacks at once only where that was deflated. What bzip2 or LZMA
has packed it unpacks as a whole, and a kilobyte of that can be a gigabyte.
"""

import bz2
import copy
import lzma
import struct
import zipfile
import zlib

# Before its data, LZMA in a zip has a version and the length of its properties.
_LZMA_HEAD = struct.Struct("<2xH")
_LZMA_PROPERTIES_BYTES = 5
# In the older format of LZMA, which begins with the same properties: the size is not told.
_UNTOLD_SIZE = b"\xff" * 8
# The strongest setting of 7-Zip has a dictionary of 64 MB.
MOST_LZMA_BYTES = 80_000_000
UNPACKING_ERRORS = (
    OSError, EOFError, ValueError, OverflowError, RuntimeError, struct.error, lzma.LZMAError,
    zlib.error, zipfile.BadZipFile,
)  # fmt: skip
"""What unpacking a damaged file raises: RuntimeError where it is encrypted, or packed in a way that
is not known, OverflowError where it would lie beyond all memory."""


def unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, *, most_bytes: int) -> bytes:
    """Return the content of a file, or its first `most_bytes`, whatever size the zip declares.

    Raises:
        zipfile.BadZipFile: It is damaged. Others of `UNPACKING_ERRORS` say the same.
    """
    if member.compress_type not in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        with archive.open(member) as file:
            return file.read(most_bytes)
    packed = _packed(archive, member)
    if member.compress_type == zipfile.ZIP_BZIP2:
        content = bz2.BZ2Decompressor().decompress(packed, most_bytes)
    else:
        # Programs need not mark its end: what fills it up would be unpacked as more content.
        content = _from_lzma(packed, min(most_bytes, member.file_size))
    if len(content) < most_bytes and zlib.crc32(content) != member.CRC:
        raise zipfile.BadZipFile("wrong checksum")
    return content


def _packed(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Return what is packed as it lies in the zip."""
    stored = copy.copy(member)
    stored.compress_type, stored.file_size = zipfile.ZIP_STORED, member.compress_size
    stored.CRC = None  # type: ignore[assignment] # that of the content; without one none is checked
    with archive.open(stored) as file:
        return file.read()


def _from_lzma(packed: bytes, most_bytes: int) -> bytes:
    (length,) = _LZMA_HEAD.unpack_from(packed)
    if length != _LZMA_PROPERTIES_BYTES:
        raise zipfile.BadZipFile("not LZMA")
    start = _LZMA_HEAD.size
    properties, data = packed[start : start + length], packed[start + length :]
    unpacker = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=MOST_LZMA_BYTES)
    return unpacker.decompress(properties + _UNTOLD_SIZE + data, most_bytes)
