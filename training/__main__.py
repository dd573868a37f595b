"""Train, evaluate and export the network: `python -m training --help`."""

import argparse
import sys
from pathlib import Path

from preprocessing.dataset.read import read_dataset
from preprocessing.runtime.cli import run_command
from training.cli.distil import add_teaching_commands
from training.cli.evaluate import add_judging_commands
from training.cli.fit import add_fit_command
from training.config import MOST_VIEWS, PRECISIONS

PROGRAM = "python -m training"


def main(arguments: list[str] | None = None, *, program: str = PROGRAM) -> int:
    """Run a command and return the exit status: 0, 1 it failed, 2 wrong usage."""
    return run_command(_parser(program), arguments)


def _parser(program: str = PROGRAM) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    add_fit_command(commands)
    add_teaching_commands(commands)
    add_judging_commands(commands)

    geometries = commands.add_parser(
        "geometries",
        help="compare ways to align, by spread, open mouths and short training runs",
        epilog="example: %(prog)s data/fer2013 --runs runs/geometries",
    )
    geometries.add_argument("dataset", type=Path)
    geometries.add_argument(
        "--runs", type=Path, help="train each of them; go on with what is there"
    )
    geometries.add_argument("--seeds", type=int, default=3)
    geometries.set_defaults(run_command=_geometries)

    export = commands.add_parser(
        "export",
        help="turn a finished run into a bundle",
        epilog="example: %(prog)s runs/cpu serving/bundle data/fer2013",
    )
    export.add_argument("run", type=Path)
    export.add_argument("bundle", type=Path)
    export.add_argument("dataset", type=Path, help="the dataset that the run was trained on")
    export.add_argument("--name", help="shown to users (default: mien- and the network's name)")
    export.add_argument(
        "--precision",
        choices=PRECISIONS,
        help="of the weights, whatever it costs (default: the smallest that costs next to nothing)",
    )
    export.add_argument(
        "--most-views",
        type=int,
        choices=MOST_VIEWS,
        default=1,
        help="average up to this many views of a face: mirrored too, and corners too (default: 1)",
    )
    export.add_argument("--overwrite", action="store_true", help="replace a bundle that is there")
    export.set_defaults(run_command=_export)

    explain = commands.add_parser(
        "explain",
        help="show what a network sees in a picture and what its answer rests on",
        epilog="example: %(prog)s runs/cpu photo.jpg why",
    )
    explain.add_argument("source", type=Path, help="a run or a bundle")
    explain.add_argument("picture", type=Path)
    explain.add_argument("out", type=Path, help="the folder for the pictures and the page")
    explain.add_argument("--crop", action="store_true", help="the picture is the crop of one face")
    explain.add_argument("--overwrite", action="store_true", help="replace what is there")
    explain.set_defaults(run_command=_explain)
    return parser


def _geometries(options: argparse.Namespace) -> None:
    from training.studies.alignment import compare_geometries, geometries_text

    dataset = read_dataset(options.dataset)
    rows = compare_geometries(dataset, options.runs, seeds=options.seeds)
    print(geometries_text(rows))


def _export(options: argparse.Namespace) -> None:
    from training.evaluation.text import evaluation_text
    from training.export.bundle import ExportOptions, export
    from training.export.litert import precisions_text

    exported = export(
        options.run,
        options.bundle,
        dataset=read_dataset(options.dataset),
        options=ExportOptions(
            name=options.name, precision=options.precision, most_views=options.most_views
        ),
        overwrite=options.overwrite,
    )
    print(precisions_text(exported.precisions))
    print(f"\n{evaluation_text(exported.evaluation)}")


def _explain(options: argparse.Namespace) -> None:
    from training.explain.page import explain

    written = explain(
        options.source,
        options.picture,
        out=options.out,
        is_crop=options.crop,
        overwrite=options.overwrite,
    )
    print(f"{len(written)} files written; open {written[-1]}")


if __name__ == "__main__":
    sys.exit(main())
