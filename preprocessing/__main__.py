"""Align pictures into a dataset and report on one: `python -m preprocessing --help`."""

import argparse
import sys
from pathlib import Path

from preprocessing.align_source import AlignOptions, align_source
from preprocessing.dataset import read_dataset
from preprocessing.errors import MienError
from preprocessing.labels import DisgustPolicy
from preprocessing.report import report_text

EXIT_FAILED = 1


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return the exit status: 0, 1 it failed, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "align":
            _align(options)
        else:
            print(report_text(read_dataset(options.dataset), options.dataset))
    except MienError as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_FAILED
    return 0


def _align(options: argparse.Namespace) -> None:
    manifest = align_source(
        options.source,
        options.dataset,
        options=AlignOptions(
            disgust=options.disgust,
            ferplus=options.ferplus,
            crops=options.crop,
            workers=options.workers,
        ),
        overwrite=options.overwrite,
    )
    print(
        f"{manifest.rows:,} faces from {manifest.items:,} pictures in {options.dataset}; "
        f"{manifest.rejected:,} pictures could not be read."
    )


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
    align.add_argument(
        "--disgust",
        type=DisgustPolicy,
        choices=list(DisgustPolicy),
        default=DisgustPolicy.DROP,
        help="what becomes of the class disgust: drop it, merge it into angry, or keep it",
    )
    align.add_argument("--ferplus", type=Path, help="fer2013new.csv: FER+ votes to join")
    align.add_argument("--crop", action="store_true", help="each photo is the crop of one face")
    align.add_argument(
        "--workers", type=int, default=AlignOptions.workers, help="processes (default: all cores)"
    )
    align.add_argument("--overwrite", action="store_true", help="replace a dataset that is there")

    report = commands.add_parser(
        "report",
        help="say what a dataset holds",
        epilog="example: python -m preprocessing report data/fer2013",
    )
    report.add_argument("dataset", type=Path)
    return parser


if __name__ == "__main__":
    sys.exit(main())
