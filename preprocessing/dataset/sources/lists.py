"""Read labels and splits from lists: CSV files with a column of paths."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from preprocessing.dataset.sources.archives import read_decompressed
from preprocessing.dataset.sources.csv_lines import (
    DELIMITERS,
    CsvLines,
    find_columns,
    header_line,
    split_cells,
    to_utf8,
)
from preprocessing.dataset.sources.finder import PictureFinder
from preprocessing.dataset.sources.folders import Entry, Layout, check_labels_found
from preprocessing.dataset.sources.names import Names
from preprocessing.dataset.sources.places import Place, read_places
from preprocessing.dataset.sources.vocabulary import SPLIT_OF, code_of, fold, split_of_file
from preprocessing.errors import DatasetError
from preprocessing.images.decode import PICTURE_SUFFIXES

COLUMNS = {
    "path": (
        "path", "filepath", "imagepath", "imgpath", "file", "filename", "imagefile",
        "imagefilename", "imagename", "image", "img", "imgname", "picture", "photo", "pic", "pth",
        "fname", "name", "subdirectoryfilepath", "imageid",
    ),
    "label": (
        "emotion", "emotions", "expression", "label", "labels", "class", "classname", "category",
        "target",
    ),
    "split": ("split", "usage", "set", "subset", "partition"),
}  # fmt: skip
"""The names that each column may have, without spaces and signs."""
_MOST_NAMED = 3


@dataclass(frozen=True)
class _Row:
    """A line of a list: where it is, for messages, and its cells, None where there is no column."""

    where: str
    path: str
    label: str | None
    split: str | None


@dataclass
class _Said:
    """What lists have said of the pictures so far.

    Attributes:
        entries: By a picture's position in the source; with each, where the line is that says it.
        listed: Positions of all pictures that a line names.
        left_out: Number of lines and pictures that are not taken, by the reason.
    """

    entries: dict[int, tuple[Entry, str]] = field(default_factory=dict)
    listed: set[int] = field(default_factory=set)
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, row: _Row, position: int, entry: Entry | str) -> None:
        """Take down what a line says of a picture: its entry, or why it is left out.

        Raises:
            DatasetError: Another line says something else of it.
        """
        if isinstance(entry, str):
            self.left_out[entry] += 1
        elif position not in self.entries:
            self.entries[position] = (entry, row.where)
        elif self.entries[position][0] == entry:
            self.left_out["named twice in a list"] += 1
        else:
            raise DatasetError(
                f"{row.where}: {row.path} has another label or split than in "
                f"{self.entries[position][1]}. Leave one of the two lines."
            )
        self.listed.add(position)


def read_lists(paths: Sequence[str], names: Names, *, source: str) -> Layout:
    """Read what lists say of the pictures of a source.

    What a list does not say, split or label, the folders of a picture may.

    Args:
        paths: Of the pictures within the source, with "/" between folders.
        names: How names are to be read; it has the lists.
        source: Name of the source, for messages.

    Raises:
        DatasetError: A list cannot be read, names a picture that is not there, or something that is
            not understood; the message names file and line.
    """
    finder, places = PictureFinder(paths), read_places(paths, names)
    said = _Said()
    missing: list[str] = []
    for row in (row for path in names.reading.lists for row in _rows(path, names)):
        try:
            position = finder.find(row.path)
        except DatasetError as error:
            if names.ignores(last := PurePath(row.path.replace("\\", "/")).name):
                said.left_out[f"{last} (--ignore)"] += 1
            else:
                missing.append(f"{row.where}: {row.path!r}: {error}")
            continue
        said.add(row, position, _entry(row, position, places[position], names))
    if missing:
        raise DatasetError(
            f"{len(missing):,} lines name no picture of {source}:\n  "
            + "\n  ".join(missing[:_MOST_NAMED])
            + f"\n{source} holds such as {paths[0]}. Name the folder in which the pictures lie, or "
            "leave single ones out with --ignore and the file's name."
        )
    check_labels_found((entry.label for entry, _ in said.entries.values()), names, source)
    if unlisted := len(paths) - len(said.listed):
        said.left_out["in no list"] += unlisted
    in_order = tuple(said.entries[position][0] for position in sorted(said.entries))
    return Layout(in_order, is_labelled=True, left_out=said.left_out)


def looks_like_list(data: bytes) -> bool:
    """Say whether a file that begins so has a header with paths and labels."""
    lines = CsvLines(to_utf8(data))
    first, _ = header_line(lines)
    if first == len(lines):
        return False
    headers = [lines[first].split(delimiter) for delimiter in DELIMITERS]
    return any({"path", "label"} <= find_columns(cells, COLUMNS).keys() for cells in headers)


def _entry(row: _Row, position: int, place: Place, names: Names) -> Entry | str:
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
            raise DatasetError(
                f"{row.where}: the split {row.split!r} is not understood. Expected train, val or "
                f"test. Say what it means with --map {row.split}=train"
            )
        split = meaning.split
    if label is None:
        return "without a label in the list"
    return Entry(position, label, split or "train", place.folder)


def _rows(path: Path, names: Names) -> Iterator[_Row]:
    """Yield the lines of a list; where it has no column of splits, its name may tell the split."""
    lines = CsvLines(to_utf8(read_decompressed(path, path.name)))
    first, delimiter = header_line(lines)
    if first == len(lines):
        raise DatasetError(f"{path.name} is empty.")
    delimiter, columns, start = _form(lines, first, delimiter, path.name, names)
    of_file = split_of_file(path.name)
    for position in range(start, len(lines)):
        where = f"{path.name}:{position + 1}"
        cells = split_cells(lines[position], delimiter, name=where)
        if not any(cells):
            continue
        if len(cells) <= max(columns.values()):
            raise DatasetError(
                f"{where}: expected {max(columns.values()) + 1} cells. Received: {len(cells)}"
            )
        found = {column: cells[place] for column, place in columns.items()}
        split = found.get("split") or of_file
        yield _Row(where, found["path"], found.get("label"), split)


def _form(
    lines: CsvLines, first: int, delimiter: str | None, name: str, names: Names
) -> tuple[str, dict[str, int], int]:
    """Return what stands between cells, where the columns are, and the first line of content."""
    choices = [delimiter] if delimiter else [*DELIMITERS, " "]
    for each in choices:
        header = split_cells(lines[first], each, name=name)
        columns = find_columns(header, COLUMNS)
        if "path" in columns and (len(header) > 1 or each == ","):
            return each, columns, first + 1
    for each in choices:
        cells = split_cells(lines[first], each, name=name)
        if columns := _columns_by_content(cells, names):
            return each, columns, first
    raise DatasetError(
        f"{name} lacks a column of paths. Expected a header such as path,label,split. "
        f"Received: {lines[first][:80]!r}"
    )


def _columns_by_content(cells: Sequence[str], names: Names) -> dict[str, int]:
    """Tell the columns of a list without a header by its first line; empty where it has no path."""
    paths = [
        place
        for place, cell in enumerate(cells)
        if PurePath(cell.replace("\\", "/")).suffix.lower() in PICTURE_SUFFIXES
    ]
    if len(paths) != 1:
        return {}
    rest = [place for place in range(len(cells)) if place != paths[0]]
    splits = [place for place in rest if fold(cells[place]) in SPLIT_OF]
    labels = [place for place in rest if place not in splits and _may_be_label(cells[place], names)]
    columns = {"path": paths[0]}
    if labels:
        columns["label"] = labels[0]
    if splits:
        columns["split"] = splits[0]
    return columns


def _may_be_label(cell: str, names: Names) -> bool:
    meaning = names.label_of_cell(cell)
    return bool(meaning.label or meaning.left_out or meaning.stray or meaning.is_code)
