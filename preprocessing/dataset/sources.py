"""Where pictures come from: FER2013's CSV, class folders, or a folder of photos."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePath

import numpy as np

from preprocessing.dataset.fer2013 import (
    CSV_SUFFIXES,
    SIDE_PX,
    CsvLines,
    parse_header,
    parse_row,
    read_unpacked,
    row_name,
)
from preprocessing.dataset.labels import FER2013_LABELS
from preprocessing.errors import DatasetError, ImageDecodeError
from preprocessing.faces.types import GreyImage
from preprocessing.images.decode import PICTURE_SUFFIXES, decode_image, to_grey

SPLIT_FOLDERS = {"train": "train", "val": "val", "validation": "val", "test": "test"}
LABEL_FOLDERS = {label: label for label in FER2013_LABELS} | {
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprise",
}


class SourceKind(StrEnum):
    """The layouts that are understood."""

    FER2013 = "fer2013"
    CLASS_FOLDERS = "class_folders"
    PHOTOS = "photos"


def read_local_file(path: str) -> bytes:
    """Return the content of a file of this machine.

    Raises:
        ImageDecodeError: It is gone or may not be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ImageDecodeError(f"The file cannot be read: {error.strerror}.") from error


@dataclass(frozen=True, eq=False)
class SourceItem:
    """One picture of a source.

    Attributes:
        row: Position in the source, from 0.
        name: File and line (counted from 1), or path within the source.
        label: One of `FER2013_LABELS` or of one's own, or None for photos.
        split: `train`, `val`, `test`, or None for photos.
        content: The 48 x 48 pixels of a CSV row, or the path of a file still to be read.
    """

    row: int
    name: str
    label: str | None
    split: str | None
    content: bytes | str

    def load(self, read_file: Callable[[str], bytes] = read_local_file) -> GreyImage:
        """Return the picture in grey.

        Args:
            read_file: Reads a file by its path.

        Raises:
            ImageDecodeError: It cannot be read.
            ImageTooLargeError: It has too many pixels.
        """
        if isinstance(self.content, bytes):
            return np.frombuffer(self.content, np.uint8).reshape(SIDE_PX, SIDE_PX)
        return to_grey(decode_image(read_file(self.content)))


class Source(ABC):
    """Pictures in a fixed order.

    Attributes:
        kind: The layout.
        path: The file or folder.
        sha256: Of a CSV's unpacked content, or of a folder's paths and file sizes.
        count: Number of pictures.
    """

    kind: SourceKind
    path: Path
    sha256: str
    count: int

    @abstractmethod
    def items(self, start: int = 0) -> Iterator[SourceItem]:
        """Yield the pictures from a position on.

        Raises:
            DatasetError: A row is broken.
        """


def open_source(path: Path, *, own_labels: Sequence[str] = ()) -> Source:
    """Find out what a path holds.

    Args:
        path: A CSV in FER2013's format, or a folder.
        own_labels: The names of its class folders, where they are not FER2013's.

    Raises:
        DatasetError: It is missing, or nothing that is understood.
    """
    if path.is_file() and path.suffix in CSV_SUFFIXES:
        check_own_labels(SourceKind.FER2013, own_labels)
        return _CsvSource(path)
    if path.is_dir():
        return _FolderSource(path, own_labels=own_labels)
    raise DatasetError(
        f"{path} is no source of pictures. Expected fer2013.csv (plain, .gz, .xz, .bz2 or .zip), "
        "class folders, or a folder of photos."
    )


def check_own_labels(kind: SourceKind, own_labels: Sequence[str]) -> None:
    """Make sure that labels of one's own are of class folders.

    Raises:
        DatasetError: They are of a CSV, whose codes have their labels.
    """
    if own_labels and kind is SourceKind.FER2013:
        raise DatasetError("Labels of one's own are for class folders; a CSV has FER2013's codes.")


class _CsvSource(Source):
    def __init__(self, path: Path) -> None:
        data = read_unpacked(path)
        self.kind = SourceKind.FER2013
        self.path = path
        self.sha256 = hashlib.sha256(data).hexdigest()
        self._lines = CsvLines(data)
        self._columns = parse_header(self._lines, path.name)
        self.count = len(self._lines) - 1

    def items(self, start: int = 0) -> Iterator[SourceItem]:
        for row in range(start, self.count):
            name = row_name(self.path.name, row)
            yield SourceItem(row, name, *parse_row(self._lines[row + 1], self._columns, name=name))


class _FolderSource(Source):
    def __init__(self, path: Path, *, own_labels: Sequence[str]) -> None:
        self._own_labels = own_labels
        self._names = [file.as_posix() for file in pictures_below(path)]
        if not self._names:
            raise DatasetError(f"{path} holds no pictures.")
        self.path = path
        self.sha256 = listing_sha256((name, (path / name).stat().st_size) for name in self._names)
        self.count = len(self._names)
        self.kind = folder_kind(self._names, own_labels=own_labels)
        if self.kind is SourceKind.CLASS_FOLDERS:
            check_class_folders(self._names, own_labels=own_labels)

    def items(self, start: int = 0) -> Iterator[SourceItem]:
        for row, name in enumerate(self._names[start:], start=start):
            path = str(self.path / name)
            yield picture_item(row, name, kind=self.kind, path=path, own_labels=self._own_labels)


def pictures_below(folder: Path) -> list[Path]:
    """List the pictures in a folder and all folders in it, as paths within it, in order."""
    return sorted(
        file.relative_to(folder)
        for file in folder.rglob("*")
        if is_picture(file.relative_to(folder)) and file.is_file()
    )


def is_picture(relative: PurePath) -> bool:
    """Say whether a path within a folder names a picture that is not hidden."""
    hidden = any(part.startswith(".") for part in relative.parts)
    return relative.suffix.lower() in PICTURE_SUFFIXES and not hidden


def picture_item(
    row: int, name: str, *, kind: SourceKind, path: str, own_labels: Sequence[str] = ()
) -> SourceItem:
    """Describe a picture of a folder by its path within the folder.

    Raises:
        DatasetError: It should lie in a class folder and does not.
    """
    if kind is SourceKind.CLASS_FOLDERS:
        label, split = label_and_split(name, own_labels=own_labels)
        return SourceItem(row, readable(name), label, split, path)
    return SourceItem(row, readable(name), None, None, path)


def readable(name: str) -> str:
    """Write out the bytes of a file's name that are no UTF-8, so that it can be shown and kept."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def listing_sha256(files: Iterable[tuple[str, int]]) -> str:
    """Hash the names and sizes of the files of a folder."""
    listing = "".join(f"{name} {size}\n" for name, size in files)
    return hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest()


def folder_kind(names: Iterable[str], *, own_labels: Sequence[str] = ()) -> SourceKind:
    """Tell class folders from plain photos by the paths of the pictures within the folder.

    With labels of one's own there must be class folders; `label_and_split` says which are missing.
    """
    for name in names:
        folders = _folders(name)
        if own_labels or (folders and folders[0] in LABEL_FOLDERS):
            return SourceKind.CLASS_FOLDERS
    return SourceKind.PHOTOS


def check_class_folders(names: Iterable[str], *, own_labels: Sequence[str] = ()) -> None:
    """Make sure that each picture lies in a class folder, and each label of one's own has one.

    Raises:
        DatasetError: One does not, or has none.
    """
    found = {label_and_split(name, own_labels=own_labels)[0] for name in names}
    if missing := [label for label in own_labels if label not in found]:
        raise DatasetError(f"No folder with pictures is named {' or '.join(missing)}.")


def label_and_split(name: str, *, own_labels: Sequence[str] = ()) -> tuple[str, str]:
    """Read label and split from a picture's path within its source.

    Raises:
        DatasetError: It lies in no class folder.
    """
    known = {label: label for label in own_labels} or LABEL_FOLDERS
    folders = _folders(name)
    label = known.get(folders[0]) if len(folders) == 1 else None
    if label is None:
        raise DatasetError(
            f"{name} lies in no class folder. Expected folders named "
            f"{', '.join(own_labels or FER2013_LABELS)}, or these inside train, val and test. "
            f"Received: {'/'.join(folders) or 'no folder'}"
            + ("" if own_labels else ". Other labels are named by --labels.")
        )
    top = PurePath(name).parts[0].lower()
    return label, SPLIT_FOLDERS.get(top, "train")


def _folders(name: str) -> list[str]:
    """List the folders on the way to a picture, without that of its split."""
    *folders, _ = (part.lower() for part in PurePath(name).parts)
    return folders[1:] if folders and folders[0] in SPLIT_FOLDERS else folders
