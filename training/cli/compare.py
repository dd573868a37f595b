"""The commands that measure several networks on the same pictures: `peers` and `ensemble`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from preprocessing.runtime.cli import path_argument
from training.cli.arguments import guard_test_split, members_argument, output_option, split_options
from training.cli.quiet import QuietCommand

if TYPE_CHECKING:
    from preprocessing.dataset.read import Dataset
    from training.evaluation.predict import Predictions


@click.command("peers", cls=QuietCommand, epilog="{} data/fer2013 serving/bundle fer/baseline.json")
@path_argument("dataset", help="A folder that align wrote.")
@path_argument(
    "models",
    nargs=-1,
    required=True,
    help="Bundles, and JSON files as in training/evaluation/baselines.py.",
)
@split_options("val", "test")
@output_option
def baselines(
    dataset: Path, models: tuple[Path, ...], *, split: str, final: bool, output: str
) -> None:
    """Measure other networks on the same pictures."""
    from preprocessing.dataset.read import read_dataset
    from training.distillation.ensemble import member_predictions
    from training.evaluation.baselines import baseline_predictions, read_baseline

    guard_test_split(split, final=final)
    rows = read_dataset(dataset)
    predictions = {}
    for path in models:
        if path.is_dir():
            predictions[str(path)] = member_predictions(path, rows, split=split, output=output)
        else:
            baseline = read_baseline(path)
            predictions[baseline.name] = baseline_predictions(baseline, rows, split=split)
    _print_comparison(predictions, rows, folder=dataset, output=output)


@click.command(cls=QuietCommand, epilog="{} data/fer2013 runs/wide serving/bundle")
@path_argument("dataset", help="A folder that align wrote.")
@members_argument
@split_options("val", "test")
@output_option
def ensemble(
    dataset: Path, members: tuple[Path, ...], *, split: str, final: bool, output: str
) -> None:
    """Measure networks and the mean of their probabilities."""
    from preprocessing.dataset.read import read_dataset
    from training.distillation.ensemble import ensemble_predictions

    guard_test_split(split, final=final)
    rows = read_dataset(dataset)
    predictions = ensemble_predictions(members, rows, split=split, output=output)
    _print_comparison(predictions, rows, folder=dataset, output=output)


def _print_comparison(
    predictions: Mapping[str, "Predictions"], rows: "Dataset", *, folder: Path, output: str
) -> None:
    from training.evaluation.evaluate import compare
    from training.evaluation.text import comparison_text

    print(comparison_text(compare(predictions, rows, dataset_folder=folder, output=output)))
