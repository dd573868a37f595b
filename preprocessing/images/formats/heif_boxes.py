"""Walk through the boxes of which HEIC and AVIF files are made."""

import struct
from collections.abc import Iterator
from typing import NamedTuple


class FileBox(NamedTuple):
    """A box that lies in no other.

    Attributes:
        name: Four letters.
        start: Where it begins in the file, in bytes.
        size: How long it says that it is, with its head, in bytes: the file may end before.
    """

    name: bytes
    start: int
    size: int


def boxes_of(data: bytes) -> Iterator[FileBox]:
    """Yield the outer boxes of a file, up to one that says no length."""
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">L4s", data, at)
        if size == 1 and at + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, at + 8)
        yield FileBox(name, at, size)
        at += size if size >= 8 else len(data)
