"""Find the pictures in a folder, whatever else lies there."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from preprocessing.images.decode import PICTURE_SUFFIXES
from preprocessing.images.formats.kinds import HEAD_BYTES, kind_of
from preprocessing.runtime.files import open_to_read, read_at_most
from preprocessing.runtime.terminal import for_terminal

# What systems leave in folders and archives, beside all whose name begins with a dot.
SYSTEM_NAMES = frozenset((
    "__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "$recycle.bin",
    "system volume information", "lost+found",
))  # fmt: skip
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".lst")
LIST_SUFFIXES = (*TABLE_SUFFIXES, ".json", ".jsonl", ".ndjson", ".xml", ".cls")
PARQUET_SUFFIX = ".parquet"
# After this many files of a suffix without a picture, the suffix is no longer looked into: a set of
# millions of pictures can have millions of other files beside them.
MOST_LOOKED_AT = 50
NO_SUFFIX = "files without a suffix that are no pictures"
BROKEN_LINKS = "links that lead nowhere"
REPEATED_LINKS = "links to folders read already"
IN_CLOUD = "pictures that are in iCloud alone: open the folder in Finder and download them"


@dataclass(frozen=True)
class FolderListing:
    """What lies in a folder and all folders in it.

    Attributes:
        pictures: Paths within the folder, in order.
        tables: Paths of text files that may be tables, in order.
        parquets: Paths of Parquet files, in order, which `others` counts too.
        others: Number of other files by their suffix; "" counts hidden and system
            files, `BROKEN_LINKS` these and what else is no file, `REPEATED_LINKS` and `IN_CLOUD`
            these.
    """

    pictures: tuple[Path, ...]
    tables: tuple[Path, ...]
    parquets: tuple[Path, ...]
    others: Counter[str]


def list_folder(folder: Path) -> FolderListing:
    """List a folder and all folders in it; links to folders are followed, each once.

    A file is a picture if its name says so or, where its name is none that is known, its content.

    Raises:
        OSError: A folder that is no system's own may not be opened.
    """
    pictures: list[Path] = []
    tables: list[Path] = []
    parquets: list[Path] = []
    others: Counter[str] = Counter()
    odd: Counter[str] = Counter()
    for path, why_not in _entries_below(folder):
        relative = path.relative_to(folder)
        suffix = relative.suffix.lower()
        if is_system(relative):
            others[IN_CLOUD if _is_in_cloud(relative) else ""] += 1
        elif why_not is not None:
            others[why_not] += 1
        elif suffix in PICTURE_SUFFIXES:
            pictures.append(relative)
        elif suffix in LIST_SUFFIXES:
            tables.append(relative)
        elif odd[suffix] < MOST_LOOKED_AT and kind_of(_head(path)) is not None:
            odd[suffix] = 0
            pictures.append(relative)
        else:
            odd[suffix] += 1
            others[suffix or NO_SUFFIX] += 1
            if suffix == PARQUET_SUFFIX:
                parquets.append(relative)
    for each in (pictures, tables, parquets):
        each.sort()
    return FolderListing(tuple(pictures), tuple(tables), tuple(parquets), others)


def is_system(relative: PurePath) -> bool:
    """Say whether a path within a folder or an archive is hidden, or a system's own."""
    return any(part.startswith(".") or part.lower() in SYSTEM_NAMES for part in relative.parts)


def is_picture(relative: PurePath) -> bool:
    """Say whether a path within a folder names a picture that is not hidden."""
    return relative.suffix.lower() in PICTURE_SUFFIXES and not is_system(relative)


def _is_in_cloud(relative: PurePath) -> bool:
    """Say whether a file stands for a picture that a Mac keeps in iCloud: ".a.jpg.icloud"."""
    return relative.suffix == ".icloud" and PurePath(relative.stem).suffix.lower() in (
        PICTURE_SUFFIXES
    )


def _head(path: Path) -> bytes:
    try:
        with open_to_read(path) as file:
            return read_at_most(file, HEAD_BYTES)
    except OSError:
        return b""


def _entries_below(folder: Path) -> Iterator[tuple[Path, str | None]]:
    """Yield all that is no folder, and why it is no file that can be read; None for a file.

    A system's own folder that may not be opened, as on every external disk, is yielded as no file.
    Each folder is visited once, by its own name rather than by that of a link to it; other links to
    it are yielded as `REPEATED_LINKS`.
    """
    seen: set[Path] = set()
    waiting, linked = [folder], list[Path]()
    while waiting or linked:
        here = waiting.pop() if waiting else linked.pop()
        if (real := here.resolve()) in seen:
            yield here, REPEATED_LINKS
            continue
        seen.add(real)
        try:
            with os.scandir(here) as entries:
                inside = sorted(entries, key=lambda each: each.name)
        except PermissionError:
            if not is_system(here.relative_to(folder)):
                raise
            yield here, BROKEN_LINKS
            continue
        for entry in inside:
            if _is(entry.is_dir):
                (linked if entry.is_symlink() else waiting).append(Path(entry.path))
            else:
                yield Path(entry.path), None if _is(entry.is_file) else BROKEN_LINKS


def _is(kind: Callable[[], bool]) -> bool:
    """Say whether an entry of a folder is of a kind; a link that leads to itself is of none."""
    try:
        return kind()
    except OSError:
        return False


def describe_others(end: str) -> str:
    """Say what files are that `FolderListing.others` counts."""
    if not end:
        return "hidden and system files"
    return f"{for_terminal(end)} files that are no pictures" if end.startswith(".") else end
