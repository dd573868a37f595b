"""Read a table of pictures out of whatever it is packed in."""

import io
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from preprocessing.dataset.sources.archives import Archive, open_archive
from preprocessing.dataset.sources.compressed import (
    HEAD_BYTES,
    MAX_UNPACKED_BYTES,
    check_size,
    read_decompressed,
)
from preprocessing.dataset.sources.files import TABLE_SUFFIXES
from preprocessing.dataset.sources.table_form import columns_found, has_pixels
from preprocessing.dataset.sources.unread import SEVERAL_TABLES
from preprocessing.errors import DatasetError
from preprocessing.images.decode import PICTURE_SUFFIXES

PACKED_SUFFIXES = (".zip", ".gz", ".tgz", ".tar", ".xz", ".txz", ".bz2", ".tbz", ".tbz2")
# A zip file in a zip file, with a compressed table in it, and no further.
_MOST_NESTED = 3


def read_table(file: Path | BinaryIO, name: str) -> bytes:
    """Return the content of a CSV file, unpacked where it is packed.

    Args:
        file: Its path, or an open file.
        name: For messages.

    Raises:
        DatasetError: It is missing, damaged or too large, or an archive of no table, or of several.
    """
    return _read_out_of(file, name, find_table)


def read_csv(file: Path | BinaryIO, name: str) -> bytes:
    """Return the content of the one CSV file that a file is, or that is packed in it.

    Raises:
        DatasetError: It is missing, damaged or too large, or an archive of none or several.
    """
    return _read_out_of(file, name, _find_csv)


def _read_out_of(
    file: Path | BinaryIO, name: str, find: Callable[[Archive, str], bytes | None]
) -> bytes:
    """Return the content of a file, or if it is an archive, what is found in it."""
    archive = open_archive(file, name)
    if archive is None:
        return read_decompressed(file, name)
    found = find(archive, name)
    if found is None:
        raise DatasetError(f"{name} should hold one CSV file. It holds {contents_of(archive)}")
    return found


def _find_csv(archive: Archive, name: str) -> bytes | None:
    found = _ending(archive, (".csv",))
    return _read(archive, _only(archive, found, name), name) if found else None


def find_table(archive: Archive, name: str, *, depth: int = 1) -> bytes | None:
    """Return the content of the one table of pictures in an archive, or None where there is none.

    Beside pictures a table of something else is none. Of several tables it is the one with all
    columns, as in what Kaggle's competition hands out.

    Raises:
        DatasetError: There are several, or the archive is damaged.
    """
    tables = _ending(archive, TABLE_SUFFIXES)
    contents = archive.contents(tables, limit=HEAD_BYTES)
    heads = {
        position: b"" if isinstance(head, DatasetError) else head
        for position, head in zip(tables, contents, strict=True)
    }
    columns = {position: columns_found(head) for position, head in heads.items()}
    for least in (3, 2):
        if found := [position for position in tables if columns[position] >= least]:
            return _read(archive, _only(archive, found, name), name)
    has_pictures = bool(_ending(archive, tuple(PICTURE_SUFFIXES)))
    if len(alone := _ending(archive, (".csv", ".tsv"))) == 1 and (
        not has_pictures or has_pixels(heads[alone[0]])
    ):
        return _read(archive, alone[0], name)
    if has_pictures:
        return None
    packed = _ending(archive, PACKED_SUFFIXES)
    if len(packed) == 1 and not tables and depth < _MOST_NESTED:
        inner = f"{name}: {archive.names[packed[0]]}"
        file = io.BytesIO(_read(archive, packed[0], name))
        nested = open_archive(file, inner)
        if nested is None:
            return read_decompressed(file, inner)
        return find_table(nested, inner, depth=depth + 1)
    return None


def contents_of(archive: Archive) -> str:
    """Say what files an archive holds, by the ends of their names, for the end of a message."""
    ends: dict[str, int] = {}
    for path in archive.names:
        end = PurePosixPath(path).suffix.lower() or "no suffix"
        ends[end] = ends.get(end, 0) + 1
    held = ", ".join(f"{count:,} x {end}" for end, count in sorted(ends.items())) or "no file"
    is_packed = not ends.keys().isdisjoint(PACKED_SUFFIXES)
    hint = " Unpack these too, each into a folder of its name." if is_packed else ""
    return f"{held}.{hint}"


def _ending(archive: Archive, suffixes: tuple[str, ...]) -> list[int]:
    return [
        position
        for position, path in enumerate(archive.names)
        if PurePosixPath(path).suffix.lower() in suffixes
    ]


def _only(archive: Archive, found: list[int], name: str) -> int:
    if len(found) > 1:
        names = ", ".join(archive.names[position] for position in found)
        raise DatasetError(
            f"{name} should hold one CSV file with pictures. It holds {names}. Unpack it. "
            f"{SEVERAL_TABLES}"
        )
    return found[0]


def _read(archive: Archive, position: int, name: str) -> bytes:
    (data,) = archive.contents([position], limit=MAX_UNPACKED_BYTES + 1)
    if isinstance(data, DatasetError):
        raise data
    return check_size(data, name)
