"""Open a source of pictures: find out what it holds, and read all but the pictures themselves."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from preprocessing.dataset.manifest import MANIFEST_NAME
from preprocessing.dataset.sources.archives import Archive, open_archive
from preprocessing.dataset.sources.beside import Beside, look_beside
from preprocessing.dataset.sources.compressed import HEAD_BYTES, read_decompressed, read_head
from preprocessing.dataset.sources.files import PARQUET_SUFFIX
from preprocessing.dataset.sources.folders import check_labels_found, read_layout
from preprocessing.dataset.sources.key_file import key_beside
from preprocessing.dataset.sources.list_columns import refuse_split_flags_among, say_unread
from preprocessing.dataset.sources.list_form import (
    looks_like_list,
    open_list,
    open_records,
)
from preprocessing.dataset.sources.lists import Lists, read_lists
from preprocessing.dataset.sources.names import Names
from preprocessing.dataset.sources.packed import contents_of, find_table
from preprocessing.dataset.sources.parquet_labels import labels_as_csv
from preprocessing.dataset.sources.parquet_store import ParquetStore, find_pictures, open_parquet
from preprocessing.dataset.sources.picture_source import PictureSource, with_choices
from preprocessing.dataset.sources.pixel_table import PixelRow, PixelTable, parse_row, row_name
from preprocessing.dataset.sources.reading import Reading
from preprocessing.dataset.sources.stores import ArchiveStore, FolderStore, PictureStore
from preprocessing.dataset.sources.table_form import columns_found, looks_like_table
from preprocessing.dataset.sources.types import Source, SourceItem, SourceKind
from preprocessing.dataset.sources.unread import SEVERAL_TABLES, advice_for
from preprocessing.errors import DatasetError
from preprocessing.images.formats.kinds import kind_of
from preprocessing.runtime.files import what_is_missing
from preprocessing.runtime.terminal import quoted

# At most this many tables of a folder without pictures are named in the error.
_MOST_NAMED = 5


def open_source(path: Path, reading: Reading | None = None) -> Source:
    """Find out what a path holds, and read all of it but the pictures themselves.

    Args:
        path: A table of pictures such as FER2013's, a folder, or an archive of either.
        reading: How names are to be read; by default as English words for FER2013's labels.

    Raises:
        DatasetError: It is missing, broken, or nothing that is understood.
    """
    names = Names(reading or Reading())
    source = _open(path, names)
    source.notes = (*source.notes, *names.say_unfitting())
    return source


def _open(path: Path, names: Names) -> Source:
    if path.is_dir():
        return _open_folder(path, names)
    if not path.exists():
        raise DatasetError(what_is_missing(path))
    if not path.is_file():
        raise _no_source(path)
    if path.suffix.lower() == PARQUET_SUFFIX and (parquet := find_pictures(path)) is not None:
        return _open_parquet(ParquetStore(path, [parquet]), names)
    archive = open_archive(path, path.name)
    return _open_table(path, names) if archive is None else _open_archive(path, archive, names)


class _TableSource(Source):
    """The rows of a table: all are read at once, so that a broken one is known before any work."""

    def __init__(self, path: Path, data: bytes, names: Names) -> None:
        self.kind = SourceKind.FER2013
        self.path = path
        self.sha256 = with_choices(hashlib.sha256(data).hexdigest(), names.reading)
        self.passed_over = Counter()
        self._rows: list[tuple[int, PixelRow]] = []
        table = PixelTable(data, path.name)
        self.notes = say_unread([(path.name, table.form)])
        if table.form.usage is None:
            refuse_split_flags_among(table.form.unread(), path.name, names)
        for row in range(len(table)):
            number, line = table.row(row)
            name = row_name(path.name, number)
            parsed = parse_row(line, table.form, table.pixels, names=names, name=name)
            if isinstance(parsed, str):
                self.passed_over[parsed] += 1
            else:
                self._rows.append((number, parsed))
        if table.blank:
            self.passed_over["lines that hold nothing"] = table.blank
        self.count = len(self._rows)
        self.counts = Counter((row.label, row.split) for _, row in self._rows)
        check_labels_found((label for label, _ in self.counts), names, path.name)

    def items(self, start: int = 0) -> Iterator[SourceItem]:
        for row, (number, parsed) in enumerate(self._rows[start:], start=start):
            name = row_name(self.path.name, number)
            yield SourceItem(row, name, parsed.label, parsed.split, parsed.pixels)

    def names(self) -> list[str]:
        return [row_name(self.path.name, number) for number, _ in self._rows]


def _open_archive(path: Path, archive: Archive, names: Names) -> Source:
    table = None if names.reading.lists else find_table(archive, path.name)
    if table is not None:
        return _TableSource(path, table, names)
    store = ArchiveStore(archive, path)
    if not store.names:
        suffixes = [path.suffix.lower(), *store.others]
        raise DatasetError(
            f"{path.name} should hold one CSV file, or pictures. It holds {contents_of(archive)}"
            f"{advice_for(suffixes)}"
        )
    return _open_pictures(store, names)


def _open_table(path: Path, names: Names) -> Source:
    if names.reading.lists:
        raise DatasetError(
            "Lists are of pictures in a folder or an archive. Name that as the source."
        )
    data = read_decompressed(path, path.name)
    head = data[:HEAD_BYTES]
    advice = advice_for([path.suffix.lower()], head)
    if looks_like_list(head) and not columns_found(head):
        raise DatasetError(
            f"{path.name} is a list of pictures. Name their folder as the source, and the list "
            f"with --list {quoted(str(path))}."
        )
    if advice or kind_of(head) is not None or not looks_like_table(head):
        raise _no_source(path, advice)
    return _TableSource(path, data, names)


def _open_folder(path: Path, names: Names) -> Source:
    store = FolderStore(path)
    if store.names:
        return _open_pictures(store, names)
    if (in_parquet := open_parquet(path, store.parquets, store.others)) is not None:
        return _open_parquet(in_parquet, names)
    if (path / MANIFEST_NAME).exists():
        raise DatasetError(
            f"{path} is a dataset that was aligned already. Train on it, or name its source."
        )
    columns = {table: columns_found(read_head(path / table)) for table in store.tables}
    tables = [table for table in store.tables if columns[table]]
    best = [table for table in tables if columns[table] == max(columns.values())]
    if len(best) == 1:
        return _open_table(path / best[0], names)
    if best:
        raise DatasetError(
            f"{path} holds several tables of pictures, {', '.join(best[:_MOST_NAMED])}. "
            f"{SEVERAL_TABLES}"
        )
    listed = [f"{count} x {end}" for end, count in store.others.items() if end]
    holds = ", ".join([*store.tables[:_MOST_NAMED], *listed])
    raise DatasetError(
        f"{path} holds no pictures. It holds {holds or 'nothing'}. Name a folder with pictures, an "
        "archive of them, or a CSV file; unpack several archives, each into a folder of its name."
        f"{advice_for(store.others)}"
    )


def _open_pictures(store: PictureStore, names: Names) -> Source:
    source = store.path.name
    if names.reading.lists:
        lists = {each: open_list(each, names) for each in names.reading.lists}
        return _open_listed(store, lists, names)
    beside = Beside() if names.reading.is_unlabelled else look_beside(store)
    elsewhere = beside.what_to_do(store)
    try:
        layout = read_layout(store.names, names, source=source)
    except DatasetError as error:
        key = None if names.reading.mapping else key_beside(store, names)
        hint = f" But {key or elsewhere}." if key or elsewhere else ""
        raise DatasetError(f"{error}{hint}") from error
    if elsewhere and not layout.is_labelled:
        raise DatasetError(
            f"{source}: no folder is named after an expression, but {elsewhere}, or take the "
            "pictures as photos without labels with --unlabelled."
        )
    kind = SourceKind.CLASS_FOLDERS if layout.is_labelled else SourceKind.PHOTOS
    opened = PictureSource(store, layout, kind, names)
    opened.notes = (*layout.notes, *beside.remarks(store))
    return opened


def _open_listed(store: PictureStore, lists: Lists, names: Names) -> PictureSource:
    layout = read_lists(store.names, lists, names, root=store.path)
    opened = PictureSource(store, layout, SourceKind.LISTS, names)
    opened.notes = layout.notes
    return opened


def _open_parquet(store: ParquetStore, names: Names) -> Source:
    """Read Parquet files as pictures with a list beside them, if their columns have labels."""
    if names.reading.lists or names.reading.is_unlabelled:
        return _open_pictures(store, names)
    written = labels_as_csv(store, names)
    lists = {path: open_records(data, path.name, names) for path, data in written.items()}
    if not any(form.has_labels for _, form in lists.values()):
        return _open_pictures(store, names)
    opened = _open_listed(store, lists, names)
    hashes = [hashlib.sha256(data).hexdigest() for data in written.values()]
    opened.sha256 = hashlib.sha256(json.dumps([opened.sha256, hashes]).encode()).hexdigest()
    return opened


def _no_source(path: Path, advice: str = "") -> DatasetError:
    return DatasetError(
        f"{path} is no source of pictures. Expected fer2013.csv or a table like it, class folders, "
        f"a folder of photos, one of these in a zip or tar file, or Parquet files.{advice}"
    )
