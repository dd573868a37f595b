"""Read the names of files in a zip, as different systems write them."""

import struct
import zipfile
import zlib

_IS_UTF8, _UNICODE_PATH = 0x800, 0x7075


def name_in_zip(member: zipfile.ZipInfo) -> str:
    """Return the path of a member of a zip in Unicode.

    Macs write UTF-8 without saying so; others write an old code page, and Unicode beside it.
    """
    name = member.filename
    if member.flag_bits & _IS_UTF8 or name.isascii():
        return name
    raw = name.encode("cp437")
    return _unicode_path(member.extra, raw) or _decoded(raw) or name


def _decoded(raw: bytes) -> str | None:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """Return Info-ZIP's Unicode path among the extra fields, if it is that of this name."""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == _UNICODE_PATH and len(field) > 5:
            (checksum,) = struct.unpack_from("<L", field, 1)
            if checksum == zlib.crc32(raw):
                return _decoded(field[5:])
    return None
