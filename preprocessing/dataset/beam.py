"""Align a source on many machines, as an Apache Beam pipeline.

It writes the very dataset that `align_source` writes on one machine: the same rows in the same
shards. Only a broken CSV row differs: there it stops the command, here it is one more picture that
could not be read.
"""

import hashlib
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
    AlignOptions,
    Batch,
    align_items,
    check_votes,
    join_batches,
    shard_name,
)
from preprocessing.dataset.fer2013 import (
    CSV_SUFFIXES,
    CsvLines,
    parse_header,
    parse_row,
    read_ferplus,
    row_name,
    unpack,
)
from preprocessing.dataset.manifest import MANIFEST_NAME, Manifest, Recipe, manifest_text
from preprocessing.dataset.shards import write_table
from preprocessing.dataset.sources import (
    SourceItem,
    SourceKind,
    check_class_folders,
    check_own_labels,
    folder_kind,
    is_picture,
    listing_sha256,
    picture_item,
)
from preprocessing.errors import DatasetError, ImageDecodeError
from preprocessing.faces.landmarker import FaceFinder

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
        return PurePosixPath(self.name).suffix in CSV_SUFFIXES


@dataclass(frozen=True)
class _Rows:
    """Some lines of a table.

    `start` is the position of the first in the whole source, `row` that in its file.
    """

    start: int
    row: int
    file: str
    columns: tuple[int, int, int]
    lines: tuple[str, ...]


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
    is_table = files[0].is_table
    names = (file.name for file in files)
    kind = SourceKind.FER2013 if is_table else folder_kind(names, own_labels=options.own_labels)
    check_own_labels(kind, options.own_labels)
    votes = None if options.ferplus is None else read_ferplus(options.ferplus)
    recipe = options.recipe(
        source=_source_name(pattern, files),
        kind=kind,
        source_sha256="",  # known when all files are read
    )
    arguments = [f"--runner={RUNNERS[runner]}", *runner_arguments]
    with beam.Pipeline(options=PipelineOptions(arguments)) as pipeline:
        contents, batches = (
            _read_tables(pipeline, files)
            if is_table
            else _list_pictures(pipeline, files, kind, options.own_labels)
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
    pipeline: beam.Pipeline, files: list[_File], kind: SourceKind, own_labels: tuple[str, ...]
) -> tuple[beam.PCollection, beam.PCollection]:
    """Return the content of the folder, and batches of pictures still to be read."""
    if kind is SourceKind.CLASS_FOLDERS:
        check_class_folders((file.name for file in files), own_labels=own_labels)
    content = (len(files), listing_sha256((file.name, file.size) for file in files))
    items = [
        picture_item(row, file.name, kind=kind, path=file.path, own_labels=own_labels)
        for row, file in enumerate(files)
    ]
    batches = [items[start : start + BATCH_ITEMS] for start in range(0, len(items), BATCH_ITEMS)]
    contents = pipeline | "count pictures" >> beam.Create([(0, content)])
    return contents, pipeline | "list pictures" >> beam.Create(batches)


def _count_rows(position: int, file: _File) -> tuple[int, _Content]:
    data = unpack(_read_file(file.path), file.path)
    lines = CsvLines(data)
    parse_header(lines, file.path)
    return position, (len(lines) - 1, hashlib.sha256(data).hexdigest())


def _cut_table(table: tuple[int, _File], contents: Mapping[int, _Content]) -> Iterator[_Rows]:
    """Cut a table into batches that no border between shards divides."""
    position, file = table
    lines = CsvLines(unpack(_read_file(file.path), file.path))
    columns, count = parse_header(lines, file.path), len(lines) - 1
    before = sum(contents[earlier][0] for earlier in range(position))
    row = 0
    while row < count:
        stop = min(row + BATCH_ITEMS - (before + row) % BATCH_ITEMS, count)
        name = PurePosixPath(file.path).name
        yield _Rows(before + row, row, name, columns, tuple(lines[row + 1 : stop + 1]))
        row = stop


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
        items, broken = _parse(batch) if isinstance(batch, _Rows) else (batch, [])
        aligned = align_items(
            items,
            kind=self._kind,
            options=self._options,
            finder=self._finder,
            votes=self._votes,
            read_file=_read_picture,
        )
        rejected = broken + aligned.rejected
        for rejection in rejected:
            yield beam.pvalue.TaggedOutput(_REJECTED, rejection)
        yield start // SHARD_ITEMS, (start, Batch(aligned.table, rejected))


def _parse(rows: _Rows) -> tuple[list[SourceItem], list[tuple[str, str]]]:
    """Return the pictures in some lines, and the lines that are broken with the reason."""
    items, broken = [], []
    for offset, line in enumerate(rows.lines):
        name = row_name(rows.file, rows.row + offset)
        try:
            parsed = parse_row(line, rows.columns, name=name)
        except DatasetError as error:
            broken.append((name, str(error)))
        else:
            items.append(SourceItem(rows.start + offset, name, *parsed))
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
    contents: Mapping[int, _Content],
    shards: list[_Shard],
    dataset: str,
    votes: int,
) -> None:
    """Write the manifest, when all shards are there."""
    items = sum(count for count, _ in contents.values())
    if recipe.ferplus_sha256 is not None:
        check_votes(votes, items=items)
    digests = [contents[position][1] for position in sorted(contents)]
    together = hashlib.sha256("".join(digests).encode()).hexdigest()
    manifest = Manifest(
        recipe=replace(recipe, source_sha256=digests[0] if len(digests) == 1 else together),
        items=items,
        rows=sum(shard.rows for shard in shards),
        rejected=sum(shard.rejected for shard in shards),
        shards=tuple(sorted(shard.name for shard in shards)),
    )
    path = FileSystems.join(dataset, MANIFEST_NAME)
    with FileSystems.create(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        file.write(manifest_text(manifest).encode())
