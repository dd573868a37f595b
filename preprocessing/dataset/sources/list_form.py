"""Find out how a list is written: its delimiter, header, and the columns of paths and labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from preprocessing.dataset.sources.archives import read_decompressed
from preprocessing.dataset.sources.csv_lines import (
    DELIMITERS,
    CsvLines,
    find_columns,
    header_line,
    split_header,
    to_utf8,
)
from preprocessing.dataset.sources.names import Names
from preprocessing.dataset.sources.reading import Reading
from preprocessing.dataset.sources.vocabulary import (
    LABEL_COLUMNS,
    SPLIT_COLUMNS,
    SPLIT_OF,
    code_of,
    fold,
)
from preprocessing.errors import DatasetError
from preprocessing.images.decode import PICTURE_SUFFIXES

COLUMNS = {
    "path": (
        "path", "paths", "filepath", "filepaths", "imagepath", "imgpath", "file", "files",
        "filename", "filenames", "imagefile", "imagefilename", "imagename", "image", "images",
        "img", "imgname", "picture", "photo", "pic", "pth", "fname", "name",
        "subdirectoryfilepath", "imageid", "url", "imageurl", "uri",
    ),
    "label": LABEL_COLUMNS,
    "split": SPLIT_COLUMNS,
}  # fmt: skip
"""The names that each column may have, without spaces and signs."""


@dataclass(frozen=True)
class ListForm:
    """How the lines of a list are written.

    Attributes:
        delimiter: Between cells.
        columns: Position of the columns `path`, `label` and `split`, as far as they are there.
        votes: Where no column has the label: the columns that have a number for each label, by
            the name in the header.
        start: Position of the first line that names a picture.
        header: The names of the columns; empty where there are none.
    """

    delimiter: str
    columns: dict[str, int]
    votes: dict[str, int]
    start: int
    header: tuple[str, ...] = ()

    @property
    def last(self) -> int:
        """Position of the last column that is needed."""
        return max(*self.columns.values(), *self.votes.values(), 0)

    def unread(self) -> list[str]:
        """List the names of the columns that are not understood."""
        read = {*self.columns.values(), *self.votes.values()}
        return [name for place, name in enumerate(self.header) if name and place not in read]


def open_list(path: Path, names: Names) -> tuple[CsvLines, ListForm]:
    """Read a list, and find out how it is written.

    Args:
        path: Of the file, which may be compressed.
        names: How labels are to be read.

    Raises:
        DatasetError: It is no text, is empty, or lacks a column of paths.
    """
    data = to_utf8(read_decompressed(path, path.name))
    if b"\0" in data:
        raise DatasetError(
            f"{path.name} is no text. Save the spreadsheet, or what else it is, as a CSV file with "
            "columns such as path, label and split."
        )
    lines = CsvLines(data)
    first, delimiter = header_line(lines)
    if first == len(lines):
        raise DatasetError(f"{path.name} is empty.")
    if lines[first].lstrip().startswith(("{", "[")):
        raise DatasetError(
            f"{path.name} holds JSON. Write it as a CSV file with columns such as path, label and "
            "split."
        )
    return lines, _form(lines[first], first, delimiter or (*DELIMITERS, " "), path.name, names)


def looks_like_list(data: bytes) -> bool:
    """Say whether a file that begins so names pictures and labels, with a header or without."""
    lines = CsvLines(to_utf8(data))
    first, _ = header_line(lines)
    if first == len(lines):
        return False
    try:
        form = _form(lines[first], first, (*DELIMITERS, " "), "", Names(Reading()))
    except DatasetError:
        return False
    return "label" in form.columns or bool(form.votes)


def _form(line: str, first: int, choices: Sequence[str], name: str, names: Names) -> ListForm:
    for each, header in split_header(line, choices, name=name):
        columns = find_columns(header, COLUMNS)
        if "path" in columns and (len(header) > 1 or each == ","):
            votes = {} if "label" in columns else _vote_columns(header, names)
            return ListForm(each, columns, votes, first + 1, tuple(header))
    for each, cells in split_header(line, choices, name=name):
        if columns := _columns_by_content(cells, name, names):
            return ListForm(each, columns, {}, first)
    raise DatasetError(
        f"{name} lacks a column of paths. Expected a header such as path,label,split. "
        f"Received: {line[:80]!r}"
    )


def _vote_columns(header: Sequence[str], names: Names) -> dict[str, int]:
    """Find the columns that are named after labels; one alone says nothing."""
    meanings = [names.read(cell) for cell in header]
    votes = {
        cell: place
        for place, (cell, meaning) in enumerate(zip(header, meanings, strict=True))
        if meaning.label or meaning.left_out or meaning.stray
    }
    return votes if len(votes) > 1 else {}


def _columns_by_content(cells: Sequence[str], name: str, names: Names) -> dict[str, int]:
    """Tell the columns of a list without a header by its first line; empty where it has no path.

    Raises:
        DatasetError: Several numbers may be the label.
    """
    paths = [
        place
        for place, cell in enumerate(cells)
        if PurePath(cell.replace("\\", "/")).suffix.lower() in PICTURE_SUFFIXES
    ]
    if len(paths) != 1:
        return {}
    rest = [place for place in range(len(cells)) if place != paths[0]]
    splits = [place for place in rest if fold(cells[place]) in SPLIT_OF]
    numbers = [place for place in rest if code_of(cells[place]) is not None]
    words = [
        place
        for place in rest
        if place not in splits + numbers and _may_be_label(cells[place], names)
    ]
    if not words and len(numbers) > 1:
        raise DatasetError(
            f"{name} has {len(numbers)} columns of numbers, and no header says which of them has "
            "the labels. Write a first line with the names of the columns, such as path,x,y,label."
        )
    columns = {"path": paths[0]}
    if labels := words or numbers:
        columns["label"] = labels[0]
    if splits:
        columns["split"] = splits[0]
    return columns


def _may_be_label(cell: str, names: Names) -> bool:
    meaning = names.label_of_cell(cell)
    return bool(meaning.label or meaning.left_out or meaning.stray)
