"""The files that a pattern matches, local or in a store, and how workers read them."""

import io
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from preprocessing.dataset.sources.files import is_picture
from preprocessing.dataset.sources.packed import PACKED_SUFFIXES, read_table
from preprocessing.errors import DatasetError, ImageDecodeError
from preprocessing.images.picture_file import read_picture

_WILDCARDS = "*?["
_TABLE_SUFFIXES = (".csv", ".tsv", *PACKED_SUFFIXES)


@dataclass(frozen=True)
class SourceFile:
    """A file of the source.

    Attributes:
        path: Where it is, as Beam names it.
        name: Its path behind the pattern's last fixed folder.
        size: In bytes.
    """

    path: str
    name: str
    size: int

    @property
    def is_table(self) -> bool:
        """Whether its name says that it is a table of pixels; else it is a picture."""
        return PurePosixPath(self.name).suffix.lower() in _TABLE_SUFFIXES


def match_files(pattern: str) -> list[SourceFile]:
    """List the tables or the pictures that a pattern matches, in the order of their names.

    Raises:
        DatasetError: It matches none, or both.
    """
    wild = min(
        (pattern.index(mark) for mark in _WILDCARDS if mark in pattern), default=len(pattern)
    )
    root = pattern[: pattern.rfind("/", 0, wild) + 1]
    (found,) = FileSystems.match([pattern])
    files = [
        SourceFile(match.path, match.path.removeprefix(root), match.size_in_bytes)
        for match in found.metadata_list
    ]
    files = [file for file in files if file.is_table or is_picture(PurePosixPath(file.name))]
    if len({file.is_table for file in files}) != 1:
        raise DatasetError(
            f"{pattern} must match CSV files or pictures, and not both. "
            f"Received: {len(files)} of them"
        )
    return sorted(files, key=lambda file: PurePosixPath(file.name).parts)


def source_name(pattern: str, files: list[SourceFile]) -> str:
    """Name the source as `align_source` does: by its file or folder."""
    first = files[0]
    if first.is_table:
        return PurePosixPath(first.path if len(files) == 1 else pattern).name
    return PurePosixPath(first.path.removesuffix(first.name)).name


def read_table_file(file: SourceFile) -> bytes:
    """Return the content of a table, unpacked."""
    with _open(file.path) as opened:
        return read_table(io.BytesIO(opened.read()), file.path)


def read_picture_file(path: str) -> bytes:
    """Return the content of a picture file.

    Raises:
        ImageDecodeError: It cannot be read, or is far too large.
    """
    try:
        with _open(path) as file:
            return read_picture(file)
    except OSError as error:
        why = error.strerror or error  # Beam's own error has a text only
        raise ImageDecodeError(f"The file cannot be read: {why}.") from error


def _open(path: str) -> IO[bytes]:
    file: IO[bytes] = FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)
    return file
