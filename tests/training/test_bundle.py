import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from preprocessing.classifier import ChipClassifier
from preprocessing.dataset import Dataset
from preprocessing.errors import BundleError, DatasetError, MienError
from preprocessing.labels import DisgustPolicy, labels_for
from preprocessing.spec import MODEL_NAME, read_spec
from training.__main__ import main
from training.evaluate import evaluate
from training.export import ExportOptions, export
from training.report import confusion_html, evaluation_text


@pytest.fixture(scope="module")
def bundle(run: Path, dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    export(run, folder, dataset=dataset, options=ExportOptions("test"))
    return folder


def test_a_bundle_says_what_it_is(bundle: Path, dataset: Dataset) -> None:
    spec = read_spec(bundle)
    assert spec.labels == dataset.manifest.recipe.labels
    assert spec.geometry.digest() == dataset.manifest.recipe.geometry_digest
    assert spec.metrics["val"]["images"] == int(dataset.in_split("val").sum())
    card = (bundle / "model_card.md").read_text(encoding="utf-8")
    assert "may not be used commercially" in card
    assert "expression is not an emotion" in card


def test_all_precisions_of_one_run_agree(run: Path, dataset: Dataset, tmp_path: Path) -> None:
    logits = {}
    for precision in ("float32", "float16", "int8"):
        folder = tmp_path / precision
        export(run, folder, dataset=dataset, options=ExportOptions("test", precision))
        classifier = ChipClassifier(folder)
        logits[precision] = np.stack([classifier.logits(chip) for chip in dataset.chips])
    spread = logits["float32"].std()
    assert np.abs(logits["float16"] - logits["float32"]).max() < 0.02 * spread
    assert np.abs(logits["int8"] - logits["float32"]).max() < 0.3 * spread


def test_evaluation_adds_up(bundle: Path, dataset: Dataset) -> None:
    evaluation = evaluate(bundle, read_spec(bundle), dataset, split="val")
    confusion, summary = evaluation.confusion(), evaluation.summary()
    assert confusion.sum() == summary["images"] == len(evaluation.truth)
    assert summary["accuracy"] == pytest.approx(np.trace(confusion) / confusion.sum())
    assert summary["images_without_leaked"] == summary["images"] - 1
    assert evaluation.probabilities().sum(axis=1) == pytest.approx(1)
    text = evaluation_text(evaluation)
    assert all(label in text for label in evaluation.labels)
    assert "plotly" in confusion_html(evaluation, title="val")


def test_a_dataset_of_other_labels_or_geometry_is_refused(bundle: Path, dataset: Dataset) -> None:
    spec, recipe = read_spec(bundle), dataset.manifest.recipe
    seven = replace(recipe, labels=labels_for(DisgustPolicy.KEEP))
    with pytest.raises(DatasetError, match="--disgust"):
        evaluate(bundle, spec, _with_recipe(dataset, seven), split="val")
    moved = replace(recipe, geometry_digest="0" * 16)
    with pytest.raises(DatasetError, match="geometry"):
        evaluate(bundle, spec, _with_recipe(dataset, moved), split="val")


def test_the_test_split_needs_a_word(
    bundle: Path, dataset_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["evaluate", str(bundle), str(dataset_folder), "--split", "test"]
    assert main(command) == 1
    assert "--final" in capsys.readouterr().err
    assert "test" not in read_spec(bundle).metrics
    for use in (1, 2):
        assert main([*command, "--final"]) == 0
        assert f"used {use} times" in capsys.readouterr().out
    assert read_spec(bundle).metrics["test"]["images"] == 12


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
    moved = replace(dataset.manifest.recipe, geometry_digest="0" * 16)
    other = _with_recipe(dataset, moved)
    with pytest.raises(MienError, match="another geometry_digest"):
        export(run, kept, dataset=other, options=options, overwrite=True)
    with pytest.raises(MienError, match="precision"):
        export(run, kept, dataset=dataset, options=ExportOptions("test", "int3"), overwrite=True)
    assert read_spec(kept) == read_spec(bundle)


def test_a_damaged_network_is_named(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="missing"):
        ChipClassifier(tmp_path)
    whole = (bundle / MODEL_NAME).read_bytes()
    (tmp_path / MODEL_NAME).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BundleError, match="damaged"):
        ChipClassifier(tmp_path)


def _with_recipe(dataset: Dataset, recipe: object) -> Dataset:
    return replace(dataset, manifest=replace(dataset.manifest, recipe=recipe))
