"""The commands that bring several networks into one: `folds`, `distil` and `average`."""

from pathlib import Path
from typing import Any

import click

from preprocessing.runtime.cli import (
    check_outputs,
    overwrite_option,
    path_argument,
    path_option,
    together,
)
from training.cli.arguments import members_argument
from training.cli.fit import config_of, config_options, other_landmarks_option
from training.cli.quiet import QuietCommand

_target_arguments = together(
    path_argument("dataset", help="A folder that align wrote."),
    path_argument("file", help="The soft labels to write, for fit --teacher."),
    overwrite_option,
)


@click.command(
    cls=QuietCommand, epilog="{} data/fer2013 folds.npz --runs runs/folds --preset shallow"
)
@_target_arguments
@click.option("--folds", type=click.IntRange(2), default=5, help="Number of folds.")
@path_option(
    "--runs", required=True, help="A folder for one run for each fold; runs there are continued."
)
@config_options
def folds(
    dataset: Path, file: Path, *, overwrite: bool, folds: int, runs: Path, **choices: Any
) -> None:
    """Write soft labels of networks that did not learn those rows.

    The training rows are divided into folds. The soft labels of each fold come from a network that
    was trained on the others.
    """
    from preprocessing.dataset.read import read_dataset
    from training.distillation.teachers import teach_by_folds

    check_outputs([file], overwrite=overwrite)
    config = config_of(**choices)
    rows = teach_by_folds(read_dataset(dataset), file, runs=runs, config=config, folds=folds)
    _print_count(file, rows)


@click.command(cls=QuietCommand, epilog="{} data/fer2013 both.npz runs/wide serving/bundle")
@_target_arguments
@members_argument
@other_landmarks_option
def distil(
    dataset: Path,
    file: Path,
    *,
    overwrite: bool,
    members: tuple[Path, ...],
    other_landmarks: Path | None,
) -> None:
    """Write soft labels of an ensemble for the training rows."""
    from preprocessing.dataset.read import read_dataset
    from training.distillation.teachers import teach_by_members

    check_outputs([file], overwrite=overwrite)
    other = None if other_landmarks is None else read_dataset(other_landmarks)
    rows = teach_by_members(read_dataset(dataset), file, members=members, other=other)
    _print_count(file, rows)


def _weights(text: str) -> tuple[float, ...]:
    return tuple(map(float, text.split(",")))


@click.command(
    cls=QuietCommand, epilog="{} data/fer2013 runs/mean serving/bundle runs/crowd --weights 3,7"
)
@path_argument("dataset", help="What they were trained on.")
@path_argument("run", help="The folder to write.")
@members_argument
@click.option("--weights", type=_weights, metavar="W,W", help="Weight of each; by default equal.")
def average(
    dataset: Path, run: Path, *, members: tuple[Path, ...], weights: tuple[float, ...] | None
) -> None:
    """Write a run with the mean of the weights of others.

    All of them must have begun with the same weights.
    """
    from preprocessing.dataset.read import read_dataset
    from training.distillation.average import average_runs

    average_runs(read_dataset(dataset), run, members=members, weights=weights)
    print(f"{run} holds the mean of {len(members)} networks.")


def _print_count(file: Path, rows: int) -> None:
    print(f"{file} holds targets for {rows:,} training rows; give it to fit as --teacher.")
