"""Read the numbers of a list that has a column for each label."""

import re
from collections.abc import Mapping

from preprocessing.dataset.sources.vocabulary import MISSING, fold
from preprocessing.errors import DatasetError

# A comma between thousands, or a decimal one: "1,200".
_MAY_BE_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+")


def most_voted(cells: Mapping[str, str], where: str) -> list[str]:
    """Return the labels whose cells have the largest number; none where all are 0.

    Args:
        cells: Of a line, by the label of their column.
        where: File and line, for messages.

    Raises:
        DatasetError: A cell has no number, or one with a comma that decides as a decimal comma, and
            otherwise between thousands.
    """
    votes = {}
    for label, cell in cells.items():
        try:
            votes[label] = _number(cell)
        except ValueError as error:
            raise DatasetError(
                f"{where}: expected a number in the column {label}. Received: {cell[:20]!r}"
            ) from error
    thousands = {
        label: float(cells[label].replace(",", ""))
        if _MAY_BE_THOUSANDS.fullmatch(cells[label])
        else number
        for label, number in votes.items()
    }
    most = _largest(votes)
    has_decimals = any(
        "," in cell and not _MAY_BE_THOUSANDS.fullmatch(cell) for cell in cells.values()
    )
    if not has_decimals and most != (other := _largest(thousands)):
        raise DatasetError(
            f"{where}: {cells[other[0]]!r} may be a number above a thousand, or have a decimal "
            "comma. Write numbers without commas between thousands."
        )
    return most


def _largest(votes: Mapping[str, float]) -> list[str]:
    most = max(votes.values(), default=0.0)
    return (
        [label for label, number in votes.items() if number == most] if any(votes.values()) else []
    )


def _number(cell: str) -> float:
    """Read a vote: "7", "0,9", "90 %", "True", or nothing, such as "NA".

    Raises:
        ValueError: It is none of these.
    """
    if fold(cell) in MISSING | {"true", "false"}:
        return float(fold(cell) == "true")
    return float(cell.rstrip("% ").replace(",", "."))
