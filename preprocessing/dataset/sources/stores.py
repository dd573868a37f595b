"""Pictures in a folder or an archive, listed at once and read when they are needed."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from preprocessing.dataset.sources.archives import Archive
from preprocessing.dataset.sources.compressed import HEAD_BYTES
from preprocessing.dataset.sources.files import LIST_SUFFIXES, NO_SUFFIX, list_folder
from preprocessing.errors import DatasetError
from preprocessing.images.decode import PICTURE_SUFFIXES
from preprocessing.images.formats.kinds import kind_of
from preprocessing.images.picture_file import MOST_BYTES, too_many_bytes
from preprocessing.runtime.files import open_to_read, read_at_most


@dataclass(frozen=True)
class PackedPicture:
    """A picture file that was read from an archive: its content, or why it cannot be read."""

    data: bytes
    problem: str | None = None


TOO_LARGE = PackedPicture(b"", str(too_many_bytes()))
"""Stands for a picture that is not read."""


class PictureStore(ABC):
    """Pictures that lie together.

    Attributes:
        path: The folder or the archive.
        names: Their paths within it, with "/" between folders, in the order in which they are read.
        sizes: Of the files, in bytes.
        tables: Paths of text files beside them that may be tables.
        others: Number of other files by their suffix; "" counts hidden and system
            files.
    """

    path: Path
    names: Sequence[str]
    sizes: Sequence[int]
    tables: Sequence[str]
    others: Counter[str]

    @abstractmethod
    def head(self, table: str, *, limit: int = HEAD_BYTES) -> bytes:
        """Return the first bytes of one of the `tables`; none where it is damaged."""

    @abstractmethod
    def contents(self, positions: Sequence[int]) -> Iterator[str | PackedPicture]:
        """Yield the pictures at some positions, which must rise: a file's path, or its content."""


class FolderStore(PictureStore):
    """The pictures in a folder and all folders in it.

    Attributes:
        parquets: Paths of Parquet files within it, which `others` counts too.
    """

    def __init__(self, path: Path) -> None:
        """List the folder.

        Raises:
            OSError: A folder may not be opened.
        """
        listing = list_folder(path)
        self.path = path
        self.names = [picture.as_posix() for picture in listing.pictures]
        self.sizes = [(path / picture).stat().st_size for picture in listing.pictures]
        self.tables = [table.as_posix() for table in listing.tables]
        self.parquets = [parquet.as_posix() for parquet in listing.parquets]
        self.others = listing.others

    def head(self, table: str, *, limit: int = HEAD_BYTES) -> bytes:
        """Return how a table begins."""
        with open_to_read(self.path / table) as file:
            return read_at_most(file, limit)

    def contents(self, positions: Sequence[int]) -> Iterator[str | PackedPicture]:
        """Yield the paths of the files."""
        for position in positions:
            yield str(self.path / self.names[position])


class ArchiveStore(PictureStore):
    """The pictures in an archive, which go through memory one by one and never onto the disk."""

    def __init__(self, archive: Archive, path: Path) -> None:
        """List the archive.

        Raises:
            DatasetError: It is damaged.
        """
        ends = [PurePosixPath(name).suffix.lower() for name in archive.names]
        odd = [
            position
            for position, end in enumerate(ends)
            if end not in PICTURE_SUFFIXES and end not in LIST_SUFFIXES
        ]
        heads = archive.contents(odd, limit=HEAD_BYTES)
        pictures = {
            position
            for position, head in zip(odd, heads, strict=True)
            if isinstance(head, bytes) and kind_of(head) is not None
        }
        self.path = path
        self._archive = archive
        self._positions = [
            position
            for position, end in enumerate(ends)
            if end in PICTURE_SUFFIXES or position in pictures
        ]
        self.names = [archive.names[position] for position in self._positions]
        self.sizes = [archive.sizes[position] for position in self._positions]
        self.tables = [
            name for name, end in zip(archive.names, ends, strict=True) if end in LIST_SUFFIXES
        ]
        self.others = Counter(
            ends[position] or NO_SUFFIX for position in odd if position not in pictures
        )

    def head(self, table: str, *, limit: int = HEAD_BYTES) -> bytes:
        """Return how a table begins."""
        (content,) = self._archive.contents([self._archive.names.index(table)], limit=limit)
        return content if isinstance(content, bytes) else b""

    def contents(self, positions: Sequence[int]) -> Iterator[PackedPicture]:
        """Yield the contents of the files."""
        inside = [self._positions[position] for position in positions]
        for data in self._archive.contents(inside, limit=MOST_BYTES + 1):
            if isinstance(data, DatasetError):
                yield PackedPicture(b"", str(data))
            elif len(data) > MOST_BYTES:
                yield TOO_LARGE
            else:
                yield PackedPicture(data)
