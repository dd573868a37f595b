"""Align a source on many machines, as an Apache Beam pipeline.

It writes the very dataset that `align_source` writes on one machine: the same rows in the same
shards. Only rows of a table differ: a broken one stops the command there, and here it is one more
picture that could not be read; one that is left out has no number there, and has one here. Files
are known by their names here, and only pictures and tables are looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import apache_beam as beam
import numpy as np
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions
from numpy.typing import NDArray

from preprocessing.dataset.beam.align import REJECTED, Align
from preprocessing.dataset.beam.batches import list_pictures, read_tables
from preprocessing.dataset.beam.files import SourceFile, match_files, source_name
from preprocessing.dataset.beam.write import write_dead_letters, write_manifest, write_shard
from preprocessing.dataset.fer2013 import read_ferplus
from preprocessing.dataset.manifest import MANIFEST_NAME, Recipe
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.sources.folders import Layout, read_layout
from preprocessing.dataset.sources.names import Names
from preprocessing.dataset.sources.types import SourceKind
from preprocessing.errors import DatasetError

# "direct" is Beam's own runner for one machine, named by its module: the name DirectRunner may
# fetch another program from the network first.
RUNNERS = {
    "direct": "apache_beam.runners.portability.fn_api_runner.fn_runner.FnApiRunner",
    "dataflow": "DataflowRunner",
    "flink": "FlinkRunner",
    "spark": "SparkRunner",
}


@dataclass(frozen=True, eq=False)
class _Plan:
    """What is known before the pipeline starts; `layout` is None where the files are tables."""

    files: list[SourceFile]
    kind: SourceKind
    layout: Layout | None
    votes: NDArray[np.uint8] | None
    recipe: Recipe
    options: AlignOptions


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
    files = match_files(pattern)
    if FileSystems.exists(FileSystems.join(dataset, MANIFEST_NAME)):
        raise DatasetError(f"{dataset} is a finished dataset already. Choose another folder.")
    if not FileSystems.exists(dataset):
        FileSystems.mkdirs(dataset)
    plan = _plan(files, options, source=source_name(pattern, files))
    arguments = [f"--runner={RUNNERS[runner]}", *runner_arguments]
    with beam.Pipeline(options=PipelineOptions(arguments)) as pipeline:
        _build(pipeline, plan, dataset)


def _plan(files: list[SourceFile], options: AlignOptions, *, source: str) -> _Plan:
    layout = None
    kind = SourceKind.FER2013
    if not files[0].is_table:
        names = Names(options.reading)
        layout = read_layout([file.name for file in files], names, source=source)
        kind = SourceKind.CLASS_FOLDERS if layout.is_labelled else SourceKind.PHOTOS
    votes = None if options.ferplus is None else read_ferplus(options.ferplus)
    # The hash is known when all files are read.
    recipe = options.recipe(source=source, kind=kind, source_sha256="")
    return _Plan(files, kind, layout, votes, recipe, options)


def _build(pipeline: beam.Pipeline, plan: _Plan, dataset: str) -> None:
    """Put the steps together; they run when the pipeline is left."""
    source = (
        read_tables(pipeline, plan.files)
        if plan.layout is None
        else list_pictures(pipeline, plan.files, plan.layout)
    )
    aligned = (
        source.batches
        | "share out" >> beam.Reshuffle()
        | "align"
        >> beam.ParDo(Align(plan.kind, plan.options, plan.votes)).with_outputs(
            REJECTED, main="rows"
        )
    )
    write_dead_letters(aligned[REJECTED], dataset=dataset)
    shards = (
        aligned.rows
        | "gather shards" >> beam.GroupByKey()
        | "write shards" >> beam.Map(write_shard, dataset=dataset)
    )
    _ = (
        pipeline
        | "recipe" >> beam.Create([plan.recipe])
        | "write manifest"
        >> beam.Map(
            write_manifest,
            contents=beam.pvalue.AsDict(source.contents),
            shards=beam.pvalue.AsList(shards),
            dataset=dataset,
            votes=0 if plan.votes is None else len(plan.votes),
            reading=plan.options.reading,
            passed_over={} if plan.layout is None else dict(plan.layout.left_out),
        )
    )
