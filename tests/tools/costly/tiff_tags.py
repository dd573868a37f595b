"""Directories of TIFF, as files and EXIF blocks have them."""

import struct

Entry = tuple[int, int, int, int]
"""Tag, type, count, value or offset."""

SHORT, LONG, UNDEFINED = 3, 4, 7
HEADER_BYTES = 8


def tiff_file(entries: list[Entry], body: bytes = b"", *, following: int = 0) -> bytes:
    """Return a TIFF file: its body from byte 8 on, then one directory.

    Args:
        entries: Of the directory.
        body: Pixels.
        following: Where the next directory is said to be.
    """
    table = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"".join(
        [
            b"II*\0",
            struct.pack("<I", HEADER_BYTES + len(body)),
            body,
            struct.pack("<H", len(entries)),
            table,
            struct.pack("<I", following),
        ]
    )


def pixel_entries(
    width: int, height: int, *, packing: int, length: int, channels: int = 1, bits: int = 8
) -> list[Entry]:
    """Return the entries of a picture in one strip, which is the whole body."""
    return [
        (256, LONG, 1, width),
        (257, LONG, 1, height),
        (258, SHORT, 1, bits),
        (259, SHORT, 1, packing),
        (262, SHORT, 1, 1 if channels == 1 else 2),
        (273, LONG, 1, HEADER_BYTES),
        (277, SHORT, 1, channels),
        (278, LONG, 1, height),
        (279, LONG, 1, length),
    ]


def same_bytes_again(tags: int, length: int, *, also: list[Entry] | None = None) -> bytes:
    """Return a TIFF block of many tags that all point to the same bytes."""
    entries = [
        *(also or []),
        *((1000 + tag, UNDEFINED, length, HEADER_BYTES) for tag in range(tags)),
    ]
    return tiff_file(entries, bytes(length))
