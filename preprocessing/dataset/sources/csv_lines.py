"""Read the lines and cells of a CSV file by one rule, whatever program wrote it.

UTF-8 with or without a mark, UTF-16, Windows-1252; any line ends; commas, semicolons, tabs or bars
between cells; cells with or without quotes; blank lines, and a line "sep=;" before the header.
"""

import codecs
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from preprocessing.dataset.sources.vocabulary import fold
from preprocessing.errors import DatasetError

DELIMITERS = (",", ";", "\t", "|")
_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Far more than the pixels of a large picture; cells take many times the memory of their line.
MOST_LINE_BYTES = 20_000_000
SHORTER = " Write each row on one line, with a few columns."
_CHUNK_LINES = 1 << 16
# What Mechanical Turk and Toloka put before the names of columns: "Input.image_url".
_OF_CROWDS = re.compile(r"^(?:input|output|answer|assignment)[.:](?:category[.:])?")
_SHOWN, _ANSWERED = ("input.", "input:"), ("output.", "output:", "answer.", "answer:")
_QUOTED = {
    quote: re.compile(f" *{quote}([^{quote}]*(?:{quote}{quote}[^{quote}]*)*){quote} *")
    for quote in "\"'"
}


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
    """The lines of a CSV file, decoded one by one when asked for: the file can be large.

    A line of more than `MOST_LINE_BYTES` is a `DatasetError`.
    """

    def __init__(self, data: bytes, name: str = "The table") -> None:
        self._data, self._is_guessed = data, False
        ends, last = array("q"), 0
        end = data.find(b"\n")
        while end >= 0 and end - last <= MOST_LINE_BYTES:
            ends.append(end)
            end, last = data.find(b"\n", end + 1), end
        if (end if end >= 0 else len(data)) - last > MOST_LINE_BYTES:
            raise DatasetError(
                f"{name} has a line of more than {MOST_LINE_BYTES:,} bytes.{SHORTER}"
            )
        if data and not data.endswith(b"\n"):
            ends.append(len(data))
        self._ends = np.frombuffer(ends, np.int64)

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self._ends)

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
        for start in range(0, len(self), _CHUNK_LINES):
            before = self._ends[start - 1] if start else -1
            lengths = np.diff(self._ends[start : start + _CHUNK_LINES], prepend=before) - 1
            yield from map(int, start + np.flatnonzero(lengths < length))

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
        start = self._ends[line - 1] + 1 if line else 0
        content = self._data[start : self._ends[line]]
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            self._is_guessed = True
            text = content.decode("cp1252", "replace")
        return text.rstrip("\r")


@dataclass(frozen=True)
class FirstLine:
    """The first line of a table that has content.

    Attributes:
        position: Among the lines; their number where none has content.
        text: The line.
        delimiters: That may stand between its cells.
    """

    position: int
    text: str
    delimiters: Sequence[str]

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
            return FirstLine(position, lines[position], delimiters)
    return FirstLine(len(lines), "", delimiters)


def _is_comment(line: str) -> bool:
    """Say whether a line is a remark; the name of a first column may begin with # too."""
    return line.startswith("#") and not any(delimiter in line for delimiter in DELIMITERS)


def split_cells(line: str, delimiter: str, *, name: str) -> list[str]:
    """Split a line into cells, without quotes and spaces around them.

    Args:
        line: The line.
        delimiter: Between cells; a space means any number of spaces and tabs.
        name: Of file and line, for messages.

    Raises:
        DatasetError: A quoted cell does not end.
    """
    if delimiter == " ":
        return [_bare(cell) for cell in line.split()]
    if '"' in line:
        return _split_quoted(line, delimiter, '"', name)
    if "'" in line:
        return _split_quoted(line, delimiter, "'", name)
    return [cell.strip() for cell in line.split(delimiter)]


def _split_quoted(line: str, delimiter: str, quote: str, name: str) -> list[str]:
    cells = []
    start = 0
    while start <= len(line):
        quoted = _QUOTED[quote].match(line, start)
        if quoted and line[quoted.end() : quoted.end() + 1] in ("", delimiter):
            cells.append(quoted[1].replace(2 * quote, quote).strip())
            end = quoted.end()
        else:
            end = line.find(delimiter, start)
            end = len(line) if end < 0 else end
            cell = line[start:end].strip()
            if cell.startswith('"') and quote == '"':
                raise DatasetError(
                    f"{name}: a cell that begins with a quote does not end with one on its line. "
                    f"Write each row on one line. Received: {cell[:20]!r}"
                )
            cells.append(_bare(cell))
        start = end + 1
    return cells


def _bare(cell: str) -> str:
    """Return a cell without the quotes around it."""
    is_quoted = len(cell) > 1 and cell[0] == cell[-1] and cell[0] in _QUOTED
    return cell[1:-1].strip() if is_quoted else cell


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
