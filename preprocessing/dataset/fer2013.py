"""Read the FER+ votes that belong to FER2013's `fer2013.csv`."""

import csv
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from preprocessing.dataset.sources.csv_lines import DELIMITERS, to_utf8
from preprocessing.dataset.sources.packed import read_csv
from preprocessing.dataset.sources.vocabulary import fold
from preprocessing.errors import DatasetError
from preprocessing.runtime.files import what_is_missing

VOTE_COLUMNS = (
    "neutral", "happiness", "surprise", "sadness", "anger",
    "disgust", "fear", "contempt", "unknown", "NF",
)  # fmt: skip
_COLUMNS = {fold(name): name for name in VOTE_COLUMNS}
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


def read_ferplus(path: Path) -> NDArray[np.uint8]:
    """Read `fer2013new.csv`: the votes of ten people on each picture, by position.

    Returns:
        Shape (rows, 10), columns as in `VOTE_COLUMNS`.

    Raises:
        DatasetError: The file is missing or broken.
    """
    if not path.exists():
        raise DatasetError(what_is_missing(path))
    text = to_utf8(read_csv(path, str(path))).decode("utf-8", "replace")
    header = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=header.count)
    rows = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    try:
        rows.fieldnames = [_COLUMNS.get(fold(name), name) for name in rows.fieldnames or ()]
        missing = set(VOTE_COLUMNS) - set(rows.fieldnames)
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
