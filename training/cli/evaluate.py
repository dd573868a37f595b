"""The commands that measure one network: `evaluate` and `degrade`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from preprocessing.dataset.sources.reading import parse_mapping
from preprocessing.errors import MienError
from preprocessing.runtime.cli import (
    OutputFile,
    check_outputs,
    overwrite_option,
    path_argument,
    path_option,
)
from training.cli.arguments import guard_test_split, split_options
from training.cli.quiet import QuietCommand

if TYPE_CHECKING:
    from preprocessing.bundle.spec import ModelSpec
    from preprocessing.dataset.read import Dataset
    from training.evaluation.evaluate import Evaluation


@click.command(cls=QuietCommand, epilog="{} serving/bundle data/fer2013 --split val")
@path_argument("bundle", help="The folder of a trained model.")
@path_argument("dataset", help="A folder that align wrote.")
@split_options("val", "test", "all")
@click.option(
    "--map",
    "mapping",
    type=parse_mapping,
    default="",
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
    mapping: tuple[tuple[str, str], ...],
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
    from training.evaluation.relabel import with_labels_of
    from training.evaluation.text import evaluation_text, not_recorded_text

    guard_test_split(split, final=final)
    check_outputs([html, json_path], overwrite=overwrite)
    spec, as_aligned = read_spec(bundle), read_dataset(dataset)
    if is_own := _is_own(spec, as_aligned):
        _check_own(split, final=final, record=record)
    recipe = as_aligned.manifest.recipe
    rows = with_labels_of(spec, as_aligned, mapping=dict(mapping))
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
    guard_test_split(split, final=final, splits=("test", "all"))
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


@click.command("degrade", cls=QuietCommand, epilog="{} serving/bundle data/fer2013")
@path_argument("bundle", help="The folder of a trained model.")
@path_argument("dataset", help="A folder that align wrote.")
def robustness(bundle: Path, dataset: Path) -> None:
    """Measure how accuracy on val falls as chips are shrunk, blurred, noisy or dark."""
    from preprocessing.dataset.read import read_dataset
    from training.evaluation.robustness import degraded_slices
    from training.evaluation.text import slices_text

    print(slices_text(degraded_slices(bundle, read_dataset(dataset), split="val")))
