"""The commands that measure networks: `evaluate`, `peers`, `ensemble` and `degrade`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from preprocessing.bundle.outputs import LABEL, OUTPUTS
from preprocessing.errors import MienError
from preprocessing.runtime.cli import (
    Decorator,
    OutputFile,
    check_outputs,
    overwrite_option,
    path_argument,
    path_option,
    together,
)
from training.cli.quiet import QuietCommand

if TYPE_CHECKING:
    from preprocessing.bundle.spec import ModelSpec
    from preprocessing.dataset.read import Dataset
    from training.evaluation.evaluate import Evaluation
    from training.evaluation.predict import Predictions

members_argument = path_argument(
    "members",
    nargs=-1,
    required=True,
    help="Runs, bundles, and snapshots such as runs/snapshots/snapshot-01.keras.",
)


def _split_options(*splits: str) -> Decorator:
    return together(
        click.option(
            "--split", type=click.Choice(splits), default="val", help="The split to measure on."
        ),
        click.option(
            "--final", is_flag=True, help="Allow the test split; choose nothing by its figures."
        ),
    )


_output_option = click.option(
    "--output",
    type=click.Choice(OUTPUTS),
    default=LABEL,
    help="The output of the networks to measure: crowd by what most people chose, label by the "
    "dataset's labels.",
)


@click.command(cls=QuietCommand, epilog="{} serving/bundle data/fer2013 --split val")
@path_argument("bundle", help="The folder of a trained model.")
@path_argument("dataset", help="A folder that align wrote.")
@_split_options("val", "test", "all")
@click.option(
    "--map",
    "mapping",
    metavar="OTHER=LABEL,...",
    help="What the dataset's labels mean, if their names differ: anger=angry,sadness=sad.",
)
@click.option(
    "--record",
    metavar="NAME",
    help="Record the figures in the bundle under this name, as those of another set.",
)
@path_option(
    "--html", type=OutputFile(".html", ".htm"), help="Write the report as a page with charts."
)
@path_option("--json", "json_path", type=OutputFile(".json"), help="Write the report as JSON.")
@overwrite_option
def evaluate(
    bundle: Path,
    dataset: Path,
    *,
    split: str,
    final: bool,
    mapping: str | None,
    record: str | None,
    html: Path | None,
    json_path: Path | None,
    overwrite: bool,
) -> None:
    """Measure how good a network is on a split.

    The figures are recorded in the bundle if it was trained on the source of this dataset; if the
    dataset was aligned by other landmarks, they are recorded as those of another set.
    """
    from preprocessing.bundle.spec import read_spec
    from preprocessing.dataset.read import read_dataset
    from preprocessing.runtime.files import write_whole
    from training.evaluation.evaluate import evaluate_bundle
    from training.evaluation.page import evaluation_html
    from training.evaluation.predict import predict_split
    from training.evaluation.relabel import parse_map, with_labels_of
    from training.evaluation.text import evaluation_text, not_recorded_text

    _guard_test_split(split, final=final)
    check_outputs([html, json_path], overwrite=overwrite)
    spec, as_aligned = read_spec(bundle), read_dataset(dataset)
    if is_own := _is_own(spec, as_aligned):
        _check_own(split, final=final, record=record)
    recipe = as_aligned.manifest.recipe
    rows = with_labels_of(spec, as_aligned, mapping=parse_map(mapping))
    predictions = predict_split(bundle, spec, dataset=rows, split=split)
    evaluation = evaluate_bundle(predictions, spec.outputs, rows, answers_with=spec.answers_with)
    if split in ("test", "all") and rows.labelled_in("test").any():
        _count_test_use(dataset, spec, accuracy=evaluation.accuracy)
    print(evaluation_text(evaluation))
    if is_own and recipe.landmark_model_sha256 != spec.landmark_model_sha256:
        record = f"{recipe.source}, {split}, landmarks {recipe.scheme().name}"
    if record or (is_own and rows is as_aligned and split != "all"):
        _record(bundle, evaluation, name=record)
    else:
        print(f"\n{not_recorded_text(evaluation, is_own=is_own)}")
    if json_path is not None:
        write_whole(json_path, json.dumps(asdict(evaluation), indent=2) + "\n")
    if html is not None:
        title = f"{spec.name} on the {split} split of {rows.manifest.recipe.source}"
        write_whole(html, evaluation_html(evaluation, rows, title=title))


def _count_test_use(dataset: Path, spec: "ModelSpec", *, accuracy: float) -> None:
    """Record that the test split was used, and say how often it was."""
    from training.evaluation.predict import log_test_use
    from training.export.provenance import read_provenance

    exported = read_provenance(spec).exported
    uses = log_test_use(dataset, name=spec.name, exported=exported, accuracy=accuracy)
    print(f"The test split of this dataset was used {uses} times by now.\n")


def _is_own(spec: "ModelSpec", dataset: "Dataset") -> bool:
    """Say whether a bundle was trained on the source of a dataset."""
    from training.networks.build import settings_in

    return dataset.manifest.recipe.source_sha256 == settings_in(spec).dataset.source_sha256


def _check_own(split: str, *, final: bool, record: str | None) -> None:
    """Check the options for the source that a bundle was trained on."""
    _guard_test_split(split, final=final, splits=("test", "all"))
    if record:
        raise MienError(
            "--record is for sets that the network has not learnt from, and the bundle was trained "
            "on this source. Leave it out: the figures of val and test are recorded without it."
        )


def _record(bundle: Path, evaluation: "Evaluation", *, name: str | None) -> None:
    """Record the figures in the bundle, with a name as those of another set."""
    from preprocessing.bundle.spec import read_spec
    from training.export.record_evaluation import record_elsewhere, record_metrics

    spec = read_spec(bundle)  # Another evaluation may have recorded figures since.
    if name:
        record_elsewhere(bundle, spec, name=name, evaluation=evaluation)
    else:
        record_metrics(bundle, spec, evaluation=evaluation)


@click.command("peers", cls=QuietCommand, epilog="{} data/fer2013 serving/bundle fer/baseline.json")
@path_argument("dataset", help="A folder that align wrote.")
@path_argument(
    "models",
    nargs=-1,
    required=True,
    help="Bundles, and JSON files as in training/evaluation/baselines.py.",
)
@_split_options("val", "test")
@_output_option
def baselines(
    dataset: Path, models: tuple[Path, ...], *, split: str, final: bool, output: str
) -> None:
    """Measure other networks on the same pictures."""
    from preprocessing.dataset.read import read_dataset
    from training.distillation.ensemble import member_predictions
    from training.evaluation.baselines import baseline_predictions, read_baseline

    _guard_test_split(split, final=final)
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
@_split_options("val", "test")
@_output_option
def ensemble(
    dataset: Path, members: tuple[Path, ...], *, split: str, final: bool, output: str
) -> None:
    """Measure networks and the mean of their probabilities."""
    from preprocessing.dataset.read import read_dataset
    from training.distillation.ensemble import ensemble_predictions

    _guard_test_split(split, final=final)
    rows = read_dataset(dataset)
    predictions = ensemble_predictions(members, rows, split=split, output=output)
    _print_comparison(predictions, rows, folder=dataset, output=output)


def _print_comparison(
    predictions: Mapping[str, "Predictions"], rows: "Dataset", *, folder: Path, output: str
) -> None:
    from training.evaluation.evaluate import compare
    from training.evaluation.text import comparison_text

    print(comparison_text(compare(predictions, rows, dataset_folder=folder, output=output)))


def _guard_test_split(split: str, *, final: bool, splits: Sequence[str] = ("test",)) -> None:
    if split in splits and not final:
        raise MienError(
            "The test split is for the last word only: everything is chosen on val. "
            "Say --final if nothing will be chosen by the answer; the use is recorded."
        )


@click.command("degrade", cls=QuietCommand, epilog="{} serving/bundle data/fer2013")
@path_argument("bundle", help="The folder of a trained model.")
@path_argument("dataset", help="A folder that align wrote.")
def robustness(bundle: Path, dataset: Path) -> None:
    """Measure how accuracy on val falls as chips are shrunk, blurred, noisy or dark."""
    from preprocessing.dataset.read import read_dataset
    from training.evaluation.robustness import degraded_slices
    from training.evaluation.text import slices_text

    print(slices_text(degraded_slices(bundle, read_dataset(dataset), split="val")))
