"""Align pictures into a dataset and report on one: `python -m preprocessing --help`."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from preprocessing.dataset.batches import AlignOptions
from preprocessing.dataset.build import align_source
from preprocessing.dataset.labels import DisgustPolicy
from preprocessing.dataset.manifest import write_whole
from preprocessing.dataset.read import read_dataset
from preprocessing.errors import DatasetError
from preprocessing.faces.detectors import DetectorKind
from preprocessing.faces.landmarks import LANDMARK_SCHEMES
from preprocessing.report.text import report_text
from preprocessing.runtime.cli import check_outputs, run_command

RUNNER_NAMES = ("direct", "dataflow", "flink", "spark")


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return the exit status: 0, 1 it failed, 2 wrong usage."""
    return run_command(_parser(), arguments)


def _align(options: argparse.Namespace) -> None:
    chosen = replace(_align_options(options), workers=options.workers)
    manifest = align_source(
        options.source, options.dataset, options=chosen, overwrite=options.overwrite
    )
    print(
        f"{manifest.rows:,} faces from {manifest.items:,} pictures in {options.dataset}; "
        f"{manifest.rejected:,} pictures could not be read."
    )


def _align_pattern(options: argparse.Namespace) -> None:
    from preprocessing.dataset.beam import align_pattern

    try:
        align_pattern(
            options.pattern,
            options.dataset,
            options=_align_options(options),
            runner=options.runner,
            runner_arguments=options.runner_arguments,
        )
    except (RuntimeError, OSError) as error:  # what a worker met, with its traceback as text
        reason = str(error).strip().splitlines()[-1]
        raise DatasetError(f"The pipeline failed: {reason}") from error
    print(f"The dataset is in {options.dataset}.")


def _align_options(options: argparse.Namespace) -> AlignOptions:
    keeps_all = options.labels or options.ferplus_labels
    return AlignOptions(
        scheme=LANDMARK_SCHEMES[options.landmarks],
        detector=options.detector,
        disgust=options.disgust or (DisgustPolicy.KEEP if keeps_all else DisgustPolicy.DROP),
        own_labels=options.labels,
        ferplus=options.ferplus,
        ferplus_labels=options.ferplus_labels,
        crops=options.crop,
    )


def _report(options: argparse.Namespace) -> None:
    check_outputs([options.html], overwrite=options.overwrite)
    dataset = read_dataset(options.dataset)
    print(report_text(dataset, options.dataset))
    if options.html is not None:
        from preprocessing.report.page import report_html

        write_whole(options.html, report_html(dataset))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m preprocessing", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    align = commands.add_parser(
        "align",
        help="align every face of a source into a dataset",
        epilog="example: python -m preprocessing align fer2013.csv data/fer2013",
    )
    align.add_argument(
        "source", type=Path, help="fer2013.csv (.gz, .xz, .zip), class folders, or photos"
    )
    align.add_argument("dataset", type=Path, help="the folder to write")
    _add_align_arguments(align)
    align.add_argument(
        "--workers", type=int, default=AlignOptions.workers, help="processes (default: all cores)"
    )
    align.add_argument("--overwrite", action="store_true", help="replace a dataset that is there")
    align.set_defaults(run_command=_align)

    spread = commands.add_parser(
        "align-beam",
        help="the same on many machines, with Apache Beam (pip install 'mien[beam]')",
        epilog="example: python -m preprocessing align-beam 'gs://bucket/photos/**' gs://bucket/faces"
        " --runner dataflow -- --project=mine --region=europe-west1 --temp_location=gs://bucket/tmp",
    )
    spread.add_argument("pattern", help="CSV files or pictures, local or gs://, with wildcards")
    spread.add_argument("dataset", help="the folder to write, local or gs://")
    _add_align_arguments(spread)
    spread.add_argument("--runner", choices=RUNNER_NAMES, default="direct")
    spread.add_argument("runner_arguments", nargs="*", help="after --: the runner's own options")
    spread.set_defaults(run_command=_align_pattern)

    report = commands.add_parser(
        "report",
        help="say what a dataset holds",
        epilog="example: python -m preprocessing report data/fer2013 --html data/fer2013.html",
    )
    report.add_argument("dataset", type=Path)
    report.add_argument("--html", type=Path, help="also write a page with pictures and charts")
    report.add_argument("--overwrite", action="store_true", help="replace a page that is there")
    report.set_defaults(run_command=_report)
    return parser


def _add_align_arguments(align: argparse.ArgumentParser) -> None:
    labels = align.add_mutually_exclusive_group()
    labels.add_argument(
        "--labels",
        type=lambda words: tuple(word.strip().lower() for word in words.split(",")),
        default=(),
        metavar="WORD,WORD",
        help="the names of your class folders, where they are not FER2013's, in the order to show",
    )
    labels.add_argument(
        "--disgust",
        type=DisgustPolicy,
        choices=list(DisgustPolicy),
        help="what becomes of the class disgust: drop (default), merge into angry, or keep",
    )
    labels.add_argument(
        "--ferplus-labels",
        action="store_true",
        help="label FER2013 by the majority of the votes in --ferplus, eight classes; pictures"
        " without a majority are left out",
    )
    align.add_argument(
        "--detector",
        type=DetectorKind,
        choices=list(DetectorKind),
        default=AlignOptions.detector,
        help="yunet is quick and sees the smallest faces; dlib's hog is slower, its cnn far slower",
    )
    align.add_argument(
        "--landmarks",
        type=int,
        choices=sorted(LANDMARK_SCHEMES),
        default=AlignOptions.scheme.count,
        help="the 68-landmark model may not be used commercially; that of 5 may",
    )
    align.add_argument("--ferplus", type=Path, help="fer2013new.csv: FER+ votes to join")
    align.add_argument("--crop", action="store_true", help="each photo is the crop of one face")


if __name__ == "__main__":
    sys.exit(main())
