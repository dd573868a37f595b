"""The commands that bring several networks into one: `folds`, `distil` and `average`."""

import argparse
from pathlib import Path

from preprocessing.dataset.read import read_dataset
from preprocessing.runtime.cli import check_outputs
from training.cli.evaluate import add_members_argument
from training.cli.fit import add_config_arguments, config_of


def add_teaching_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add them to a parser's commands."""
    folds = commands.add_parser(
        "folds",
        help="write soft labels: each fold of the training rows, answered by a network trained "
        "on the others",
        epilog="example: %(prog)s data/fer2013 folds.npz --runs runs/folds --preset shallow",
    )
    _add_target_arguments(folds)
    folds.add_argument("--folds", type=int, default=5)
    folds.add_argument(
        "--runs", type=Path, required=True, help="the folder for a run a fold; go on with them"
    )
    add_config_arguments(folds)
    folds.set_defaults(run_command=_folds)

    distil = commands.add_parser(
        "distil",
        help="write soft labels: what an ensemble says of the training rows",
        epilog="example: %(prog)s data/fer2013 both.npz runs/wide serving/bundle",
    )
    _add_target_arguments(distil)
    add_members_argument(distil)
    distil.set_defaults(run_command=_distil)

    average = commands.add_parser(
        "average",
        help="write a run whose weights are the mean of those of others that began alike",
        epilog="example: %(prog)s data/fer2013 runs/mean serving/bundle runs/crowd --weights 3 7",
    )
    average.add_argument("dataset", type=Path, help="what they were trained on")
    average.add_argument("run", type=Path, help="the folder to write")
    add_members_argument(average)
    average.add_argument(
        "--weights", type=float, nargs="+", metavar="W", help="of each member (default: alike)"
    )
    average.set_defaults(run_command=_average)


def _add_target_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("dataset", type=Path)
    command.add_argument("file", type=Path, help="the soft labels to write, for fit --teacher")
    command.add_argument("--overwrite", action="store_true", help="replace a file that is there")


def _folds(options: argparse.Namespace) -> None:
    from training.distillation.teachers import teach_by_folds

    check_outputs([options.file], overwrite=options.overwrite)
    rows = teach_by_folds(
        read_dataset(options.dataset),
        options.file,
        runs=options.runs,
        config=config_of(options),
        folds=options.folds,
    )
    _print_taught(options.file, rows)


def _distil(options: argparse.Namespace) -> None:
    from training.distillation.teachers import teach_by_members

    check_outputs([options.file], overwrite=options.overwrite)
    dataset = read_dataset(options.dataset)
    rows = teach_by_members(dataset, options.file, members=options.members)
    _print_taught(options.file, rows)


def _average(options: argparse.Namespace) -> None:
    from training.distillation.average import average_runs

    average_runs(
        read_dataset(options.dataset), options.run, members=options.members, weights=options.weights
    )
    print(f"{options.run} holds the mean of {len(options.members)} networks.")


def _print_taught(file: Path, rows: int) -> None:
    print(f"{file} holds targets for {rows:,} training rows; give it to fit as --teacher.")
