"""Split the work into batches for the workers: rows of tables, or picture files.

No border between shards divides a batch, so that the shards are those of `align_source`.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import apache_beam as beam

from preprocessing.dataset.batches import BATCH_ITEMS
from preprocessing.dataset.beam.files import SourceFile, read_table_file
from preprocessing.dataset.sources.folders import Layout
from preprocessing.dataset.sources.names import Names
from preprocessing.dataset.sources.pixel_table import PixelTable, parse_row, row_name
from preprocessing.dataset.sources.pixels import PixelForm
from preprocessing.dataset.sources.table_form import TableForm
from preprocessing.dataset.sources.types import SourceItem, listing_sha256
from preprocessing.errors import DatasetError
from preprocessing.runtime.terminal import readable


@dataclass(frozen=True)
class Content:
    """What is in one file, or in the folder of all pictures.

    Attributes:
        pictures: Number of pictures.
        sha256: Of the content.
    """

    pictures: int
    sha256: str


@dataclass(frozen=True)
class Batches:
    """What a source is to the pipeline.

    Attributes:
        contents: Pairs of a number, from 0 in the order of the source, and a `Content`.
        batches: `Rows`, or lists of `SourceItem`.
    """

    contents: beam.PCollection
    batches: beam.PCollection


@dataclass(frozen=True)
class Rows:
    """Some rows of a table.

    Attributes:
        start: Position of the first in the whole source.
        file: Name of the table, for messages.
        form: Where its columns are.
        pixels: How it writes pixels.
        lines: The numbers of their lines, from 1, and the lines.
    """

    start: int
    file: str
    form: TableForm
    pixels: PixelForm
    lines: tuple[tuple[int, str], ...]

    def parse(self, names: Names) -> tuple[list[SourceItem], list[tuple[str, str]]]:
        """Return the pictures in the lines, and the lines that are broken with the reason."""
        items, broken = [], []
        for position, (number, line) in enumerate(self.lines, start=self.start):
            name = row_name(self.file, number)
            try:
                row = parse_row(line, self.form, self.pixels, names=names, name=name)
            except DatasetError as error:
                broken.append((name, str(error)))
                continue
            if not isinstance(row, str):
                items.append(SourceItem(position, name, row.label, row.split, row.pixels))
        return items, broken


def read_tables(pipeline: beam.Pipeline, files: list[SourceFile]) -> Batches:
    """Cut tables into batches of rows; the workers read them."""
    tables = pipeline | "list tables" >> beam.Create(list(enumerate(files)))
    contents = tables | "count rows" >> beam.MapTuple(_count_rows)
    batches = tables | "cut tables" >> beam.FlatMap(
        _cut_table, contents=beam.pvalue.AsDict(contents)
    )
    return Batches(contents, batches)


def list_pictures(pipeline: beam.Pipeline, files: list[SourceFile], layout: Layout) -> Batches:
    """Put pictures, which the workers are still to read, into batches."""
    listing = listing_sha256((file.name, file.size) for file in files)
    items = [
        SourceItem(
            row,
            readable(files[entry.position].name),
            entry.label,
            entry.split,
            files[entry.position].path,
            entry.folder,
        )
        for row, entry in enumerate(layout.entries)
    ]
    batches = [items[start : start + BATCH_ITEMS] for start in range(0, len(items), BATCH_ITEMS)]
    content = Content(len(items), listing)
    return Batches(
        contents=pipeline | "count pictures" >> beam.Create([(0, content)]),
        batches=pipeline | "list pictures" >> beam.Create(batches),
    )


def _count_rows(position: int, file: SourceFile) -> tuple[int, Content]:
    data = read_table_file(file)
    table = PixelTable(data, PurePosixPath(file.path).name)
    return position, Content(len(table), hashlib.sha256(data).hexdigest())


def _cut_table(table: tuple[int, SourceFile], contents: Mapping[int, Content]) -> Iterator[Rows]:
    position, file = table
    name = PurePosixPath(file.path).name
    rows = PixelTable(read_table_file(file), name)
    before = sum(contents[earlier].pictures for earlier in range(position))
    row = 0
    while row < len(rows):
        stop = min(row + BATCH_ITEMS - (before + row) % BATCH_ITEMS, len(rows))
        lines = tuple(rows.row(each) for each in range(row, stop))
        yield Rows(before + row, name, rows.form, rows.pixels, lines)
        row = stop
