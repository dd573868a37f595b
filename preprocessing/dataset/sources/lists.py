"""Read labels and splits from lists: CSV files with a column of paths."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath

from preprocessing.dataset.sources.cells import split_cells
from preprocessing.dataset.sources.csv_lines import CsvLines
from preprocessing.dataset.sources.finder import PictureFinder
from preprocessing.dataset.sources.folders import (
    NOTE_OF_SPLITS,
    Entry,
    Layout,
    check_labels_found,
)
from preprocessing.dataset.sources.likely_words import suggest_split
from preprocessing.dataset.sources.list_columns import (
    check_others,
    refuse_split_flags,
    say_raters,
    say_unread,
    without_labels,
)
from preprocessing.dataset.sources.list_form import ListForm, with_label_column
from preprocessing.dataset.sources.names import Names
from preprocessing.dataset.sources.places import Place, read_places, read_splits_of_files
from preprocessing.dataset.sources.said import NO_LABEL, TIE, ListRow, Said
from preprocessing.dataset.sources.vocabulary import code_of, split_of_file
from preprocessing.dataset.sources.vote_cells import most_voted
from preprocessing.errors import DatasetError
from preprocessing.runtime.terminal import quoted

Lists = Mapping[Path, tuple[CsvLines, ListForm]]
"""Opened lists by their paths."""

_MOST_NAMED = 3
# Letters of a path that messages show.
_MOST_LETTERS = 200


def read_lists(
    paths: Sequence[str],
    lists: Lists,
    names: Names,
    *,
    root: Path,
) -> Layout:
    """Read what lists say of the pictures of a source.

    What a list does not say, split or label, the folders of a picture may.

    Args:
        paths: Of the pictures within the source, with "/" between folders.
        lists: The lists by their paths, opened.
        names: How names are to be read.
        root: The source: a folder or an archive.

    Raises:
        DatasetError: A list names a picture that is not there, or something that is not
            understood; the message names file and line.
    """
    source = root.name
    places = read_places(paths, names, need_classes=False)
    lists, notes = _with_label_columns(lists, places, names)
    forms = [(path.name, form) for path, (_, form) in lists.items()]
    notes += say_unread(forms)
    if (told := read_splits_of_files(paths, places)) is not None:
        places = told
        notes.append(NOTE_OF_SPLITS.format(paths[0]))
    needs_split = len({place.split for place in places} - {None}) < 2
    if needs_split:
        refuse_split_flags(dict(forms), names)
    rows = (
        row for each in lists.items() for row in _rows(*each, names, root, needs_split=needs_split)
    )
    try:
        said = _read_rows(rows, paths, places, names, source)
        if not said.entries:
            raise without_labels(forms, source)
    except DatasetError as error:
        doubts = (lines.doubt(path.name) for path, (lines, _) in lists.items())
        raise DatasetError(f"{error}{next(filter(None, doubts), '')}") from error
    if said.has_votes():
        notes += say_raters(forms)
    check_labels_found((entry.label for entry, _ in said.entries.values()), names, source)
    if unlisted := len(paths) - len(said.listed):
        said.left_out["in no list"] += unlisted
    in_order = tuple(said.entries[position][0] for position in sorted(said.entries))
    return Layout(in_order, is_labelled=True, left_out=said.left_out, notes=tuple(notes))


def _with_label_columns(
    lists: Lists, places: Sequence[Place], names: Names
) -> tuple[Lists, list[str]]:
    """Look for columns of labels by what is in them, where neither headers nor folders name any.

    Returns:
        The lists, and notes that name the columns that were found.
    """
    if any(form.has_labels for _, form in lists.values()) or any(each.label for each in places):
        return lists, []
    told = {
        path: (lines, with_label_column(lines, form, names))
        for path, (lines, form) in lists.items()
    }
    notes = [
        f"note: labels were read from the column {form.header[form.columns['label']]} of "
        f"{path.name}"
        for path, (_, form) in told.items()
        if form.has_labels
    ]
    return told, notes


def _read_rows(
    rows: Iterable[ListRow],
    paths: Sequence[str],
    places: Sequence[Place],
    names: Names,
    source: str,
) -> Said:
    """Find the pictures that the lines of lists name, and take down what they say of them."""
    finder, said, missing = PictureFinder(paths), Said(), []
    for row in rows:
        if not row.path:
            said.left_out["without a path in the list"] += 1
            continue
        try:
            position = finder.find(row.path, beside=row.beside)
        except DatasetError as error:
            if ignored := names.ignored_by(PurePath(row.path.replace("\\", "/")).name):
                said.left_out[ignored] += 1
            else:
                missing.append(f"{row.where}: {row.path[:_MOST_LETTERS]!r}: {error}")
            continue
        said.add(row, position, _entry(row, position, places[position], names))
    said.count_votes()
    if missing:
        raise DatasetError(
            f"{len(missing):,} lines name no picture of {source}:\n  "
            + "\n  ".join(missing[:_MOST_NAMED])
            + f"\n{source} holds such as {paths[0]}. Name the folder in which the pictures lie, or "
            "leave single ones out with --ignore and the file's name."
        )
    return said


def _entry(row: ListRow, position: int, place: Place, names: Names) -> Entry | str:
    """Put together what a line and the folders say; return why it is left out, if it is."""
    if place.left_out:
        return place.left_out
    label, split = place.label, place.split
    if row.label:
        meaning = names.label_of_cell(row.label)
        if meaning.left_out:
            return meaning.left_out
        if meaning.label is None:
            remedy = names.remedy([code_of(row.label) or row.label])
            raise DatasetError(
                f"{row.where}: the label {row.label!r} is not understood. Expected one of "
                f"{', '.join(names.reading.labels)}. {remedy}"
            )
        label = meaning.label
    if row.split:
        meaning = names.read(row.split)
        if meaning.left_out:
            return meaning.left_out
        if meaning.split is None:
            meant = quoted(f"{row.split}={suggest_split(row.split)}")
            raise DatasetError(
                f"{row.where}: the split {row.split!r} is not understood. Expected train, val or "
                f"test. Say what it means with --map {meant}"
            )
        split = meaning.split
    if label is None:
        return TIE if row.is_tie else NO_LABEL
    return Entry(position, label, split or "train", place.folder)


def _rows(
    path: Path,
    opened: tuple[CsvLines, ListForm],
    names: Names,
    root: Path,
    *,
    needs_split: bool,
) -> Iterator[ListRow]:
    """Yield the lines of a list; where it has no column of splits, its name may tell the split."""
    lines, form = opened
    of_file = split_of_file(path.name)
    needs_split = needs_split and of_file is None
    folder, source = path.parent.resolve(), root.resolve()
    beside = folder.relative_to(source).as_posix() if folder.is_relative_to(source) else ""
    for position in range(form.start, len(lines)):
        where = form.where(path.name, int(lines.numbers[position]))
        cells = split_cells(lines[position], form.delimiter, name=where)
        if not any(cells):
            continue
        if len(cells) <= form.last:
            raise DatasetError(f"{where}: expected {form.last + 1} cells. Received: {len(cells)}")
        check_others(cells, form, names, needs_split=needs_split, where=where)
        found = {
            column: cells[place]
            for column, place in form.columns.items()
            if column == "path" or not names.is_missing(cells[place])
        }
        votes = most_voted({label: cells[place] for label, place in form.votes.items()}, where)
        label = found.get("label") or (votes[0] if len(votes) == 1 else None)
        split = found.get("split") or of_file
        rater = found.get("rater")
        yield ListRow(where, found["path"], beside, label, split, rater, is_tie=len(votes) > 1)
