"""Tell by its first bytes what kind of picture a file is, whatever its name says."""

import re
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """The formats that are read."""

    JPEG = "JPEG"
    PNG = "PNG"
    GIF = "GIF"
    WEBP = "WebP"
    BMP = "BMP"
    ICON = "ICO"
    TIFF = "TIFF"
    HEIC = "HEIC"
    AVIF = "AVIF"
    PNM = "PNM"


class Found(NamedTuple):
    """A picture within bytes.

    Attributes:
        kind: Its format.
        start: Where it begins.
    """

    kind: Kind
    start: int


# Enough to tell the kind of a file that begins with a picture.
HEAD_BYTES = 256
# How far junk before a picture may reach: a byte order mark and line ends of a script, headers of
# HTTP, the 128 bytes of MacBinary.
MOST_JUNK = 1_024
# PNG as Apple's tools write it into apps, with other pixels than the format has.
OF_APP = re.compile(rb"\x89PNG\r\n\x1a\n.{4}CgBI", re.DOTALL)
_STARTS = (
    (b"\xff\xd8\xff", Kind.JPEG),
    (b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (b"GIF87a", Kind.GIF),
    (b"GIF89a", Kind.GIF),
    (b"II*\0", Kind.TIFF),
    (b"MM\0*", Kind.TIFF),
    (b"II+\0", Kind.TIFF),
    (b"MM\0+", Kind.TIFF),
)
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)
_ICON = re.compile(rb"\0\0[\1\2]\0[\1-\x20]\0.{3}\0", re.DOTALL)
# All of the header, up to the first pixel or a comment: notes on people may begin with "P1 23 1".
_GAP = rb"(?:[ \t\r\n]|#[^\n]*\n)+"
_PNM = re.compile(
    rb"P(?:1(?:%(gap)s\d+){2}%(gap)s[01]|4(?:%(gap)s\d+){2}\s|[23](?:%(gap)s\d+){4}"
    rb"|[56](?:%(gap)s\d+){3}\s|[1-6](?:%(gap)s\d+){1,2}[ \t\r\n]*#"
    rb"|7\s+(?:#|WIDTH|HEIGHT|DEPTH|MAXVAL|TUPLTYPE)|[Ff]\s+\d+\s+\d+\s+[-+.\d])" % {b"gap": _GAP}
)
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs",
                b"mif1", b"msf1"}  # fmt: skip
_JUNK_BEFORE = re.compile(rb"\xff\xd8\xff[\xc0-\xfe]|\x89PNG\r\n\x1a\n|GIF8[79]a")
TAR_MAGIC_AT, TAR_MAGIC = 257, b"ustar"
"""Where a tar file says that it is one."""
# Files of other kinds may hold pictures, but are none: PDF, zip, MP3, markup; Parquet, Arrow, HDF5,
# NumPy, MATLAB, SQLite, pickle.
_OTHERS = (b"%PDF", b"PK", b"ID3", b"<", b"{", b"RIFF", b"\x7fELF", b"MZ", b"PAR1", b"ARROW1",
           b"\x89HDF", b"\x93NUMPY", b"MATLAB", b"SQLite", b"\x80\2", b"\x80\3", b"\x80\4",
           b"\x80\5")  # fmt: skip


def find_picture(data: bytes) -> Found | None:
    """Say what kind of picture some bytes are, and where it begins; None where they hold none.

    Args:
        data: A file, or its first `HEAD_BYTES`. In these alone, little junk before a picture is
            looked past.
    """
    kind = kind_of(data)
    if kind is not None:
        return Found(kind, 0)
    if (
        data[:MOST_JUNK].lstrip(b"\xef\xbb\xbf \t\r\n\0").startswith(_OTHERS)
        or data[4:8] == b"ftyp"
        or data.startswith(TAR_MAGIC, TAR_MAGIC_AT)
    ):
        return None
    found = _JUNK_BEFORE.search(data, 0, MOST_JUNK)
    if found is None:
        return None
    kind = kind_of(data[found.start() : found.start() + HEAD_BYTES])
    return None if kind is None else Found(kind, found.start())


def kind_of(data: bytes) -> Kind | None:
    """Say what kind of picture a file begins with; None where it begins otherwise.

    Args:
        data: The file, or its first `HEAD_BYTES`.
    """
    for start, kind in _STARTS:
        if data.startswith(start):
            return None if OF_APP.match(data) else kind
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return Kind.WEBP
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return Kind.BMP
    if data[4:8] == b"ftyp":
        return _kind_of_brands(data)
    if _PNM.match(data, 0, MOST_JUNK):
        return Kind.PNM
    return Kind.ICON if _ICON.match(data) else None


def _kind_of_brands(data: bytes) -> Kind | None:
    """Tell HEIC from AVIF by the brands of an ISO base media file."""
    length = min(int.from_bytes(data[:4], "big"), HEAD_BYTES)
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, length, 4))]
    if _AVIF_BRANDS.intersection(brands):
        return Kind.AVIF
    return Kind.HEIC if _HEIC_BRANDS.intersection(brands) else None
