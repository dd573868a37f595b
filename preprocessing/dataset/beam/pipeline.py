"""Align a source on many machines, as an Apache Beam pipeline.

It writes the very dataset that `align_source` writes on one machine: the same rows in the same
shards. Only rows of a table differ: a broken one stops the command there, and here it is one more
picture that could not be read; one that is left out has no number there, and has one here. Files
are known by their names here, and only pictures and tables are looked at.
"""

import hashlib
import io
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

import apache_beam as beam
import cv2
import numpy as np
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions
from numpy.typing import NDArray

from preprocessing.dataset.batches import (
    BATCH_ITEMS,
    SHARD_ITEMS,
    Batch,
    align_items,
    check_votes,
    join_batches,
    shard_name,
)
from preprocessing.dataset.fer2013 import read_ferplus
from preprocessing.dataset.manifest import MANIFEST_NAME, Manifest, Recipe, manifest_text
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.shards import write_table
from preprocessing.dataset.sources.files import is_picture
from preprocessing.dataset.sources.folders import Layout, read_layout
from preprocessing.dataset.sources.names import Names
from preprocessing.dataset.sources.open import with_choices
from preprocessing.dataset.sources.packed import PACKED_SUFFIXES, read_table
from preprocessing.dataset.sources.pixel_table import PixelTable, parse_row, row_name
from preprocessing.dataset.sources.pixels import PixelForm
from preprocessing.dataset.sources.reading import Reading
from preprocessing.dataset.sources.table_form import TableForm
from preprocessing.dataset.sources.types import SourceItem, SourceKind, listing_sha256, readable
from preprocessing.errors import DatasetError, ImageDecodeError
from preprocessing.faces.finder import FaceFinder

# "direct" is Beam's own runner for one machine, named by its module: the name DirectRunner may
# fetch another program from the network first.
RUNNERS = {
    "direct": "apache_beam.runners.portability.fn_api_runner.fn_runner.FnApiRunner",
    "dataflow": "DataflowRunner",
    "flink": "FlinkRunner",
    "spark": "SparkRunner",
}
DEAD_LETTERS_NAME = "dead-letters.jsonl"
_REJECTED = "rejected"
_WILDCARDS = "*?["
_TABLE_SUFFIXES = (".csv", ".tsv", *PACKED_SUFFIXES)

_Content = tuple[int, str]
"""Number of pictures in a file or folder, and its sha256."""


@dataclass(frozen=True)
class _File:
    """A file of the source; `name` is its path behind the pattern's last fixed folder."""

    path: str
    name: str
    size: int

    @property
    def is_table(self) -> bool:
        return PurePosixPath(self.name).suffix.lower() in _TABLE_SUFFIXES


@dataclass(frozen=True)
class _Rows:
    """Some rows of a table: the numbers of their lines, from 1, and the lines.

    `start` is the position of the first in the whole source.
    """

    start: int
    file: str
    form: TableForm
    pixels: PixelForm
    lines: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class _Shard:
    name: str
    rows: int
    rejected: int


def align_pattern(
    pattern: str,
    dataset: str,
    *,
    options: AlignOptions,
    runner: str = "direct",
    runner_arguments: Sequence[str] = (),
) -> None:
    """Align every picture that a pattern matches, and write the dataset.

    The paths of all files are listed here, before the pipeline starts.

    Args:
        pattern: CSV files in FER2013's format (`gs://bucket/fer2013-*.csv`), or pictures
            (`gs://bucket/photos/**`), whose path behind the last folder without a wildcard names
            class and split.
        dataset: The folder to write, local or `gs://`.
        options: See `AlignOptions`; the runner decides on the number of workers.
        runner: One of `RUNNERS`.
        runner_arguments: The runner's own, such as `--project`, `--region`, `--temp_location`.

    Raises:
        DatasetError: Nothing matches, there is a dataset already, FER+ votes are given for
            pictures, or a worker met a file that is broken as a whole.
        ModelFileError: A model is missing or is not the expected one.
    """
    options.check_models()
    files = _match(pattern)
    if FileSystems.exists(FileSystems.join(dataset, MANIFEST_NAME)):
        raise DatasetError(f"{dataset} is a finished dataset already. Choose another folder.")
    if not FileSystems.exists(dataset):
        FileSystems.mkdirs(dataset)
    names, source = Names(options.reading), _source_name(pattern, files)
    layout = None
    kind = SourceKind.FER2013
    if not files[0].is_table:
        layout = read_layout([file.name for file in files], names, source=source)
        kind = SourceKind.CLASS_FOLDERS if layout.is_labelled else SourceKind.PHOTOS
    votes = None if options.ferplus is None else read_ferplus(options.ferplus)
    # The hash is known when all files are read.
    recipe = options.recipe(source=source, kind=kind, source_sha256="")
    arguments = [f"--runner={RUNNERS[runner]}", *runner_arguments]
    with beam.Pipeline(options=PipelineOptions(arguments)) as pipeline:
        contents, batches = (
            _read_tables(pipeline, files)
            if layout is None
            else _list_pictures(pipeline, files, layout)
        )
        aligned = (
            batches
            | "share out" >> beam.Reshuffle()
            | "align"
            >> beam.ParDo(_Align(kind, options, votes)).with_outputs(_REJECTED, main="rows")
        )
        _ = (
            aligned[_REJECTED]
            | "to JSON" >> beam.MapTuple(lambda name, why: json.dumps({"name": name, "why": why}))
            | "write dead letters"
            >> beam.io.WriteToText(
                FileSystems.join(dataset, DEAD_LETTERS_NAME), shard_name_template=""
            )
        )
        shards = (
            aligned.rows
            | "gather shards" >> beam.GroupByKey()
            | "write shards" >> beam.Map(_write_shard, dataset=dataset)
        )
        _ = (
            pipeline
            | "recipe" >> beam.Create([recipe])
            | "write manifest"
            >> beam.Map(
                _write_manifest,
                contents=beam.pvalue.AsDict(contents),
                shards=beam.pvalue.AsList(shards),
                dataset=dataset,
                votes=0 if votes is None else len(votes),
                reading=options.reading,
                passed_over={} if layout is None else dict(layout.left_out),
            )
        )


def _match(pattern: str) -> list[_File]:
    wild = min(
        (pattern.index(mark) for mark in _WILDCARDS if mark in pattern), default=len(pattern)
    )
    root = pattern[: pattern.rfind("/", 0, wild) + 1]
    (found,) = FileSystems.match([pattern])
    files = [
        _File(match.path, match.path.removeprefix(root), match.size_in_bytes)
        for match in found.metadata_list
    ]
    files = [file for file in files if file.is_table or is_picture(PurePosixPath(file.name))]
    if len({file.is_table for file in files}) != 1:
        raise DatasetError(
            f"{pattern} must match CSV files or pictures, and not both. "
            f"Received: {len(files)} of them"
        )
    return sorted(files, key=lambda file: PurePosixPath(file.name).parts)


def _source_name(pattern: str, files: list[_File]) -> str:
    """Name the source as `align_source` does: by its file or folder."""
    first = files[0]
    if first.is_table:
        return PurePosixPath(first.path if len(files) == 1 else pattern).name
    return PurePosixPath(first.path.removesuffix(first.name)).name


def _read_tables(
    pipeline: beam.Pipeline, files: list[_File]
) -> tuple[beam.PCollection, beam.PCollection]:
    """Return the content of each file, by its position, and batches of rows."""
    tables = pipeline | "list tables" >> beam.Create(list(enumerate(files)))
    contents = tables | "count rows" >> beam.MapTuple(_count_rows)
    batches = tables | "cut tables" >> beam.FlatMap(
        _cut_table, contents=beam.pvalue.AsDict(contents)
    )
    return contents, batches


def _list_pictures(
    pipeline: beam.Pipeline, files: list[_File], layout: Layout
) -> tuple[beam.PCollection, beam.PCollection]:
    """Return the content of the folder, and batches of pictures still to be read."""
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
    contents = pipeline | "count pictures" >> beam.Create([(0, (len(items), listing))])
    return contents, pipeline | "list pictures" >> beam.Create(batches)


def _count_rows(position: int, file: _File) -> tuple[int, _Content]:
    data = _read_table(file)
    table = PixelTable(data, PurePosixPath(file.path).name)
    return position, (len(table), hashlib.sha256(data).hexdigest())


def _cut_table(table: tuple[int, _File], contents: Mapping[int, _Content]) -> Iterator[_Rows]:
    """Cut a table into batches that no border between shards divides."""
    position, file = table
    name = PurePosixPath(file.path).name
    rows = PixelTable(_read_table(file), name)
    before = sum(contents[earlier][0] for earlier in range(position))
    row = 0
    while row < len(rows):
        stop = min(row + BATCH_ITEMS - (before + row) % BATCH_ITEMS, len(rows))
        lines = tuple(rows.row(each) for each in range(row, stop))
        yield _Rows(before + row, name, rows.form, rows.pixels, lines)
        row = stop


def _read_table(file: _File) -> bytes:
    return read_table(io.BytesIO(_read_file(file.path)), file.path)


def _read_file(path: str) -> bytes:
    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        content: bytes = file.read()
    return content


def _read_picture(path: str) -> bytes:
    try:
        return _read_file(path)
    except OSError as error:
        why = error.strerror or error  # Beam's own error has a text only
        raise ImageDecodeError(f"The file cannot be read: {why}.") from error


class _Align(beam.DoFn):  # type: ignore[misc]
    """Align batches of pictures; key the rows by the number of their shard."""

    def __init__(
        self, kind: SourceKind, options: AlignOptions, votes: NDArray[np.uint8] | None
    ) -> None:
        self._kind, self._options, self._votes = kind, options, votes

    def setup(self) -> None:
        """Load the models once a worker."""
        cv2.setNumThreads(1)
        self._finder = FaceFinder(self._options.scheme, detector=self._options.detector)

    def process(self, batch: _Rows | list[SourceItem]) -> Iterator[Any]:
        """Yield one batch of rows, and each picture that could not be read."""
        start = batch.start if isinstance(batch, _Rows) else batch[0].row
        items, broken = self._parse(batch) if isinstance(batch, _Rows) else (batch, [])
        aligned = align_items(
            items,
            kind=self._kind,
            options=self._options,
            finder=self._finder,
            votes=self._votes,
            read_file=_read_picture,
        )
        aligned.rejected[:0] = broken
        for rejection in aligned.rejected:
            yield beam.pvalue.TaggedOutput(_REJECTED, rejection)
        yield start // SHARD_ITEMS, (start, aligned)

    def _parse(self, rows: _Rows) -> tuple[list[SourceItem], list[tuple[str, str]]]:
        """Return the pictures in some lines, and the lines that are broken with the reason."""
        names = Names(self._options.reading)
        items, broken = [], []
        for position, (number, line) in enumerate(rows.lines, start=rows.start):
            name = row_name(rows.file, number)
            try:
                row = parse_row(line, rows.form, rows.pixels, names=names, name=name)
            except DatasetError as error:
                broken.append((name, str(error)))
                continue
            if not isinstance(row, str):
                items.append(SourceItem(position, name, row.label, row.split, row.pixels))
        return items, broken


def _write_shard(shard: tuple[int, Iterable[tuple[int, Batch]]], dataset: str) -> _Shard:
    """Write a shard so that it is never seen half written, also where a runner tries twice."""
    number, batches = shard
    in_order = [batch for _, batch in sorted(batches, key=lambda pair: pair[0])]
    table = join_batches(in_order)
    name = shard_name(number)
    partial = FileSystems.join(dataset, f"{name}.{uuid.uuid4().hex}.partial")
    with FileSystems.create(partial, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        write_table(table, file)
    FileSystems.rename([partial], [FileSystems.join(dataset, name)])
    return _Shard(name, len(table), sum(len(batch.rejected) for batch in in_order))


def _write_manifest(
    recipe: Recipe,
    *,
    contents: Mapping[int, _Content],
    shards: list[_Shard],
    dataset: str,
    votes: int,
    reading: Reading,
    passed_over: dict[str, int],
) -> None:
    """Write the manifest, when all shards are there."""
    items = sum(count for count, _ in contents.values())
    if recipe.ferplus_sha256 is not None:
        check_votes(votes, items=items)
    digests = [contents[position][1] for position in sorted(contents)]
    together = hashlib.sha256("".join(digests).encode()).hexdigest()
    sha256 = digests[0] if len(digests) == 1 else together
    manifest = Manifest(
        recipe=replace(recipe, source_sha256=with_choices(sha256, reading)),
        items=items,
        rows=sum(shard.rows for shard in shards),
        rejected=sum(shard.rejected for shard in shards),
        shards=tuple(sorted(shard.name for shard in shards)),
        choices=reading.record(),
        passed_over=passed_over,
    )
    path = FileSystems.join(dataset, MANIFEST_NAME)
    with FileSystems.create(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        file.write(manifest_text(manifest).encode())
