"""The table with a row for each face, for the page and the command line."""

import csv
import io
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import IO, Any

from preprocessing.runtime.terminal import readable
from serving.inference.schema import Answer, FaceAnswer
from serving.inference.spreadsheets import as_text

BOX = ("left", "top", "right", "bottom")
ANSWER = ("label", "confidence", "is_sure", "second_label")
AFTER = ("hints", "found_by", "problem")
"""Names of columns: with `AFTER`, those behind the probabilities."""
_BEFORE = ("file", "face", *BOX, *ANSWER)
NO_FACE = "no face found"


def write_csv(
    file: IO[str], answers: Iterable[tuple[Path, Answer | str]], *, labels: tuple[str, ...]
) -> None:
    """Write one row a face, and one for each picture without a face that says so in `problem`.

    The probability of a label is in the column of its name, or in one with `p_` before it where
    that is another column's name, as of a label "left". Text that a spreadsheet would run has an
    apostrophe before it.

    Args:
        file: Open for writing text, with `newline=""`.
        answers: Each picture, and what is answered on it or why it could not be read.
        labels: In the order of the columns.
    """
    rows = csv.DictWriter(file, [*_BEFORE, *map(_column, labels), *AFTER])
    rows.writeheader()
    for picture, answer in answers:
        faces = () if isinstance(answer, str) else answer.faces
        for face in faces:
            row = {name: in_csv(value) for name, value in to_row(face).items()}
            rows.writerow({"file": as_text(readable(str(picture))), **row})
        if not faces:
            # The system's words begin with the name of the file.
            problem = as_text(readable(answer)) if isinstance(answer, str) else NO_FACE
            hints = "" if isinstance(answer, str) else " ".join(answer.hints or ())
            name = as_text(readable(str(picture)))
            rows.writerow({"file": name, "hints": hints, "problem": problem})


def in_csv(value: Any) -> Any:
    """Return a value as it is written into a CSV file."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.4f}" if isinstance(value, float) else value


def csv_text(answers: Iterable[tuple[str, Answer]], *, labels: tuple[str, ...]) -> str:
    """Return the table of `write_csv`, of answers by the names of their pictures."""
    table = io.StringIO(newline="")
    write_csv(table, ((Path(name), answer) for name, answer in answers), labels=labels)
    return table.getvalue()


def label_column(label: str, *, taken: Collection[str]) -> str:
    """Name the column with the probability of a label.

    Args:
        label: Of a bundle.
        taken: The names of the other columns; where the label is one, it gets `p_` before it.
    """
    return as_text(f"p_{label}" if label in taken else label)


def _column(label: str) -> str:
    return label_column(label, taken=_BEFORE + AFTER)


def row_types(labels: tuple[str, ...]) -> dict[str, type]:
    """Return the columns of `to_row`, by the labels of a bundle, and the type of their values."""
    return {
        "face": int,
        **dict.fromkeys(BOX, int),
        "label": str,
        "confidence": float,
        "is_sure": bool,
        "second_label": str,
        **dict.fromkeys(map(_column, labels), float),
        "hints": str,
        "found_by": str,
    }


def to_row(face: FaceAnswer) -> dict[str, Any]:
    """Return one face as a row: columns by name, with numbers as they are."""
    return {
        "face": face.index,
        **face.box.model_dump(),
        "label": as_text(face.label),
        "confidence": face.confidence,
        "is_sure": face.is_sure,
        "second_label": as_text(face.second_label),
        **{_column(label): probability for label, probability in face.probabilities.items()},
        "hints": " ".join(face.hints),
        "found_by": face.found_by,
    }
