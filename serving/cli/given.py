"""The pictures that `predict` is given: files, and those in folders and archives."""

import functools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from preprocessing.dataset.sources.archives import open_archive
from preprocessing.dataset.sources.files import list_folder
from preprocessing.dataset.sources.packed import PACKED_SUFFIXES
from preprocessing.dataset.sources.stores import ArchiveStore
from preprocessing.dataset.sources.unread import VIDEO_SUFFIXES
from preprocessing.errors import DatasetError, ImageDecodeError, MienError
from preprocessing.images.picture_file import read_picture_file
from preprocessing.runtime.files import what_is_missing

# Each keeps its file open.
_OPEN_ARCHIVES = 4


@dataclass(frozen=True)
class GivenPicture:
    """A picture file.

    Attributes:
        path: Where it lies; of one in an archive, the archive's path and its own in it.
        inside: Its path within the folder or archive that was named, or its name.
        archive: The path of the zip or tar file that it lies in, or None.
        position: Among the pictures of the archive.
    """

    path: Path
    inside: PurePath
    archive: Path | None = None
    position: int = 0

    def read(self) -> bytes:
        """Return its content.

        Raises:
            ImageDecodeError: It has far more bytes than a picture, or cannot be unpacked.
            DatasetError: The archive cannot be read.
            OSError: The file cannot be opened or read.
        """
        store = None if self.archive is None else _open_archive(self.archive)
        if store is None:
            return read_picture_file(self.path)
        (packed,) = store.contents([self.position])
        if packed.problem is not None:
            raise ImageDecodeError(packed.problem)
        return packed.data


def list_given(paths: Iterable[Path]) -> tuple[list[GivenPicture], Counter[str]]:
    """List the files among the paths, and the pictures in the folders and archives among them.

    Returns:
        The pictures, and the number of other files in folders and archives by their suffix; ""
        counts hidden and system files.

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
            # What can be read only once is read as a picture.
            inside, beside = _in_archive(path) if path.is_file() else ([], Counter())
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
        *(["Name an archive itself."] if others.keys() & {*PACKED_SUFFIXES} else []),
        *(["Videos are read by: mien video"] if others.keys() & VIDEO_SUFFIXES else []),
    ]
    told = " ".join(ways or ["Name other folders, or picture files."])
    return f", but {held}. {told}" if held else f". {told}"


def _in_archive(path: Path) -> tuple[list[GivenPicture], Counter[str]]:
    """List the pictures in an archive, and count what is beside them; none where it is no archive.

    One that cannot be read is listed as a picture of its own, which says so when it is read.
    """
    try:
        store = _open_archive(path)
    except DatasetError:
        return [GivenPicture(path, PurePath(path.name), path)], Counter()
    if store is None or not store.names:
        return [], Counter()
    beside = store.others + Counter(Path(name).suffix.lower() for name in store.tables)
    pictures = [
        GivenPicture(Path(f"{path}/{name}"), PurePosixPath(name), path, place)
        for place, name in enumerate(store.names)
    ]
    return pictures, beside


@functools.lru_cache(_OPEN_ARCHIVES)
def _open_archive(path: Path) -> ArchiveStore | None:
    archive = open_archive(path, path.name)
    return None if archive is None else ArchiveStore(archive, path)
