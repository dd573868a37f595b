"""Read FER2013's `fer2013.csv`, plain or compressed, and the FER+ votes that belong to it."""

import bz2
import csv
import gzip
import io
import lzma
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path, PurePath
from typing import IO, Any, BinaryIO, overload

import numpy as np
from numpy.typing import NDArray

from preprocessing.dataset.labels import FER2013_LABELS, FER2013_USAGES
from preprocessing.errors import DatasetError

SIDE_PX = 48
WHITE = 255
_LABELS_BY_CODE = {str(code): label for code, label in enumerate(FER2013_LABELS)}
COLUMNS = ("emotion", "pixels", "Usage")
VOTE_COLUMNS = (
    "neutral", "happiness", "surprise", "sadness", "anger",
    "disgust", "fear", "contempt", "unknown", "NF",
)  # fmt: skip
FERPLUS_WORDS = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "sad": "sadness",
    "surprise": "surprise",
    "neutral": "neutral",
    "contempt": "contempt",
}
"""The column of the votes for each of `FERPLUS_LABELS`; unknown and NF, no face, are no labels."""
_LABELS_BY_WORD = {word: label for label, word in FERPLUS_WORDS.items()}


def _open_zip(packed: BinaryIO) -> IO[bytes]:
    archive = zipfile.ZipFile(packed)
    names = [name for name in archive.namelist() if name.endswith(".csv")]
    if len(names) != 1:
        raise ValueError(f"a zip file should hold one CSV file, this one holds {len(names)}")
    return archive.open(names[0])


_OPENERS: dict[str, Callable[[BinaryIO], Any]] = {
    ".gz": lambda packed: gzip.GzipFile(fileobj=packed),
    ".xz": lzma.LZMAFile,
    ".bz2": bz2.BZ2File,
    ".zip": _open_zip,
}
# A zip file that is encrypted, or packed in a way that is not known, is a RuntimeError.
_UNPACKING_ERRORS = (lzma.LZMAError, zlib.error, zipfile.BadZipFile, RuntimeError)
# FER2013's CSV has 301 MB.
MAX_UNPACKED_BYTES = 1_000_000_000
CSV_SUFFIXES = (".csv", *_OPENERS)


def read_unpacked(path: Path) -> bytes:
    """Return the content of a CSV file, unpacked where it is compressed.

    Raises:
        DatasetError: The file is missing or damaged, or an archive holds not just one CSV file.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error}.") from error
    return unpack(data, str(path))


def unpack(data: bytes, name: str) -> bytes:
    """Unpack a file's content as the end of its name says.

    Raises:
        DatasetError: It is damaged, too large, or an archive that does not hold just one CSV file.
    """
    opener = _OPENERS.get(PurePath(name).suffix)
    if opener is None:
        return data
    try:
        with opener(io.BytesIO(data)) as file:
            unpacked: bytes = file.read(MAX_UNPACKED_BYTES + 1)
    except (OSError, EOFError, ValueError, *_UNPACKING_ERRORS) as error:
        raise DatasetError(f"{name} cannot be read: {error}. Download it again.") from error
    if len(unpacked) > MAX_UNPACKED_BYTES:
        raise DatasetError(
            f"{name} unpacks to more than {MAX_UNPACKED_BYTES:,} bytes. Cut it into several files."
        )
    return unpacked


class CsvLines(Sequence[str]):
    """The lines of a CSV file, decoded one by one when asked for: the file can be large."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
        if data and not data.endswith(b"\n"):
            self._ends = np.append(self._ends, len(data))

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

    def _decode(self, line: int) -> str:
        start = self._ends[line - 1] + 1 if line else 0
        return self._data[start : self._ends[line]].decode("utf-8", "replace").rstrip("\r")


def parse_header(lines: Sequence[str], name: str) -> tuple[int, int, int]:
    """Return the positions of the columns emotion, pixels and Usage in a file's first line.

    Raises:
        DatasetError: One of them is missing.
    """
    line = lines[0] if lines else ""
    found = [word.strip() for word in line.split(",")]
    missing = [column for column in COLUMNS if column not in found]
    if missing:
        raise DatasetError(
            f"{name} lacks the column {missing[0]!r}. Expected {', '.join(COLUMNS)}. "
            f"Received: {line[:80]!r}"
        )
    emotion, pixels, usage = (found.index(column) for column in COLUMNS)
    return emotion, pixels, usage


def row_name(name: str, row: int) -> str:
    """Name a row, counted from 0, by the line on which a person finds it."""
    return f"{name}:{row + 2}"


def parse_row(line: str, columns: tuple[int, int, int], *, name: str) -> tuple[str, str, bytes]:
    """Read one row.

    Args:
        line: The row.
        columns: From `parse_header`.
        name: Of file and line, for messages.

    Returns:
        Label, split, and 48 x 48 pixels, rows first.

    Raises:
        DatasetError: The row is broken.
    """
    cells = [cell.strip(' "') for cell in line.split(",")]
    if len(cells) <= max(columns):
        raise DatasetError(f"{name}: expected {max(columns) + 1} cells. Received: {len(cells)}")
    code, pixels, usage = (cells[column] for column in columns)
    label = _LABELS_BY_CODE.get(code)
    if label is None:
        raise DatasetError(
            f"{name}: emotion must be 0 to {len(FER2013_LABELS) - 1}. Received: {code[:20]!r}"
        )
    if usage not in FER2013_USAGES:
        raise DatasetError(
            f"{name}: Usage must be one of {', '.join(FER2013_USAGES)}. Received: {usage[:20]!r}"
        )
    return label, FER2013_USAGES[usage], _parse_pixels(pixels, name)


def read_ferplus(path: Path) -> NDArray[np.uint8]:
    """Read `fer2013new.csv`: the votes of ten people on each picture, by position.

    Returns:
        Shape (rows, 10), columns as in `VOTE_COLUMNS`.

    Raises:
        DatasetError: The file is missing or broken.
    """
    rows = csv.DictReader(io.StringIO(read_unpacked(path).decode("utf-8", "replace")))
    try:
        missing = set(VOTE_COLUMNS) - set(rows.fieldnames or ())
        if missing:
            raise DatasetError(f"{path} lacks the columns {', '.join(sorted(missing))}.")
        votes = [[int(row[column]) for column in VOTE_COLUMNS] for row in rows]
        return np.array(votes, dtype=np.uint8).reshape(-1, len(VOTE_COLUMNS))
    except (ValueError, TypeError, OverflowError) as error:
        raise DatasetError(f"{path}:{rows.line_num}: a vote is no small number: {error}") from error
    except csv.Error as error:
        raise DatasetError(f"{path}:{rows.reader.line_num} cannot be read: {error}.") from error


def majority_label(votes: NDArray[np.uint8]) -> str | None:
    """Choose a picture's label by the majority of its votes.

    As in the program of FER+'s authors (Barsoum et al. 2016, arXiv:1608.01041; src/ferplus.py in
    github.com/microsoft/FERPlus), a choice that only one person made does not count, and the
    winner must have more than half of the votes that do.

    Args:
        votes: Shape (10,), columns as in `VOTE_COLUMNS`.

    Returns:
        One of `FERPLUS_LABELS`, or None where there is no majority, or one for unknown or no face.
    """
    counted = np.where(votes > 1, votes, 0).tolist()
    most = max(counted)
    if 2 * most <= sum(counted):
        return None
    return _LABELS_BY_WORD.get(VOTE_COLUMNS[counted.index(most)])


def _parse_pixels(text: str, name: str) -> bytes:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # NumPy warns of what is no number
            values = np.fromstring(text, dtype=np.int64, sep=" ")
    except (ValueError, DeprecationWarning):
        values = np.empty(0, np.int64)
    if len(values) == SIDE_PX * SIDE_PX and values.min() >= 0 and values.max() <= WHITE:
        return values.astype(np.uint8).tobytes()
    words = text.split()
    if len(words) != SIDE_PX * SIDE_PX:
        raise DatasetError(
            f"{name}: expected {SIDE_PX * SIDE_PX} pixels ({SIDE_PX} x {SIDE_PX}). "
            f"Received: {len(words)}. The file may be cut short; download it again."
        )
    is_digits = re.compile("[0-9]{1,3}").fullmatch
    wrong = next((word for word in words if not (is_digits(word) and int(word) <= WHITE)), None)
    if wrong is None:
        odd = re.sub("[0-9 ]", "", text)
        raise DatasetError(f"{name}: pixels must be separated by spaces. Received: {odd[:20]!r}")
    raise DatasetError(
        f"{name}: a pixel must be a number from 0 to {WHITE}. Received: {wrong[:20]!r}"
    )
