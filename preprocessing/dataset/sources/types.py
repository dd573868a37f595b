"""What a source of pictures is: a table, class folders, lists, or photos."""

import hashlib
import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from preprocessing.dataset.sources.stores import PackedPicture
from preprocessing.errors import ImageDecodeError
from preprocessing.images.decode import decode_image
from preprocessing.images.picture_file import read_picture_file
from preprocessing.images.types import GreyImage, RgbImage


class SourceKind(StrEnum):
    """The layouts that are understood."""

    FER2013 = "fer2013"
    CLASS_FOLDERS = "class_folders"
    LISTS = "lists"
    PHOTOS = "photos"


def read_local_file(path: str) -> bytes:
    """Return the content of a file of this machine.

    Raises:
        ImageDecodeError: It is gone, may not be read, or is far too large.
    """
    try:
        return read_picture_file(Path(path))
    except OSError as error:
        raise ImageDecodeError(f"The file cannot be read: {error.strerror}.") from error


@dataclass(frozen=True, eq=False)
class SourceItem:
    """One picture of a source.

    Attributes:
        row: Position in the source, from 0.
        name: File and line (counted from 1), or path within the source.
        label: One of `FERPLUS_LABELS` or of the user's own labels; None for photos.
        split: `train`, `val`, `test`, or None for photos.
        content: The pixels of a row of a table, a square; the path of a file still to be read; or
            a file that was read from an archive.
        folder: The folders on its path that name neither label nor split.
    """

    row: int
    name: str
    label: str | None
    split: str | None
    content: bytes | str | PackedPicture
    folder: str = ""

    def load(self, read_file: Callable[[str], bytes] = read_local_file) -> GreyImage | RgbImage:
        """Return the picture: a row of a table in grey, a file in colour.

        Args:
            read_file: Reads a file by its path.

        Raises:
            ImageDecodeError: It cannot be read.
            ImageTooLargeError: It has too many pixels.
        """
        if isinstance(self.content, bytes):
            side_px = math.isqrt(len(self.content))
            return np.frombuffer(self.content, np.uint8).reshape(side_px, side_px)
        if isinstance(self.content, str):
            return decode_image(read_file(self.content))
        if self.content.problem is not None:
            raise ImageDecodeError(self.content.problem)
        return decode_image(self.content.data)


class Source(ABC):
    """Pictures in a fixed order.

    Attributes:
        kind: The layout.
        path: The file or folder.
        sha256: Of a table's unpacked content, or of the paths and sizes of files; with what was
            chosen about its reading, where that is not the default.
        count: Number of pictures.
        counts: Number of pictures by label and split; empty for photos.
        passed_over: Number of files that are not read, by the reason.
        notes: What people should know of how it was read.
    """

    kind: SourceKind
    path: Path
    sha256: str
    count: int
    counts: Counter[tuple[str, str]]
    passed_over: Counter[str]
    notes: Sequence[str] = ()

    @abstractmethod
    def items(self, start: int = 0) -> Iterator[SourceItem]:
        """Yield the pictures from a position on."""

    @abstractmethod
    def names(self) -> list[str]:
        """Return the `name` of each item; no picture is read."""


def listing_sha256(files: Iterable[tuple[str, int]]) -> str:
    """Hash the names and sizes of the files of a folder."""
    listing = "".join(f"{name} {size}\n" for name, size in files)
    return hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest()
