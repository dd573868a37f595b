"""Tell the columns of a list by what is in them, where no header names them as we know them."""

from collections.abc import Iterable, Sequence
from pathlib import PurePath

from preprocessing.dataset.sources.likely_words import suggest
from preprocessing.dataset.sources.names import Names
from preprocessing.dataset.sources.vocabulary import SPLIT_OF, code_of, fold, words_of
from preprocessing.errors import DatasetError
from preprocessing.images.decode import PICTURE_SUFFIXES

# A cell with more of them is a remark, or a whole record, though a word in it may be for a class.
_MOST_WORDS = 3


def path_column(cells: Sequence[str]) -> int | None:
    """Return the position of the only cell of a line that names a picture, or None."""
    paths = [
        place
        for place, cell in enumerate(cells)
        # What follows "?" in an address may be anything.
        if any(_suffix(each) in PICTURE_SUFFIXES for each in (cell, cell.partition("?")[0]))
    ]
    return paths[0] if len(paths) == 1 else None


def label_column(lines: Iterable[Sequence[str]], names: Names) -> int | None:
    """Return the position of the only column at least half of whose values are labels, or None.

    Args:
        lines: The cells of the lines below the header.
        names: How labels are to be read; a word that may be one, as in another language, counts.
    """
    columns = [
        {cell for cell in column if not names.is_missing(cell)}
        for column in zip(*lines, strict=False)
    ]
    found = [
        place
        for place, cells in enumerate(columns)
        if cells and 2 * sum(_is_like_label(cell, names) for cell in cells) >= len(cells)
    ]
    return found[0] if len(found) == 1 else None


def columns_without_header(cells: Sequence[str], name: str, names: Names) -> dict[str, int]:
    """Tell the columns of a list without a header by its first line; empty where it has no path.

    Raises:
        DatasetError: Several words, or several numbers, may be the label.
    """
    path = path_column(cells)
    if path is None:
        return {}
    rest = [place for place in range(len(cells)) if place != path]
    splits = [place for place in rest if fold(cells[place]) in SPLIT_OF]
    numbers = [place for place in rest if code_of(cells[place]) is not None]
    words = [
        place
        for place in rest
        if place not in splits + numbers and _may_be_label(cells[place], names)
    ]
    labels = words or numbers
    if len(labels) > 1:
        raise DatasetError(
            f"{name} has {len(labels)} columns of {'labels' if words else 'numbers'}, and no "
            "header says which of them has the labels. Write a first line with the names of the "
            "columns, such as path,x,y,label."
        )
    columns = {"path": path}
    if labels:
        columns["label"] = labels[0]
    if splits:
        columns["split"] = splits[0]
    return columns


def _suffix(path: str) -> str:
    return PurePath(path.replace("\\", "/")).suffix.lower()


def _is_like_label(cell: str, names: Names) -> bool:
    is_short = len(words_of(cell)) <= _MOST_WORDS
    return _may_be_label(cell, names) or (is_short and suggest(cell) is not None)


def _may_be_label(cell: str, names: Names) -> bool:
    meaning = names.label_of_cell(cell)
    return bool(meaning.label or meaning.left_out or meaning.stray)
