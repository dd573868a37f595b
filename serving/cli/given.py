"""The pictures that `predict` is given: files, and those in folders and zips."""

import functools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from preprocessing.dataset.sources.archives import ZIP_MAGIC, ZipArchive
from preprocessing.dataset.sources.compressed import read_head
from preprocessing.dataset.sources.files import list_folder
from preprocessing.dataset.sources.stores import ArchiveStore
from preprocessing.dataset.sources.unread import VIDEO_SUFFIXES
from preprocessing.errors import DatasetError, ImageDecodeError, MienError
from preprocessing.images.picture_file import read_picture_file
from preprocessing.runtime.files import what_is_missing

# Each keeps its file open.
_OPEN_ZIPS = 4


@dataclass(frozen=True)
class GivenPicture:
    """A picture file.

    Attributes:
        path: Where it lies; of one in a zip, the zip's path and its own in it.
        inside: Its path within the folder or zip that was named, or its name.
        zip_path: Of the zip that it lies in, or None.
        position: Among the pictures of the zip.
    """

    path: Path
    inside: PurePath
    zip_path: Path | None = None
    position: int = 0

    def read(self) -> bytes:
        """Return its content.

        Raises:
            ImageDecodeError: It has far more bytes than a picture, or cannot be unpacked.
            DatasetError: The zip cannot be read.
            OSError: The file cannot be opened or read.
        """
        if self.zip_path is None:
            return read_picture_file(self.path)
        (packed,) = _open_zip(self.zip_path).contents([self.position])
        if packed.problem is not None:
            raise ImageDecodeError(packed.problem)
        return packed.data


def list_given(paths: Iterable[Path]) -> tuple[list[GivenPicture], Counter[str]]:
    """List the files among the paths, and the pictures in the folders and zips among them.

    Returns:
        The pictures, and the number of other files in folders and zips by their suffix; "" counts
        hidden and system files.

    Raises:
        MienError: A path does not exist, or there is no picture at all.
    """
    found: list[GivenPicture] = []
    others: Counter[str] = Counter()
    for path in paths:
        if path.is_dir():
            listing = list_folder(path)
            found += [GivenPicture(path / name, name) for name in listing.pictures]
            others += listing.others
            others.update(name.suffix.lower() for name in listing.tables)
        elif path.exists():
            inside, beside = _in_zip(path) if _is_zip(path) else ([], Counter())
            # A file of another kind that is packed as a zip, such as a document, is read as it is.
            found += inside or [GivenPicture(path, PurePath(path.name))]
            others += beside
        else:
            raise MienError(what_is_missing(path))
    if not found:
        raise MienError(f"The folders hold no pictures{_what_else(others)}")
    return found, others


def _what_else(others: Counter[str]) -> str:
    """Say what folders without pictures hold, and what to do, as the end of a sentence."""
    held = ", ".join(f"{count:,} {end}" for end, count in others.items() if end)
    ways = [
        *(["Name a zip itself."] if ".zip" in others else []),
        *(["Videos are read by: mien video"] if others.keys() & VIDEO_SUFFIXES else []),
    ]
    told = " ".join(ways or ["Name other folders, or picture files."])
    return f", but {held}. {told}" if held else f". {told}"


def _in_zip(path: Path) -> tuple[list[GivenPicture], Counter[str]]:
    """List the pictures in a zip, and count what is beside them; none where there is no picture.

    One that cannot be read is listed as a picture of its own, which says so when it is read.
    """
    try:
        store = _open_zip(path)
    except DatasetError:
        return [GivenPicture(path, PurePath(path.name), path)], Counter()
    if not store.names:
        return [], Counter()
    beside = store.others + Counter(Path(name).suffix.lower() for name in store.tables)
    pictures = [
        GivenPicture(Path(f"{path}/{name}"), PurePosixPath(name), path, place)
        for place, name in enumerate(store.names)
    ]
    return pictures, beside


def _is_zip(path: Path) -> bool:
    """Say whether a path is a zip file; a file that cannot be opened is none."""
    try:
        return path.is_file() and read_head(path).startswith(ZIP_MAGIC)
    except DatasetError:
        return False


@functools.lru_cache(_OPEN_ZIPS)
def _open_zip(path: Path) -> ArchiveStore:
    return ArchiveStore(ZipArchive(path, path.name), path)
