"""Find labels that lie beside pictures: in lists and tables, or in a file for each picture."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from preprocessing.dataset.sources.compressed import HEAD_BYTES
from preprocessing.dataset.sources.csv_lines import to_utf8
from preprocessing.dataset.sources.files import LIST_SUFFIXES
from preprocessing.dataset.sources.finder import LABEL_STUDIO_MARK
from preprocessing.dataset.sources.list_form import looks_like_list
from preprocessing.dataset.sources.parquet_store import find_pictures
from preprocessing.dataset.sources.records import holds_records, records_as_csv
from preprocessing.dataset.sources.stores import ArchiveStore, FolderStore, PictureStore
from preprocessing.dataset.sources.table_form import columns_found
from preprocessing.dataset.sources.unread import SHEET_SUFFIXES
from preprocessing.dataset.sources.vocabulary import LABEL_COLUMNS, words_of
from preprocessing.errors import DatasetError
from preprocessing.images.decode import PICTURE_SUFFIXES
from preprocessing.runtime.terminal import quoted

# Tables that are looked into.
_MOST_TABLES = 5
# As AffectNet has them for each picture.
_ARRAY_SUFFIXES = (".npy", ".npz", ".mat")
# Bytes of a file that are searched for names of pictures: in COCO's annotations, classes and
# licences come first.
_MOST_BYTES = 1 << 18
_PICTURE_END = re.compile(
    "(?:" + "|".join(map(re.escape, PICTURE_SUFFIXES)) + r")\b", re.IGNORECASE
)
_BEFORE_NAME = re.compile(r"[\s\"'<>,;:|/\\()\[\]{}=&?]")
_LONGEST_NAME = 255


@dataclass(frozen=True)
class Beside:
    """What lies beside the pictures of a source and may say what they show.

    Attributes:
        lists: Lists of pictures and labels.
        tables: Tables of pictures.
        others: Other text files that name pictures, such as COCO's annotations.
        notes: Text files, one for each picture or each folder.
        sheets: Number of spreadsheets, and of tables of statistics programs.
        arrays: Number of files with arrays, where there is one for each picture or nearly.
        parquets: Parquet files that hold pictures, by their paths within the source.
    """

    lists: tuple[Path, ...] = ()
    tables: tuple[Path, ...] = ()
    others: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    sheets: int = 0
    arrays: int = 0
    parquets: tuple[str, ...] = ()

    def what_to_do(self, store: PictureStore) -> str | None:
        """Say what it is and how to read it, as a part of a sentence; None where nothing is."""
        if isinstance(store, ArchiveStore) and (self.lists or self.tables):
            inside = (*self.lists, *self.tables)[0].name
            return f"{inside} has labels. Unpack it; a list of pictures is read with --list"
        if self.lists:
            names = "names" if len(self.lists) == 1 else "and others name"
            way = "Read it with" if len(self.lists) == 1 else "Read them with"
            return f"{self.lists[0].name} {names} pictures and labels. {way} {self.options()}"
        if self.tables:
            table = self.tables[0]
            way = f"Name it as the source: {quoted(str(table))}"
            return f"{table.name} is a table of pictures. {way}"
        return self._about_other_files()

    def _about_other_files(self) -> str | None:
        if self.others and not self.notes:
            return (
                f"{self.others[0]} names pictures and may say what they show. Export or write it "
                "as a CSV file with columns such as path and label, and read it with --list"
            )
        if self.notes or self.arrays:
            files = (
                f"{len(self.notes):,} files beside the pictures, such as {self.notes[0]},"
                if self.notes
                else f"{self.arrays:,} files with arrays beside the pictures"
            )
            return (
                f"{files} may say what they show. Write that into one CSV file, a header "
                "path,label and a line for each picture, and read it with --list"
            )
        if self.parquets:
            return (
                f"Parquet files beside the pictures, such as {self.parquets[0]}, hold pictures "
                "too. Name one of them, or a folder that has them alone, as the source"
            )
        return (
            "a spreadsheet, or the table of a statistics program, beside the pictures may say what "
            "they show. Save it as a CSV file, and read it with --list"
            if self.sheets
            else None
        )

    def remarks(self, store: PictureStore) -> tuple[str, ...]:
        """Say which files may have labels too, where labels were read without them."""
        if self.lists:
            way = "unpack it, and use --list" if isinstance(store, ArchiveStore) else self.options()
            remark = (
                f"note: {self.lists[0]} names labels too; they were read from the names of folders "
                f"or files. To read them from the list: {way}"
            )
        elif self.others:
            remark = (
                f"note: {self.others[0]} names pictures too, and may have better labels than the "
                "names of folders and files. To read it, write it as a CSV file for --list"
            )
        else:
            return ()
        return (remark,)

    def options(self) -> str:
        """Return the options that read the lists."""
        return " ".join(f"--list {quoted(str(each))}" for each in self.lists)


def look_beside(store: PictureStore) -> Beside:
    """Look at what lies beside the pictures of a source."""
    likely_first = sorted(store.tables, key=lambda name: LIST_SUFFIXES.index(_suffix(name)))
    texts = {
        store.path / name: store.head(name, limit=_MOST_BYTES)
        for name in likely_first[:_MOST_TABLES]
    }
    tables = tuple(path for path, text in texts.items() if columns_found(text[:HEAD_BYTES]))
    lists = tuple(
        path for path, text in texts.items() if path not in tables and _is_list(text, store.names)
    )
    others = [
        path.relative_to(store.path).as_posix()
        for path, text in texts.items()
        if path not in (*tables, *lists) and _names_pictures(text, store.names)
    ]
    sheets = sum(store.others[suffix] for suffix in SHEET_SUFFIXES)
    arrays = sum(store.others[suffix] for suffix in _ARRAY_SUFFIXES)
    return Beside(
        lists,
        tables,
        tuple(others),
        tuple(_notes(store.names, store.tables)),
        sheets,
        arrays if 2 * arrays >= len(store.names) else 0,
        _parquets(store),
    )


def _is_list(text: bytes, pictures: Sequence[str]) -> bool:
    """Say whether a text is a list; an object of names and words may be a key to numbers."""
    if looks_like_list(text[:HEAD_BYTES]):
        return True
    if not (holds_records(text) and _names_pictures(text, pictures)):
        return False
    try:
        return looks_like_list(records_as_csv(text, ""))
    except DatasetError:
        return False


def _names_pictures(text: bytes, pictures: Sequence[str]) -> bool:
    """Say whether a text names some of the pictures, and says more than their names."""
    lines = to_utf8(text).decode("utf-8", "replace").splitlines()
    named = {
        _last_part(name)
        for line in lines
        if len(re.split(r"[\s,;|]+", line.strip())) > 1
        for name in _picture_names(line)
    }
    known = {_last_part(name) for name in pictures} if named else set()
    return len(named & known) >= min(2, len(pictures))


def _picture_names(line: str) -> Iterator[str]:
    """Yield the names of pictures in a line; looked for from their ends, for lines can be long."""
    for end in _PICTURE_END.finditer(line):
        before = line[max(0, end.start() - _LONGEST_NAME) : end.end()]
        yield _BEFORE_NAME.split(before)[-1]


def _last_part(name: str) -> str:
    return re.sub(f"^{LABEL_STUDIO_MARK}", "", PurePosixPath(name).name.casefold())


def _parquets(store: PictureStore) -> tuple[str, ...]:
    """Return the first Parquet files that hold pictures; one that is damaged does not matter."""
    found = []
    for name in store.parquets[:_MOST_TABLES] if isinstance(store, FolderStore) else ():
        with suppress(DatasetError):
            found += [name] * (find_pictures(store.path / name) is not None)
    return tuple(found)


def _notes(pictures: Sequence[str], texts: Sequence[str]) -> list[str]:
    """Return text files that are named after pictures, or after labels in several folders."""
    stems = {PurePosixPath(name).stem for name in pictures}
    named = [text for text in texts if PurePosixPath(text).stem in stems]
    if len(named) > 1 and 2 * len(named) >= len(pictures):
        return named
    named = [
        text
        for text in texts
        if not {*words_of(PurePosixPath(text).stem)}.isdisjoint(LABEL_COLUMNS)
    ]
    return named if len({PurePosixPath(text).parent for text in named}) > 1 else []


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()
