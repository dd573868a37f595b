"""Complete HEIC and AVIF files that lack their last bytes.

Their decoders refuse such a file, though all but a corner of the picture is there.
"""

import struct
from typing import NamedTuple

from preprocessing.images.formats.raster import check_missing

_PIXELS = b"mdat"


class Completed(NamedTuple):
    """A file with zeros in place of what it lacked.

    Attributes:
        data: The file.
        is_incomplete: Whether it lacked anything.
    """

    data: bytes
    is_incomplete: bool


def complete(data: bytes) -> Completed:
    """Fill the last box of a file up to the length that it says, where it holds pixels.

    Raises:
        ImageDecodeError: More than a tenth of the box is missing.
    """
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">L4s", data, at)
        if size == 1 and at + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, at + 8)
        lacking = at + size - len(data)
        if lacking > 0 and name == _PIXELS:
            check_missing(lacking / size)
            return Completed(data + bytes(lacking), is_incomplete=True)
        at += size if size >= 8 else len(data)
    return Completed(data, is_incomplete=False)
