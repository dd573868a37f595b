"""Write what an evaluation measured into a bundle's spec and model card."""

from dataclasses import replace
from pathlib import Path

from preprocessing.bundle.spec import CARD_NAME, ModelSpec, write_spec
from preprocessing.runtime.files import write_whole
from training.evaluation.evaluate import Evaluation
from training.export.model_card import model_card


def record_metrics(bundle: Path, spec: ModelSpec, *, evaluation: Evaluation) -> None:
    """Record an evaluation on a split of the dataset that the bundle was trained on."""
    metrics = {**spec.metrics, evaluation.split: evaluation.figures()}
    _write(replace(spec, metrics=metrics), bundle)


def record_elsewhere(bundle: Path, spec: ModelSpec, *, name: str, evaluation: Evaluation) -> None:
    """Record an evaluation on a set that the bundle did not learn from, under a name."""
    elsewhere = {**spec.elsewhere, name: evaluation.figures()}
    _write(replace(spec, elsewhere=elsewhere), bundle)


def _write(spec: ModelSpec, bundle: Path) -> None:
    card = model_card(spec)  # first, so that what it cannot show leaves the spec as it is
    write_spec(spec, bundle)
    write_whole(bundle / CARD_NAME, card)
