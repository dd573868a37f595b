import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from preprocessing.bundle.classifier import ChipClassifier, to_probabilities
from preprocessing.bundle.spec import MODEL_NAME, read_spec
from preprocessing.dataset.read import Dataset
from preprocessing.errors import BundleError, MienError
from training.config import PRECISIONS
from training.data import rows_of
from training.evaluation.evaluate import evaluate
from training.evaluation.predict import answers_of
from training.export.bundle import ExportOptions, export
from training.metrics import fit_temperature, sure_confidence


def test_a_bundle_says_what_it_is(bundle: Path, dataset: Dataset) -> None:
    spec = read_spec(bundle)
    assert spec.labels == dataset.manifest.recipe.labels
    assert spec.geometry.digest() == dataset.manifest.recipe.geometry_digest
    assert spec.metrics["val"]["images"] == int(dataset.in_split("val").sum())
    card = (bundle / "model_card.md").read_text(encoding="utf-8")
    assert "may not be used commercially" in card
    assert "expression is not an emotion" in card


def test_temperature_and_threshold_are_those_of_the_exported_network(
    bundle: Path, dataset: Dataset
) -> None:
    spec = read_spec(bundle)
    answers = answers_of(bundle, spec, dataset=dataset, split="val")
    truth = dataset.class_indices[rows_of(dataset, "val")]
    assert spec.temperature == pytest.approx(fit_temperature(answers.logits, truth), rel=1e-3)
    probabilities = to_probabilities(answers.logits, spec.temperature)
    assert spec.sure_confidence == sure_confidence(probabilities, truth, wanted=0.9)
    figures = evaluate(
        answers, dataset, temperature=spec.temperature, sure_confidence=spec.sure_confidence
    ).figures()
    assert json.loads(json.dumps(figures)) == spec.metrics["val"]


def test_the_card_compares_the_precisions(bundle: Path) -> None:
    spec = read_spec(bundle)
    assert [each["name"] for each in spec.provenance["precisions"]] == list(PRECISIONS)
    assert spec.provenance["precision"] == "int8"
    card = (bundle / "model_card.md").read_text(encoding="utf-8")
    assert all(f"| {name} |" in card for name in PRECISIONS)


def test_export_overwrites_bundles_only(
    run: Path, bundle: Path, dataset: Dataset, tmp_path: Path
) -> None:
    options = ExportOptions("test")
    with pytest.raises(MienError, match="not empty"):
        export(run, bundle, dataset=dataset, options=options)
    (tmp_path / "precious.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(MienError, match="no bundle"):
        export(run, tmp_path, dataset=dataset, options=options, overwrite=True)
    assert (tmp_path / "precious.txt").exists()


def test_a_failed_export_leaves_the_bundle_that_was_there(
    run: Path, bundle: Path, dataset: Dataset, tmp_path: Path
) -> None:
    kept = tmp_path / "bundle"
    shutil.copytree(bundle, kept)
    options = ExportOptions("test")
    with pytest.raises(MienError, match="no finished run"):
        export(tmp_path / "typo", kept, dataset=dataset, options=options, overwrite=True)
    with pytest.raises(MienError, match="bundle already"):
        export(bundle, kept, dataset=dataset, options=options, overwrite=True)
    moved = replace(dataset.manifest.recipe, geometry_digest="0" * 16)
    other = replace(dataset, manifest=replace(dataset.manifest, recipe=moved))
    with pytest.raises(MienError, match="differs in geometry_digest"):
        export(run, kept, dataset=other, options=options, overwrite=True)
    assert read_spec(kept) == read_spec(bundle)


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(MienError, match="int3"):
        ExportOptions("test", "int3")


def test_a_damaged_network_is_named(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="missing"):
        ChipClassifier(tmp_path)
    whole = (bundle / MODEL_NAME).read_bytes()
    (tmp_path / MODEL_NAME).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BundleError, match="damaged"):
        ChipClassifier(tmp_path)
