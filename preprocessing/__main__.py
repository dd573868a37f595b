"""Align pictures into a dataset and report on one: `python -m preprocessing --help`."""

import sys
from pathlib import Path
from typing import Any

import click

from preprocessing.dataset.arguments import align_arguments, align_options, split_arguments
from preprocessing.dataset.options import MOST_WORKERS, AlignOptions
from preprocessing.errors import DatasetError
from preprocessing.runtime.cli import (
    OutputFile,
    Program,
    check_outputs,
    overwrite_option,
    path_argument,
    path_option,
)
from preprocessing.runtime.terminal import lines_for_terminal

RUNNER_NAMES = ("direct", "dataflow", "flink", "spark")

main = Program("python -m preprocessing", help="Align pictures into a dataset and report on one.")


@main.command(epilog="{} fer2013.csv data/fer2013")
@path_argument(
    "source",
    help="fer2013.csv or a table like it, class folders, photos, an archive of one of these, or "
    "Parquet files with pictures.",
)
@path_argument("dataset", help="The folder to write.")
@align_arguments
@split_arguments
@click.option(
    "--workers",
    type=click.IntRange(1, MOST_WORKERS),
    default=AlignOptions.workers,
    show_default="all cores",
    help="Number of processes.",
)
@overwrite_option
def align(source: Path, dataset: Path, *, overwrite: bool, **choices: Any) -> None:
    """Align every face of a source into a dataset."""
    from preprocessing.dataset.build import align_source
    from preprocessing.report.summary import summarise, summary_text, summary_warnings

    manifest = align_source(
        source,
        dataset,
        options=align_options(**choices),
        overwrite=overwrite,
        tell=_tell,
    )
    summary = summarise(manifest, dataset)
    print(summary_text(summary, dataset))
    for warning in summary_warnings(summary):
        _tell(warning)


@main.command(
    epilog="{} 'gs://bucket/photos/**' gs://bucket/faces --runner dataflow -- --project=mine "
    "--region=europe-west1 --temp_location=gs://bucket/tmp"
)
@click.argument("pattern", help="CSV files or pictures, local or gs://, with wildcards.")
@click.argument("dataset", help="The folder to write, local or gs://.")
@align_arguments
@click.option(
    "--runner", type=click.Choice(RUNNER_NAMES), default="direct", help="What runs the pipeline."
)
@click.argument("runner_arguments", nargs=-1, help="After --: the runner's own options.")
def align_beam(
    pattern: str, dataset: str, *, runner: str, runner_arguments: tuple[str, ...], **choices: Any
) -> None:
    """Align on many machines, with Apache Beam.

    It needs more than `align`: pip install 'mien[beam]'.
    """
    from preprocessing.dataset.beam.pipeline import align_pattern

    try:
        align_pattern(
            pattern,
            dataset,
            options=align_options(**choices),
            runner=runner,
            runner_arguments=runner_arguments,
        )
    except (RuntimeError, OSError) as error:  # what a worker met, with its traceback as text
        reason = str(error).strip().splitlines()[-1]
        raise DatasetError(f"The pipeline failed: {reason}") from error
    print(f"The dataset is in {dataset}.")


@main.command(epilog="{} data/fer2013 --html data/fer2013.html")
@path_argument("dataset", help="A folder that align wrote.")
@path_option(
    "--html", type=OutputFile(".html", ".htm"), help="Also write a page with pictures and charts."
)
@overwrite_option
def report(dataset: Path, *, html: Path | None, overwrite: bool) -> None:
    """Show what a dataset holds."""
    from preprocessing.dataset.read import read_dataset
    from preprocessing.report.text import report_text
    from preprocessing.runtime.files import write_whole

    check_outputs([html], overwrite=overwrite)
    found = read_dataset(dataset)
    print(lines_for_terminal(report_text(found, dataset)))
    if html is not None:
        from preprocessing.report.page import report_html

        write_whole(html, report_html(found))


def _tell(note: str) -> None:
    print(lines_for_terminal(note), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
