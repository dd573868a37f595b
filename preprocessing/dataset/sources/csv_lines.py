"""Read the lines and cells of a CSV file by one rule, whatever program wrote it.

UTF-8 with or without a mark, UTF-16, Windows-1252; any line ends; commas, semicolons, tabs or bars
between cells; cells with or without quotes; blank lines, and a line "sep=;" before the header.
"""

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from preprocessing.dataset.sources.cells import split_cells
from preprocessing.dataset.sources.vocabulary import fold
from preprocessing.errors import DatasetError

DELIMITERS = (",", ";", "\t", "|")
_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Far more than the pixels of a large picture; cells take many times the memory of their line.
MOST_LINE_BYTES = 20_000_000
# More than any set of pictures has; without a limit the places of short lines would take gigabytes.
MOST_LINES = 20_000_000
SHORTER = " Write each row on one line, with a few columns."
_CHUNK_BYTES = 1 << 16
# What Mechanical Turk and Toloka put before the names of columns: "Input.image_url".
_OF_CROWDS = re.compile(r"^(?:input|output|answer|assignment)[.:](?:category[.:])?")
_SHOWN, _ANSWERED = ("input.", "input:"), ("output.", "output:", "answer.", "answer:")


def to_utf8(data: bytes) -> bytes:
    """Return the content of a text file as UTF-8, with a line feed at the end of each line."""
    if data.startswith(codecs.BOM_UTF8):
        data = data[len(codecs.BOM_UTF8) :]
    elif data.startswith(_UTF_16_MARKS):
        data = data.decode("utf-16", "replace").encode()
    elif len(data) > 3 and data[1] == data[3] == 0 != data[0]:
        data = data.decode("utf-16-le", "replace").encode()
    elif len(data) > 3 and data[0] == data[2] == 0 != data[1]:
        data = data.decode("utf-16-be", "replace").encode()
    if data.endswith(b"\0"):
        data = data.rstrip(b"\0")
    if b"\n" not in data and b"\r" in data:
        data = data.replace(b"\r", b"\n")
    return data


class CsvLines(Sequence[str]):
    """The lines of a CSV file that hold anything, decoded one by one: the file can be large.

    A line of more than `MOST_LINE_BYTES` is a `DatasetError`, and so are more than `MOST_LINES`.

    Attributes:
        numbers: Of the lines in the file, counted from 1, with the empty ones.
        total: Number of all lines of the file.
    """

    def __init__(self, data: bytes, name: str = "The table") -> None:
        self._data, self._is_guessed = data, False
        self.total, last = 0, -1
        content = np.frombuffer(data, np.uint8)
        kept, count = [np.empty((3, 0), np.uint32)], 0
        for ends in _line_ends(data):
            starts = np.concatenate(([last], ends[:-1])) + 1
            if (ends - starts).max() > MOST_LINE_BYTES:
                raise DatasetError(
                    f"{name} has a line of more than {MOST_LINE_BYTES:,} bytes.{SHORTER}"
                )
            numbers = np.arange(self.total + 1, self.total + 1 + len(ends))
            is_filled = (ends > starts + 1) | ((ends > starts) & (content[starts] != ord("\r")))
            kept.append(np.stack((starts, ends, numbers))[:, is_filled].astype(np.uint32))
            count += kept[-1].shape[1]
            if count > MOST_LINES:
                raise DatasetError(
                    f"{name} has more than {MOST_LINES:,} lines. Cut it into several files."
                )
            self.total, last = self.total + len(ends), int(ends[-1])
        self._starts, self._ends, self.numbers = np.concatenate(kept, axis=1)

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        """Return a line, or several, without their ends."""
        if isinstance(index, slice):
            return [self._decode(line) for line in range(len(self))[index]]
        return self._decode(range(len(self))[index])

    def shorter_than(self, length: int) -> Iterator[int]:
        """Yield the positions of the lines of fewer bytes."""
        return map(int, np.flatnonzero(self._ends - self._starts < length))

    def doubt(self, name: str) -> str:
        """Say, as the end of a message on a file, that its letters may have been read wrongly.

        Empty where all lines so far are UTF-8.
        """
        if not self._is_guessed:
            return ""
        return (
            f" {name} is not in UTF-8 and was read as Windows-1252. If letters look wrong here, "
            "save it in UTF-8 (in Excel: CSV UTF-8)."
        )

    def _decode(self, line: int) -> str:
        content = self._data[self._starts[line] : self._ends[line]]
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            self._is_guessed = True
            text = content.decode("cp1252", "replace")
        return text.rstrip("\r")


def _line_ends(data: bytes) -> Iterator[NDArray[np.int64]]:
    """Yield where the lines of a text end, some at a time."""
    content = np.frombuffer(data, np.uint8)
    for start in range(0, len(data), _CHUNK_BYTES):
        ends = start + np.flatnonzero(content[start : start + _CHUNK_BYTES] == ord("\n"))
        if len(ends):
            yield ends
    if data and not data.endswith(b"\n"):
        yield np.array([len(data)])


@dataclass(frozen=True)
class FirstLine:
    """The first line of a table that has content.

    Attributes:
        position: Among the lines; their number where none has content.
        text: The line.
        delimiters: That may stand between its cells.
        below: The line after it; empty where there is none.
    """

    position: int
    text: str
    delimiters: Sequence[str]
    below: str = ""

    def split(self, name: str) -> Iterator[tuple[str, list[str]]]:
        """Split it into cells by each delimiter that it may be written with.

        Args:
            name: Of the file, for messages.

        Yields:
            A delimiter, and the cells, where the quotes fit it.

        Raises:
            DatasetError: The quotes fit none.
        """
        problem, fits = None, False
        for delimiter in self.delimiters:
            try:
                cells = split_cells(self.text, delimiter, name=name)
            except DatasetError as error:
                problem = problem or error
            else:
                fits = True
                yield delimiter, cells
        if problem and not fits:
            raise problem

    def headers(self, name: str) -> Iterator[tuple[str, list[str]]]:
        """Split it as `split` does, if it is a header.

        Where the line below begins with a name for its row, as R writes it, an empty cell comes
        first.
        """
        for delimiter, cells in self.split(name):
            yield delimiter, ["", *cells] if self._names_rows(len(cells), delimiter) else cells

    def _names_rows(self, count: int, delimiter: str) -> bool:
        """Say whether the line below has a cell more, and begins with a name as R writes it.

        Where R puts quotes around names it does so in the header too. Without them they are
        numbers; between commas these may as well be labels, and the header one name short.
        """
        is_quoted = self.below.startswith('"')
        if is_quoted != self.text.startswith('"'):
            return False
        with suppress(DatasetError):
            cells = split_cells(self.below, delimiter, name="")
            if len(cells) == count + 1 and cells[-1]:
                return is_quoted or (delimiter in " \t" and cells[0].isdecimal())
        return False


def first_line(lines: CsvLines, delimiters: Sequence[str] = DELIMITERS) -> FirstLine:
    """Find the first line with content, after blank lines and remarks ("# ...").

    Args:
        lines: Of a table.
        delimiters: That may stand between its cells, if no line "sep=;" names one.
    """
    for position in range(len(lines)):
        line = lines[position].strip()
        if match := re.fullmatch(r'"?sep=(.)"?', line):
            delimiters = match[1]
        elif line.strip(" ,;\t|\"'") and not _is_comment(line):
            below = "".join(lines[position + 1 : position + 2])
            return FirstLine(position, lines[position], delimiters, below)
    return FirstLine(len(lines), "", delimiters)


def _is_comment(line: str) -> bool:
    """Say whether a line is a remark; the name of a first column may begin with # too."""
    return line.startswith("#") and not any(delimiter in line for delimiter in DELIMITERS)


def find_columns(header: Sequence[str], columns: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Find columns by their names, whatever their case, spaces and signs.

    Args:
        header: The cells of a table's first line.
        columns: By what a column holds, the names that it may have, the best first.

    Returns:
        The position of each column that is there.
    """
    cells = [fold(cell) for cell in header]
    names = [re.sub(r"[^a-z0-9]", "", _OF_CROWDS.sub("", cell)) for cell in cells]
    found = {}
    for column, words in columns.items():
        # Labels are what people answered, before what they were shown; for the rest it is not so.
        last = _SHOWN if column == "label" else _ANSWERED
        ranked = [
            (cells[place].startswith(last), words.index(name), place)
            for place, name in enumerate(names)
            if name in words
        ]
        if ranked:
            found[column] = min(ranked)[-1]
    return found
