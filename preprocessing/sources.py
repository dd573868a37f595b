"""Where pictures come from: FER2013's CSV, class folders, or a folder of photos."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from preprocessing.decode import PICTURE_SUFFIXES, decode_image, to_grey
from preprocessing.errors import DatasetError
from preprocessing.faces import GreyImage
from preprocessing.fer2013 import (
    CSV_SUFFIXES,
    SIDE_PX,
    parse_header,
    parse_row,
    read_unpacked,
)
from preprocessing.labels import FER2013_LABELS

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


@dataclass(frozen=True, eq=False)
class SourceItem:
    """One picture of a source.

    Attributes:
        row: Position in the source, from 0.
        name: File and line (counted from 1), or path within the source.
        label: One of `FER2013_LABELS`, or None for photos.
        split: `train`, `val`, `test`, or None for photos.
        content: The 48 x 48 pixels of a CSV row, or the path of a file still to be read.
    """

    row: int
    name: str
    label: str | None
    split: str | None
    content: bytes | Path

    def load(self) -> GreyImage:
        """Return the picture in grey.

        Raises:
            ImageDecodeError: It cannot be read.
            ImageTooLargeError: It has too many pixels.
        """
        if isinstance(self.content, bytes):
            return np.frombuffer(self.content, np.uint8).reshape(SIDE_PX, SIDE_PX)
        return to_grey(decode_image(self.content.read_bytes()))


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


def open_source(path: Path) -> Source:
    """Find out what a path holds.

    Raises:
        DatasetError: It is missing, or nothing that is understood.
    """
    if path.is_file() and path.suffix in CSV_SUFFIXES:
        return _CsvSource(path)
    if path.is_dir():
        return _FolderSource(path)
    raise DatasetError(
        f"{path} is no source of pictures. Expected fer2013.csv (plain, .gz, .xz, .bz2 or .zip), "
        "class folders, or a folder of photos."
    )


class _CsvSource(Source):
    def __init__(self, path: Path) -> None:
        data = read_unpacked(path)
        self.kind = SourceKind.FER2013
        self.path = path
        self.sha256 = hashlib.sha256(data).hexdigest()
        header, *self._lines = data.decode("utf-8", "replace").splitlines() or [""]
        self._columns = parse_header(header, path.name)
        self.count = len(self._lines)

    def items(self, start: int = 0) -> Iterator[SourceItem]:
        for row in range(start, self.count):
            name = f"{self.path.name}:{row + 2}"
            yield SourceItem(row, name, *parse_row(self._lines[row], self._columns, name))


class _FolderSource(Source):
    def __init__(self, path: Path) -> None:
        self._files = sorted(
            file
            for file in path.rglob("*")
            if file.suffix.lower() in PICTURE_SUFFIXES
            and file.is_file()
            and not any(part.startswith(".") for part in file.relative_to(path).parts)
        )
        if not self._files:
            raise DatasetError(f"{path} holds no pictures.")
        listing = "".join(
            f"{file.relative_to(path).as_posix()} {file.stat().st_size}\n" for file in self._files
        )
        self.path = path
        self.sha256 = hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest()
        self.count = len(self._files)
        self.kind = SourceKind.CLASS_FOLDERS if _has_class_folders(path) else SourceKind.PHOTOS
        if self.kind is SourceKind.CLASS_FOLDERS:
            for file in self._files:
                self._label_and_split(file)

    def items(self, start: int = 0) -> Iterator[SourceItem]:
        for row, file in enumerate(self._files[start:], start=start):
            name = file.relative_to(self.path).as_posix()
            label, split = None, None
            if self.kind is SourceKind.CLASS_FOLDERS:
                label, split = self._label_and_split(file)
            yield SourceItem(row, name, label, split, file)

    def _label_and_split(self, file: Path) -> tuple[str, str]:
        *folders, _ = (part.lower() for part in file.relative_to(self.path).parts)
        split = (
            SPLIT_FOLDERS[folders.pop(0)] if folders and folders[0] in SPLIT_FOLDERS else "train"
        )
        label = LABEL_FOLDERS.get(folders[0]) if len(folders) == 1 else None
        if label is None:
            raise DatasetError(
                f"{file} lies in no class folder. Expected folders named "
                f"{', '.join(FER2013_LABELS)}, or these inside train, val and test. "
                f"Received: {'/'.join(folders) or 'no folder'}"
            )
        return label, split


def _has_class_folders(path: Path) -> bool:
    tops = [folder for folder in path.iterdir() if folder.is_dir()]
    inner = [
        folder
        for top in tops
        if top.name.lower() in SPLIT_FOLDERS
        for folder in top.iterdir()
        if folder.is_dir()
    ]
    return any(folder.name.lower() in LABEL_FOLDERS for folder in tops + inner)
