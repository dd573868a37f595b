"""What is said of the columns of lists: which are not read, and which make a list be refused."""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence

from preprocessing.dataset.sources.list_form import CHOICES, ListForm
from preprocessing.dataset.sources.names import Names
from preprocessing.dataset.sources.table_form import TableForm
from preprocessing.dataset.sources.vocabulary import SPLIT_OF, fold
from preprocessing.errors import DatasetError
from preprocessing.runtime.terminal import quoted

_MOST_COLUMNS = 12
_NOTE_OF_RATERS = (
    "note: lines of {} for the same picture count as votes of the people in its column {}"
)
# Names of columns that say of each picture whether it is in one split.
_SPLIT_FLAG = re.compile(r"(?:(?:is|in)[ _-]?)?(?:train(?:ing)?|test(?:ing)?|val(?:idation)?)")
# Names of columns of which each has the labels by one person: "label_2", "Rater A".
_SEVERAL = re.compile(
    r"(?:label|emotion|expression|class|rat(?:er|ing)|annotat(?:or|ion)|label+er|coder|judge|worker)"
    r"(?:[ _.-]*\d+|[ _.-][a-z])\b"
)


def without_labels(forms: Iterable[tuple[str, ListForm]], source: str) -> DatasetError:
    """Make the error that no list says what the pictures of a source show.

    Args:
        forms: Of the lists, with their names.
        source: Name of the source.
    """
    columns = [
        f"{name} has the columns {_some(form.header)}. " for name, form in forms if form.header
    ]
    several = [name for _, form in forms for name in form.unread() if _SEVERAL.search(fold(name))]
    remedy = (
        f" If {several[0]}, {several[1]} and so on are labels by several people, write a line for "
        "each person and picture, with columns label and rater."
        if len(several) > 1
        else ""
    )
    return DatasetError(
        f"{source}: no picture that a list names has a label. {''.join(columns)}Expected a column "
        f"of labels such as label or emotion, or a column for each label.{remedy}"
    )


def say_unread(forms: Iterable[tuple[str, ListForm | TableForm]]) -> list[str]:
    """Say which columns of lists or tables are not read, once for those that have the same ones."""
    named: dict[tuple[str, ...], list[str]] = {}
    for name, form in forms:
        named.setdefault(tuple(form.unread()), []).append(name)
    return [
        f"note: columns of {_first_of(names)} that were not read: {_some(columns)}"
        for columns, names in named.items()
        if columns
    ]


def say_raters(forms: Iterable[tuple[str, ListForm]]) -> list[str]:
    """Say which lines of lists are votes, once for lists whose column of raters has one name."""
    named: dict[str, list[str]] = {}
    for name, form in forms:
        if "rater" in form.columns:
            named.setdefault(form.header[form.columns["rater"]], []).append(name)
    return [_NOTE_OF_RATERS.format(_first_of(names), column) for column, names in named.items()]


def _some(columns: Sequence[str]) -> str:
    """Join names of columns, the first few of many."""
    more = len(columns) - _MOST_COLUMNS
    return ", ".join(columns[:_MOST_COLUMNS]) + (f" and {more:,} more" if more > 0 else "")


def _first_of(names: Sequence[str]) -> str:
    return names[0] + (" and others" if len(set(names)) > 1 else "")


def check_others(
    cells: Sequence[str], form: ListForm, names: Names, *, needs_split: bool, where: str
) -> None:
    """Refuse a line with a split or a label in a column that is not read.

    Args:
        cells: Of the line.
        form: Of the list.
        names: How names are to be read.
        needs_split: Whether nothing else tells the splits.
        where: File and line, for messages.

    Raises:
        DatasetError: Votes have moved by a cell, or a label stands beside them, or a split in a
            column of another name.
    """
    if form.votes and any(cells[len(form.header) :]):
        raise DatasetError(
            f"{where}: expected {len(form.header)} cells, as many as the first line has. "
            f"Received: {len(cells)}. Put a cell with {form.delimiter!r} in it, such as a decimal "
            "comma, into quotation marks."
        )
    may_be_split = needs_split and "split" not in form.columns
    if not (may_be_split or form.votes):
        return
    columns = form.other_columns if form.header else itertools.repeat("")
    for column, cell in zip(columns, form.others(cells), strict=False):
        if may_be_split and cell.lower() in SPLIT_OF:
            kind = "split"
        elif form.votes and fold(column) not in CHOICES and names.read(cell).label is not None:
            kind = "label"
        else:
            continue
        if not form.header:
            raise DatasetError(
                f"{where}: {cell!r} names a split, but the first line has none there. Write a line "
                "with the names of the columns before it, such as path,label,split."
            )
        if not names.ignored_by(column):
            raise DatasetError(
                f"{where}: {cell!r} in the column {column} may be the {kind}. Name the column "
                f"{kind}, or pass it over with --ignore {quoted(column)}"
            )


def refuse_split_flags(forms: Mapping[str, ListForm], names: Names) -> None:
    """Refuse a column such as "is_train" that is not read: test pictures would be trained on.

    Args:
        forms: Of the lists, by their names.
        names: How names are to be read.
    """
    for name, form in forms.items():
        if "split" not in form.columns:
            refuse_split_flags_among(form.unread(), name, names)


def refuse_split_flags_among(columns: Iterable[str], name: str, names: Names) -> None:
    """Refuse such a column among those of a list or a table that are not read."""
    for column in columns:
        if _SPLIT_FLAG.fullmatch(fold(column)) and not names.ignored_by(column):
            raise DatasetError(
                f"{name} has a column {column}, which may tell the split. Write a column split "
                "with train, val or test instead, or pass it over with "
                f"--ignore {quoted(column)}"
            )
