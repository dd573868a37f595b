"""Align pictures into a dataset and report on one: `python -m preprocessing --help`."""

import argparse
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from preprocessing.dataset.arguments import add_align_arguments, add_split_arguments, align_options
from preprocessing.dataset.build import align_source
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.read import read_dataset
from preprocessing.errors import DatasetError
from preprocessing.report.summary import summarise, summary_text, summary_warnings
from preprocessing.report.text import report_text
from preprocessing.runtime.cli import check_outputs, run_command
from preprocessing.runtime.files import write_whole

RUNNER_NAMES = ("direct", "dataflow", "flink", "spark")

PROGRAM = "python -m preprocessing"


def main(arguments: list[str] | None = None, *, program: str = PROGRAM) -> int:
    """Run a command and return the exit status: 0, 1 it failed, 2 wrong usage."""
    return run_command(_parser(program), arguments)


def _align(options: argparse.Namespace) -> None:
    chosen = replace(align_options(options), workers=options.workers)
    manifest = align_source(
        options.source,
        options.dataset,
        options=chosen,
        overwrite=options.overwrite,
        tell=partial(print, file=sys.stderr),
    )
    summary = summarise(manifest, options.dataset)
    print(summary_text(summary, options.dataset))
    for warning in summary_warnings(summary):
        print(warning, file=sys.stderr)


def _align_pattern(options: argparse.Namespace) -> None:
    from preprocessing.dataset.beam.pipeline import align_pattern

    try:
        align_pattern(
            options.pattern,
            options.dataset,
            options=align_options(options),
            runner=options.runner,
            runner_arguments=options.runner_arguments,
        )
    except (RuntimeError, OSError) as error:  # what a worker met, with its traceback as text
        reason = str(error).strip().splitlines()[-1]
        raise DatasetError(f"The pipeline failed: {reason}") from error
    print(f"The dataset is in {options.dataset}.")


def _report(options: argparse.Namespace) -> None:
    check_outputs([options.html], overwrite=options.overwrite)
    dataset = read_dataset(options.dataset)
    print(report_text(dataset, options.dataset))
    if options.html is not None:
        from preprocessing.report.page import report_html

        write_whole(options.html, report_html(dataset))


def _parser(program: str = PROGRAM) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    align = commands.add_parser(
        "align",
        help="align every face of a source into a dataset",
        epilog="example: %(prog)s fer2013.csv data/fer2013",
    )
    align.add_argument(
        "source",
        type=Path,
        help="fer2013.csv or a table like it, class folders, photos, or an archive of one of these",
    )
    align.add_argument("dataset", type=Path, help="the folder to write")
    add_align_arguments(align)
    add_split_arguments(align)
    align.add_argument(
        "--workers", type=int, default=AlignOptions.workers, help="processes (default: all cores)"
    )
    align.add_argument("--overwrite", action="store_true", help="replace a dataset that is there")
    align.set_defaults(run_command=_align)

    spread = commands.add_parser(
        "align-beam",
        help="the same on many machines, with Apache Beam (pip install 'mien[beam]')",
        epilog="example: %(prog)s 'gs://bucket/photos/**' gs://bucket/faces"
        " --runner dataflow -- --project=mine --region=europe-west1 --temp_location=gs://bucket/tmp",
    )
    spread.add_argument("pattern", help="CSV files or pictures, local or gs://, with wildcards")
    spread.add_argument("dataset", help="the folder to write, local or gs://")
    add_align_arguments(spread)
    spread.add_argument("--runner", choices=RUNNER_NAMES, default="direct")
    spread.add_argument("runner_arguments", nargs="*", help="after --: the runner's own options")
    spread.set_defaults(run_command=_align_pattern)

    report = commands.add_parser(
        "report",
        help="say what a dataset holds",
        epilog="example: %(prog)s data/fer2013 --html data/fer2013.html",
    )
    report.add_argument("dataset", type=Path)
    report.add_argument("--html", type=Path, help="also write a page with pictures and charts")
    report.add_argument("--overwrite", action="store_true", help="replace a page that is there")
    report.set_defaults(run_command=_report)
    return parser


if __name__ == "__main__":
    sys.exit(main())
