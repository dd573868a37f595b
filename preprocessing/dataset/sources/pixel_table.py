"""Read a table of pictures, one a row, such as FER2013's `fer2013.csv`."""

from dataclasses import dataclass

import numpy as np

from preprocessing.dataset.sources.cells import split_cells
from preprocessing.dataset.sources.csv_lines import CsvLines, first_line, to_utf8
from preprocessing.dataset.sources.likely_words import suggest, suggest_split
from preprocessing.dataset.sources.names import Meaning, Names
from preprocessing.dataset.sources.pixels import PixelForm, parse_pixels, pixel_form
from preprocessing.dataset.sources.table_form import (
    TableForm,
    form_of_header,
    form_of_row,
    with_split_column,
)
from preprocessing.dataset.sources.vocabulary import CODES, code_of
from preprocessing.errors import DatasetError
from preprocessing.runtime.terminal import quoted

# Longer lines have pixels; shorter ones have none that could be a face.
_SHORT_BYTES = 256
# Rows that are looked at to know how a table writes its pixels.
_FIRST_ROWS = 20


@dataclass(frozen=True)
class PixelRow:
    """One row: label, split, and the pixels of a square picture as bytes, rows first."""

    label: str
    split: str
    pixels: bytes


class PixelTable:
    """A table of pictures, one a line.

    Attributes:
        form: How its rows are written.
        pixels: How its pixels are written.
        blank: Number of lines that are passed over because they hold nothing.
    """

    def __init__(self, data: bytes, name: str) -> None:
        """Find the columns and the rows.

        Args:
            data: The file's content.
            name: Of the file, for messages.

        Raises:
            DatasetError: It lacks a column, has no row, or its first row is broken.
        """
        self._lines = CsvLines(to_utf8(data), name)
        first = first_line(self._lines)
        form = form_of_header(first, name)
        start = first.position if form is None else first.position + 1
        self.form = form or form_of_row(first, name)
        keeps = np.ones(len(self._lines), np.bool_)
        keeps[:start] = False
        for short in self._lines.shorter_than(_SHORT_BYTES):
            keeps[short] = keeps[short] and not _is_blank(self._lines[short], self.form)
        self._rows = np.flatnonzero(keeps)
        if not len(self):
            raise DatasetError(f"{name} has no rows.")
        before = int(self._lines.numbers[first.position]) - (form is None)
        self.blank = self._lines.total - before - len(self._rows)
        cells = self._first_cells(name)
        self.form = with_split_column(self.form, cells)
        self.pixels = pixel_form(map(self.form.pixel_text, cells))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    def row(self, row: int) -> tuple[int, str]:
        """Return the number of a row's line, as a person counts it from 1, and the line."""
        position = int(self._rows[row])
        return int(self._lines.numbers[position]), self._lines[position]

    def _first_cells(self, name: str) -> list[list[str]]:
        """Split the first rows, which show how all are written."""
        rows = [self.row(row) for row in range(min(len(self), _FIRST_ROWS))]
        return [
            split_cells(line, self.form.delimiter, name=row_name(name, number))
            for number, line in rows
        ]


def parse_row(
    line: str, form: TableForm, pixels: PixelForm, *, names: Names, name: str
) -> PixelRow | str:
    """Read one row.

    Args:
        line: The row.
        form: Of its table.
        pixels: How the table writes pixels.
        names: How labels and splits are to be read.
        name: Of file and line, for messages.

    Returns:
        The row, or why it is left out.

    Raises:
        DatasetError: The row is broken.
    """
    cells = split_cells(line, form.delimiter, name=name)
    if len(cells) <= form.last:
        raise DatasetError(
            f"{name}: expected {form.last + 1} cells. Received: {len(cells)}. The file may be cut "
            "short; download it again."
        )
    if names.is_missing(cells[form.emotion]):
        return "without a label"
    emotion = names.label_of_cell(cells[form.emotion], CODES["fer2013"])
    if emotion.left_out:
        return emotion.left_out
    if emotion.label is None:
        raise DatasetError(f"{name}: {_label_problem(cells[form.emotion][:20], emotion, names)}")
    split = form.split
    if form.usage is not None:
        usage = names.read(cells[form.usage])
        if usage.left_out:
            return usage.left_out
        if usage.split is None:
            received = cells[form.usage][:20]
            meant = quoted(f"{received}={suggest_split(received)}")
            is_missing = names.is_missing(received)
            remedy = "Write one of them." if is_missing else f"Say what it means with --map {meant}"
            raise DatasetError(
                f"{name}: Usage must be one of Training, PublicTest, PrivateTest, or train, val, "
                f"test. Received: {received!r}. {remedy}"
            )
        split = usage.split
    return PixelRow(emotion.label, split, parse_pixels(form.pixel_text(cells), pixels, name=name))


def row_name(name: str, number: int) -> str:
    """Name a row by its file and the line, from 1, on which a person finds it."""
    return f"{name}:{number}"


def _is_blank(line: str, form: TableForm) -> bool:
    """Say whether a line has neither label nor pixels."""
    cells = [cell.strip(" \t\0\"'") for cell in line.split(form.delimiter)]
    needed = [cells[place] for place in (form.emotion, form.pixels) if place < len(cells)]
    return not any(cells) or (len(needed) == 2 and not any(needed))


def _label_problem(cell: str, meaning: Meaning, names: Names) -> str:
    if meaning.stray is not None:
        return (
            f"{meaning.stray} is none of the labels {', '.join(names.reading.labels)}. "
            f"{names.remedy([cell])}"
        )
    most = len(CODES["fer2013"]) - 1
    others = ", ".join(name for name in CODES if name != "fer2013")
    is_code = code_of(cell) is not None
    of_others = f"; numbers of another set with --map and its name, {others}" if is_code else ""
    meant = quoted(f"{cell}={suggest(cell) or 'LABEL'}")
    return (
        f"emotion must be 0 to {most}, or a label. Received: {cell!r}. Say what it means with "
        f"--map {meant}{of_others}; or leave it out with --ignore {quoted(cell)}"
    )
