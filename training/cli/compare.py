"""The commands that measure several networks on the same pictures: `peers` and `ensemble`."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from preprocessing.bundle.outputs import LABEL, OUTPUTS
from preprocessing.runtime.cli import path_argument, together
from training.cli.arguments import guard_test_split, members_argument, split_options
from training.cli.quiet import QuietCommand

if TYPE_CHECKING:
    from preprocessing.dataset.read import Dataset
    from training.evaluation.predict import Predictions

_options = together(
    split_options("val", "test"),
    click.option(
        "--output",
        type=click.Choice(OUTPUTS),
        default=LABEL,
        help="The output of the networks to measure: crowd by what most people chose, label by the "
        "dataset's labels.",
    ),
)


@click.command("peers", cls=QuietCommand, epilog="{} data/fer2013 serving/bundle fer/baseline.json")
@path_argument("dataset", help="A folder that align wrote.")
@path_argument(
    "models",
    nargs=-1,
    required=True,
    help="Bundles, and JSON files as in training/evaluation/baselines.py.",
)
@_options
def baselines(dataset: Path, models: tuple[Path, ...], **chosen: Any) -> None:
    """Measure other networks on the same pictures."""
    _compare(models, dataset, predict=_predict_each, **chosen)


@click.command(cls=QuietCommand, epilog="{} data/fer2013 runs/wide serving/bundle")
@path_argument("dataset", help="A folder that align wrote.")
@members_argument
@_options
def ensemble(dataset: Path, members: tuple[Path, ...], **chosen: Any) -> None:
    """Measure networks and the mean of their probabilities."""
    from training.distillation.ensemble import ensemble_predictions

    _compare(members, dataset, predict=ensemble_predictions, **chosen)


def _compare(
    models: Sequence[Path],
    dataset: Path,
    *,
    predict: Callable[..., Mapping[str, "Predictions"]],
    split: str,
    final: bool,
    output: str,
) -> None:
    """Print how models do on a split, by what a function predicts with them."""
    from preprocessing.dataset.read import read_dataset
    from training.evaluation.evaluate import compare
    from training.evaluation.text import comparison_text

    guard_test_split(split, final=final)
    rows = read_dataset(dataset)
    predictions = predict(models, rows, split=split, output=output)
    print(comparison_text(compare(predictions, rows, dataset_folder=dataset, output=output)))


def _predict_each(
    models: Sequence[Path], rows: "Dataset", *, split: str, output: str
) -> dict[str, "Predictions"]:
    """Predict with bundles, and take the predictions of other networks from their files."""
    from training.distillation.ensemble import member_predictions
    from training.evaluation.baselines import baseline_predictions, read_baseline

    predictions = {}
    for path in models:
        if path.is_dir():
            predictions[str(path)] = member_predictions(path, rows, split=split, output=output)
        else:
            baseline = read_baseline(path)
            predictions[baseline.name] = baseline_predictions(baseline, rows, split=split)
    return predictions
