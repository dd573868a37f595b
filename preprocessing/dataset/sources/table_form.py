"""Find out how a table of pictures is written: its delimiter, columns and header."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from preprocessing.dataset.sources.csv_lines import (
    CsvLines,
    FirstLine,
    find_columns,
    first_line,
    to_utf8,
)
from preprocessing.dataset.sources.vocabulary import (
    LABEL_COLUMNS,
    LABEL_OF,
    SPLIT_COLUMNS,
    SPLIT_OF,
    code_of,
    fold,
    split_of_file,
)
from preprocessing.errors import DatasetError

COLUMNS = {
    "emotion": LABEL_COLUMNS,
    "pixels": ("pixels", "pixel"),
    "Usage": SPLIT_COLUMNS,
}
"""The names that each column may have, without spaces and signs."""
_WORD = re.compile(r"[\w.]*")
_PIXEL_COLUMN = re.compile(r"(?:pixel|pix|px)?\d+")
# A cell of at least this many numbers holds pixels.
_LEAST_NUMBERS = 256
# What is cut off has fewer, and commas between them may be those between columns.
_PIXELS_CUT_OFF = re.compile(rb"\d+(?: \d+){99}")


@dataclass(frozen=True)
class TableForm:
    """How the rows of a table are written.

    Attributes:
        delimiter: Between cells.
        emotion: Position of the column with the label.
        pixels: Position of the column with the pixels, or of the first of them.
        usage: Position of the column with the split, or None.
        split: Of all rows, where there is no such column.
        pixel_columns: Number of the columns with pixels: one, or one for each pixel.
        header: The names of the columns; empty where there are none.
    """

    delimiter: str
    emotion: int
    pixels: int
    usage: int | None
    split: str = "train"
    pixel_columns: int = 1
    header: tuple[str, ...] = ()

    def unread(self) -> list[str]:
        """List the names of the columns that are not understood."""
        pixels = range(self.pixels, self.pixels + self.pixel_columns)
        read = {self.emotion, self.usage, *pixels}
        return [name for place, name in enumerate(self.header) if name and place not in read]

    @property
    def last(self) -> int:
        """Position of the last column that is needed."""
        return max(self.emotion, self.pixels + self.pixel_columns - 1, self.usage or 0)

    def pixel_text(self, cells: Sequence[str]) -> str:
        """Return the pixels of a row with spaces between them."""
        return " ".join(cells[self.pixels : self.pixels + self.pixel_columns])


def columns_found(head: bytes) -> int:
    """Return how many of `COLUMNS` a file's header has, by its first bytes: 0, 2 or 3."""
    try:
        form = form_of_header(first_line(CsvLines(to_utf8(head))), "")
    except DatasetError:
        return 0
    return 0 if form is None else 2 + (form.usage is not None)


def has_pixels(head: bytes) -> bool:
    """Say by the first bytes of a file whether it has rows of pixels, with a header or without."""
    return _PIXELS_CUT_OFF.search(head) is not None


def looks_like_table(head: bytes) -> bool:
    """Say by its first bytes whether a file is text with several cells a line or a known column."""
    data = to_utf8(head)
    first = first_line(CsvLines(data))
    if b"\0" in data or not first.text:
        return False
    rows = [first.text.split(delimiter) for delimiter in first.delimiters]
    return columns_found(head) > 0 or any(
        len(cells) > 1 or find_columns(cells, COLUMNS) for cells in rows
    )


def form_of_header(first: FirstLine, name: str) -> TableForm | None:
    """Read a header.

    Args:
        first: The first line with content.
        name: Of the file, for messages.

    Returns:
        The form of the table, or None where the line is no header of one.

    Raises:
        DatasetError: A quoted cell does not end.
    """
    # With spaces, as R writes it; without a header they may as well stand between pixels.
    spaced = replace(first, delimiters=(*first.delimiters, " "))
    for each, cells in spaced.headers(name):
        columns = find_columns(cells, COLUMNS)
        if each == " " and not all(map(_WORD.fullmatch, cells)):
            continue
        if "emotion" not in columns:
            continue
        pixels, count = columns.get("pixels"), 1
        if pixels is None:
            pixels, count = _pixel_columns(cells)
        if count:
            split = split_of_file(PurePath(name).name) or "train"
            emotion, usage = columns["emotion"], columns.get("Usage")
            return TableForm(each, emotion, pixels, usage, split, count, tuple(cells))
    return None


def _pixel_columns(cells: Sequence[str]) -> tuple[int, int]:
    """Find the columns of a header that are one for each pixel: the first, and their number."""
    is_pixel = [bool(_PIXEL_COLUMN.fullmatch(re.sub("[^a-z0-9]", "", fold(c)))) for c in cells]
    first = is_pixel.index(True) if True in is_pixel else 0
    count = next((n for n, each in enumerate(is_pixel[first:]) if not each), len(cells) - first)
    return first, count if count >= _LEAST_NUMBERS else 0


def form_of_row(first: FirstLine, name: str) -> TableForm:
    """Recognise a table without a header by its first row.

    Raises:
        DatasetError: It is none.
    """
    for delimiter, cells in first.split(name):
        pixels = [place for place, cell in enumerate(cells) if _is_pixels(cell)]
        labels = [place for place, cell in enumerate(cells) if _is_label(cell)]
        usages = [place for place, cell in enumerate(cells) if fold(cell) in SPLIT_OF]
        # An index may come before the label.
        if len(pixels) == 1 and labels and len(usages) <= 1:
            usage = usages[0] if usages else None
            split = split_of_file(PurePath(name).name) or "train"
            return TableForm(delimiter, labels[-1], pixels[0], usage, split)
    found = (find_columns(cells, COLUMNS) for _, cells in first.split(name))
    missing = min(([each for each in COLUMNS if each not in columns] for columns in found), key=len)
    hint = ""
    if missing[0] == "emotion" and "pixels" not in missing:
        hint = " Without labels its pictures teach nothing and judge nothing."
    if first.text.lstrip().startswith("<"):
        hint = " This is a web page, not the table: download the table again."
    if first.text.lstrip().startswith(("{", "[")):
        hint = " This is JSON: write it as a CSV file."
    raise DatasetError(
        f"{name} lacks the column {missing[0]!r}. Expected {', '.join(COLUMNS)}. "
        f"Received: {first.text[:80]!r}{hint}"
    )


def with_split_column(form: TableForm, rows: Sequence[Sequence[str]]) -> TableForm:
    """Find the column of splits by the cells of some rows, where the header does not name it."""
    if form.usage is not None:
        return form
    places = range(min(map(len, rows)))
    found = [place for place in places if all(fold(cells[place]) in SPLIT_OF for cells in rows)]
    return replace(form, usage=found[0]) if len(found) == 1 else form


def _is_pixels(cell: str) -> bool:
    return len(cell.replace(",", " ").split()) >= _LEAST_NUMBERS


def _is_label(cell: str) -> bool:
    return fold(cell) in LABEL_OF or (code_of(cell) is not None and len(cell) <= len("0.0"))
