"""Read the files of pictures, and none that has no end or far more bytes than a picture."""

from pathlib import Path
from typing import IO

from preprocessing.errors import ImageDecodeError
from preprocessing.runtime.files import open_to_read, read_at_most

MOST_BYTES = 200_000_000
"""More than any picture that is decoded has."""


def too_many_bytes() -> ImageDecodeError:
    """Make the error that a file has more than `MOST_BYTES`."""
    return ImageDecodeError(f"The file has more than {MOST_BYTES:,} bytes. It is no picture.")


def read_picture(file: IO[bytes]) -> bytes:
    """Return the content of an open file.

    Raises:
        ImageDecodeError: It has more than `MOST_BYTES`.
        OSError: It cannot be read.
    """
    data = read_at_most(file, MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise too_many_bytes()
    return data


def read_picture_file(path: Path) -> bytes:
    """Return the content of the file at a path.

    Raises:
        ImageDecodeError: It has more than `MOST_BYTES`.
        OSError: It cannot be opened or read.
    """
    with open_to_read(path) as file:
        return read_picture(file)
