"""Find out how a list is written: its delimiter, header, and the columns of paths and labels."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from preprocessing.dataset.sources.cells import split_cells
from preprocessing.dataset.sources.compressed import HEAD_BYTES, read_decompressed
from preprocessing.dataset.sources.content_columns import (
    columns_without_header,
    label_column,
    path_column,
)
from preprocessing.dataset.sources.csv_lines import (
    DELIMITERS,
    CsvLines,
    FirstLine,
    find_columns,
    first_line,
    to_utf8,
)
from preprocessing.dataset.sources.names import Names
from preprocessing.dataset.sources.reading import Reading
from preprocessing.dataset.sources.records import first_keys, holds_records, records_as_csv
from preprocessing.dataset.sources.vocabulary import (
    LABEL_COLUMNS,
    PATH_COLUMNS,
    RATER_COLUMNS,
    SPLIT_COLUMNS,
    fold,
)
from preprocessing.errors import DatasetError

COLUMNS = {
    "path": PATH_COLUMNS,
    "label": LABEL_COLUMNS,
    "split": SPLIT_COLUMNS,
    "rater": RATER_COLUMNS,
}
"""The names that each column may have, without spaces and signs."""
_DELIMITERS = (*DELIMITERS, " ")
# Lines in which a column of labels is looked for whose name does not tell it.
_MOST_LOOKED_AT = 100
CHOICES = ("choice", "answer", "result")
"""The label, where no votes are: beside these it may be one person's, or something else."""


@dataclass(frozen=True)
class ListForm:
    """How the lines of a list are written.

    Attributes:
        delimiter: Between cells.
        columns: Position of the columns `path`, `label`, `split` and `rater`, as far as they are
            there; `rater` only beside labels.
        votes: Where no column has the label: the columns that have a number for each label, by
            the name in the header.
        start: Position of the first line that names a picture.
        header: The names of the columns; empty where there are none.
        is_of_records: Whether the lines were made of records, as of JSON.
    """

    delimiter: str
    columns: dict[str, int]
    votes: dict[str, int]
    start: int
    header: tuple[str, ...] = ()
    is_of_records: bool = False

    @property
    def has_labels(self) -> bool:
        """Whether it says what pictures show."""
        return "label" in self.columns or bool(self.votes)

    @property
    def last(self) -> int:
        """Position of the last column that is needed."""
        return max(*self.columns.values(), *self.votes.values(), 0)

    def where(self, name: str, number: int) -> str:
        """Say where a line of a file is, by its number from 1, for messages."""
        return f"{name}, record {number - 1}" if self.is_of_records else f"{name}:{number}"

    def unread(self) -> list[str]:
        """List the names of the columns that are not understood."""
        return [name for name in self.other_columns if name]

    @cached_property
    def other_columns(self) -> list[str]:
        """The cells of the header that are not understood, those without a name too."""
        return self.others(self.header)

    def others(self, cells: Sequence[str]) -> list[str]:
        """List the cells of a line that lie in columns which are not understood."""
        return [cell for place, cell in enumerate(cells) if place not in self._places_read]

    @cached_property
    def _places_read(self) -> frozenset[int]:
        return frozenset((*self.columns.values(), *self.votes.values()))


def open_list(path: Path, names: Names) -> tuple[CsvLines, ListForm]:
    """Read a list, and find out how it is written.

    Args:
        path: Of the file, which may be compressed.
        names: How labels are to be read.

    Raises:
        DatasetError: It is no text, is empty, or lacks a column of paths.
    """
    if not path.exists() or path.is_dir():
        raise DatasetError(f"{path} is no file. Check the name after --list.")
    data = read_decompressed(path, path.name)
    if holds_records(data[:HEAD_BYTES]):
        return open_records(records_as_csv(data, path.name), path.name, names)
    data = to_utf8(data)
    if b"\0" in data:
        raise DatasetError(
            f"{path.name} is no text. Save the spreadsheet, or what else it is, as a CSV file with "
            "columns such as path, label and split."
        )
    lines = CsvLines(data, path.name)
    first = first_line(lines, _DELIMITERS)
    if not first.text:
        raise DatasetError(f"{path.name} is empty.")
    try:
        return lines, _form(first, path.name, names)
    except DatasetError as error:
        raise DatasetError(f"{error}{lines.doubt(path.name)}") from error


def open_records(data: bytes, name: str, names: Names) -> tuple[CsvLines, ListForm]:
    """Open a list that was made of records.

    Args:
        data: What `write_records` wrote.
        name: Of the file that had the records, for messages.
        names: How labels are to be read.

    Raises:
        DatasetError: It lacks a column of paths.
    """
    lines = CsvLines(data, name)
    return lines, replace(_form(first_line(lines, ","), name, names), is_of_records=True)


def looks_like_list(data: bytes) -> bool:
    """Say by the first bytes of a file whether it names pictures and labels, header or not."""
    if data.lstrip().startswith(b"<"):  # markup, such as XML
        return False
    if holds_records(data):
        return {"path", "label"} <= find_columns(first_keys(data), COLUMNS).keys()
    first = first_line(CsvLines(to_utf8(data)), _DELIMITERS)
    try:
        form = _form(first, "", Names(Reading()))
    except DatasetError:
        return False
    return form.has_labels


def with_label_column(lines: CsvLines, form: ListForm, names: Names) -> ListForm:
    """Return the form of a list with the column of labels that its cells tell, if one does.

    Args:
        lines: Of the list.
        form: Of the list, whose header names no column of labels.
        names: How labels are to be read.
    """
    rows = (
        split_cells(line, form.delimiter, name="")
        for line in lines[form.start : form.start + _MOST_LOOKED_AT]
    )
    with suppress(DatasetError):
        place = label_column(filter(any, rows), names)
        if place is not None and place < len(form.header) and place not in form.columns.values():
            named = find_columns(form.header, COLUMNS)  # a column of raters, too
            return replace(form, columns=named | form.columns | {"label": place})
    return form


def _form(first: FirstLine, name: str, names: Names) -> ListForm:
    headers = [(each, cells, find_columns(cells, COLUMNS)) for each, cells in first.headers(name)]
    for each, header, columns in headers:
        if "path" in columns and (len(header) > 1 or each == ","):
            return _form_of_header(each, header, columns, first, names)
    for each, cells in first.split(name):
        if columns := columns_without_header(cells, name, names):
            return ListForm(each, columns, {}, first.position)
    for each, header, columns in headers:
        with suppress(DatasetError):
            path = path_column(split_cells(first.below, each, name=name))
            if path is not None and path < len(header):
                others = {column: place for column, place in columns.items() if place != path}
                return _form_of_header(each, header, others | {"path": path}, first, names)
    raise DatasetError(
        f"{name} lacks a column of paths. Expected a header such as path,label,split. "
        f"Received: {first.text[:80]!r}"
    )


def _form_of_header(
    delimiter: str,
    header: Sequence[str],
    columns: dict[str, int],
    first: FirstLine,
    names: Names,
) -> ListForm:
    votes = _vote_columns(header, names)
    if votes and "label" in columns and fold(header[columns["label"]]) in CHOICES:
        del columns["label"]
    elif "label" in columns:
        votes = {}
    form = ListForm(delimiter, columns, votes, first.position + 1, tuple(header))
    if not form.has_labels:
        columns.pop("rater", None)
    return form


def _vote_columns(header: Sequence[str], names: Names) -> dict[str, int]:
    """Find the columns that are named after labels; one alone says nothing."""
    meanings = [names.read(cell) for cell in header]
    votes = {
        cell: place
        for place, (cell, meaning) in enumerate(zip(header, meanings, strict=True))
        if meaning.label or meaning.left_out or meaning.stray
    }
    return votes if len(votes) > 1 else {}
