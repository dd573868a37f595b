"""Find out how a table of pictures is written: its delimiter, columns and header."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from preprocessing.dataset.sources.csv_lines import (
    DELIMITERS,
    CsvLines,
    find_columns,
    header_line,
    split_header,
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
_PIXEL_COLUMN = re.compile(r"(?:pixel|pix|px)?\d+")
# A cell of so many numbers holds pixels.
_LEAST_NUMBERS = 256


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
    """

    delimiter: str
    emotion: int
    pixels: int
    usage: int | None
    split: str = "train"
    pixel_columns: int = 1

    @property
    def last(self) -> int:
        """Position of the last column that is needed."""
        return max(self.emotion, self.pixels + self.pixel_columns - 1, self.usage or 0)

    def pixel_text(self, cells: Sequence[str]) -> str:
        """Return the pixels of a row with spaces between them."""
        return " ".join(cells[self.pixels : self.pixels + self.pixel_columns])


def columns_found(head: bytes) -> int:
    """Return how many of `COLUMNS` the header of a file that begins so has: 0, or 2 or 3."""
    lines = CsvLines(to_utf8(head))
    first, delimiter = header_line(lines)
    try:
        form = form_of_header(lines[first], delimiter, "") if first < len(lines) else None
    except DatasetError:
        return 0
    return 0 if form is None else 2 + (form.usage is not None)


def looks_like_table(head: bytes) -> bool:
    """Say whether a file that begins so is a text with several cells a line, or a known column."""
    lines = CsvLines(to_utf8(head))
    first, _ = header_line(lines)
    if b"\0" in to_utf8(head) or first == len(lines):
        return False
    rows = [lines[first].split(delimiter) for delimiter in DELIMITERS]
    return any(len(cells) > 1 or find_columns(cells, COLUMNS) for cells in rows)


def form_of_header(line: str, delimiter: str | None, name: str) -> TableForm | None:
    """Read a header.

    Args:
        line: The first line with content.
        delimiter: Where a line before it names one.
        name: Of the file, for messages.

    Returns:
        The form of the table, or None where the line is no header of one.

    Raises:
        DatasetError: A quoted cell does not end.
    """
    for each, cells in split_header(line, delimiter or DELIMITERS, name=name):
        columns = find_columns(cells, COLUMNS)
        if "emotion" not in columns:
            continue
        first, count = columns.get("pixels"), 1
        if first is None:
            first, count = _pixel_columns(cells)
        if count:
            split = split_of_file(PurePath(name).name) or "train"
            return TableForm(each, columns["emotion"], first, columns.get("Usage"), split, count)
    return None


def _pixel_columns(cells: Sequence[str]) -> tuple[int, int]:
    """Find the columns of a header that are one for each pixel: the first, and their number."""
    is_pixel = [bool(_PIXEL_COLUMN.fullmatch(re.sub("[^a-z0-9]", "", fold(c)))) for c in cells]
    first = is_pixel.index(True) if True in is_pixel else 0
    count = next((n for n, each in enumerate(is_pixel[first:]) if not each), len(cells) - first)
    return first, count if count >= _LEAST_NUMBERS else 0


def form_of_row(line: str, name: str) -> TableForm:
    """Recognise a table without a header by its first row.

    Raises:
        DatasetError: It is none.
    """
    for delimiter, cells in split_header(line, DELIMITERS, name=name):
        pixels = [place for place, cell in enumerate(cells) if _is_pixels(cell)]
        labels = [place for place, cell in enumerate(cells) if _is_label(cell)]
        usages = [place for place, cell in enumerate(cells) if fold(cell) in SPLIT_OF]
        # An index may come before the label.
        if len(pixels) == 1 and labels and len(usages) <= 1:
            usage = usages[0] if usages else None
            split = split_of_file(PurePath(name).name) or "train"
            return TableForm(delimiter, labels[-1], pixels[0], usage, split)
    cells = [cell for _, each in split_header(line, DELIMITERS, name=name) for cell in each]
    missing = [column for column in COLUMNS if column not in find_columns(cells, COLUMNS)]
    hint = ""
    if missing[0] == "emotion" and "pixels" not in missing:
        hint = " Without labels its pictures teach nothing and judge nothing."
    if line.lstrip().startswith("<"):
        hint = " This is a web page, not the table: download the table again."
    if line.lstrip().startswith(("{", "[")):
        hint = " This is JSON: write it as a CSV file."
    raise DatasetError(
        f"{name} lacks the column {missing[0]!r}. Expected {', '.join(COLUMNS)}. "
        f"Received: {line[:80]!r}{hint}"
    )


def _is_pixels(cell: str) -> bool:
    return len(cell.replace(",", " ").split()) >= _LEAST_NUMBERS


def _is_label(cell: str) -> bool:
    return fold(cell) in LABEL_OF or (code_of(cell) is not None and len(cell) <= len("0.0"))
