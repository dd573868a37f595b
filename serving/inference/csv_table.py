"""The one shape of a table with a row for each face, for the page and the command line."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from preprocessing.dataset.sources import readable
from serving.inference.schema import Answer, FaceAnswer
from serving.inference.spreadsheets import as_text

_BOX = ("left", "top", "right", "bottom")
_ANSWER = ("label", "confidence", "is_sure", "second_label")
_BEFORE, _AFTER = ("file", "face", *_BOX, *_ANSWER), ("hints", "found_by")


def write_csv(
    file: IO[str], answers: Iterable[tuple[Path, Answer]], *, labels: tuple[str, ...]
) -> None:
    """Write one row a face.

    The probability of a label is in the column of its name, or in one with `p_` before it where
    that is another column's name, as of a label "left". Text that a spreadsheet would run has an
    apostrophe before it.

    Args:
        file: Open for writing text, with `newline=""`.
        answers: Each picture, and what is answered on it.
        labels: In the order of the columns.
    """
    rows = csv.DictWriter(file, [*_BEFORE, *map(_column, labels), *_AFTER])
    rows.writeheader()
    for picture, answer in answers:
        rows.writerows(_row(picture, face) for face in answer.faces)


def _column(label: str) -> str:
    return as_text(f"p_{label}" if label in _BEFORE + _AFTER else label)


def _row(picture: Path, face: FaceAnswer) -> dict[str, Any]:
    return {
        "file": as_text(readable(str(picture))),
        "face": face.index,
        **face.box.model_dump(),
        "label": as_text(face.label),
        "confidence": f"{face.confidence:.4f}",
        "is_sure": str(face.is_sure).lower(),
        "second_label": as_text(face.second_label),
        **{_column(label): f"{share:.4f}" for label, share in face.probabilities.items()},
        "hints": " ".join(face.hints),
        "found_by": face.found_by,
    }
