import errno
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from preprocessing.bundle.classifier import ChipClassifier
from preprocessing.bundle.outputs import CROWD, LABEL
from preprocessing.bundle.spec import CARD_NAME, MODEL_NAME, SPEC_NAME, read_spec
from preprocessing.dataset.read import Dataset
from preprocessing.errors import BundleError, MienError
from preprocessing.images.sample import sample_photo_path
from serving.inference.options import PredictOptions
from serving.inference.predictor import Predictor
from training.config import PRECISIONS
from training.data import outputs_for, split_examples, training_examples
from training.evaluation.evaluate import evaluate_bundle
from training.evaluation.predict import predict_split
from training.export.bundle import ExportOptions, export
from training.export.calibrate import calibrate


def test_a_bundle_says_what_it_is(bundle: Path, dataset: Dataset) -> None:
    spec = read_spec(bundle)
    assert spec.labels == dataset.manifest.recipe.labels
    assert spec.geometry.digest() == dataset.manifest.recipe.geometry_digest
    assert spec.metrics["val"]["images"] == int(dataset.in_split("val").sum())
    card = (bundle / "model_card.md").read_text(encoding="utf-8")
    assert "may not be used commercially" in card
    assert "expression is not an emotion" in card


@pytest.mark.slow
@pytest.mark.parametrize("source", ["", "voted_"])
def test_calibration_and_figures_are_those_of_the_exported_network(
    source: str, request: pytest.FixtureRequest
) -> None:
    bundle: Path = request.getfixturevalue(f"{source}bundle")
    dataset: Dataset = request.getfixturevalue("voted" if source else "dataset")
    spec = read_spec(bundle)
    predictions = predict_split(bundle, spec, dataset=dataset, split="val")
    val, train = split_examples(dataset, "val"), training_examples(dataset)
    assert list(spec.outputs) == list(outputs_for(dataset)) == list(predictions)
    for output, found in spec.outputs.items():
        expected = calibrate(output, predictions[output].logits, val=val, train=train)
        assert found.class_shares == expected.class_shares
        assert found.balance == expected.balance
        for ours, theirs in zip(found.calibrations, expected.calibrations, strict=True):
            assert ours.balance == theirs.balance
            assert ours.temperature == pytest.approx(theirs.temperature, rel=1e-3)
            assert ours.sure_confidence == pytest.approx(theirs.sure_confidence, rel=1e-3)
    evaluation = evaluate_bundle(predictions, spec.outputs, dataset, answers_with=spec.answers_with)
    assert json.loads(json.dumps(evaluation.figures())) == spec.metrics["val"]


def test_a_network_that_learnt_votes_answers_with_the_crowd(
    voted_bundle: Path, bundle: Path
) -> None:
    spec, plain = read_spec(voted_bundle), read_spec(bundle)
    assert (list(spec.outputs), spec.answers_with) == ([CROWD, LABEL], CROWD)
    assert (list(plain.outputs), plain.answers_with) == ([LABEL], LABEL)
    assert spec.metrics["val"]["truth"] == "majority"
    assert plain.metrics["val"]["truth"] == "label"
    assert spec.provenance["ferplus"]
    assert not plain.provenance["ferplus"]
    assert spec.elsewhere == plain.elsewhere == {}


@pytest.mark.slow
@pytest.mark.parametrize(("source", "outputs"), [("bundle", 1), ("voted_bundle", 2)])
def test_the_known_answer_is_that_of_each_output_for_the_sample(
    source: str, outputs: int, request: pytest.FixtureRequest
) -> None:
    bundle: Path = request.getfixturevalue(source)
    predictor = Predictor(bundle)
    answer = predictor.spec.known_answer
    assert np.shape(answer.logits) == (outputs, 6)
    rgb, result = predictor.predict(sample_photo_path().read_bytes())
    assert rgb.shape[:2] == (result.height, result.width)
    (prediction,) = result.predictions
    np.testing.assert_allclose(prediction.face.transform, answer.transform, atol=1e-9)
    logits = predictor.logits(prediction.face.chip[None])
    np.testing.assert_allclose(logits[0], answer.logits, atol=1e-5)
    expected = predictor.spec.answer.probabilities(np.array(answer.logits[0]))
    np.testing.assert_allclose(prediction.probabilities, expected, atol=1e-6)


def test_a_bundle_with_an_output_that_says_something_else_is_refused(
    voted_bundle: Path, tmp_path: Path
) -> None:
    """Also where it is not the output that answers."""
    copy = shutil.copytree(voted_bundle, tmp_path / "bundle")
    fields = json.loads((copy / SPEC_NAME).read_text(encoding="utf-8"))
    fields["known_answer"]["logits"][1][0] += 1
    (copy / SPEC_NAME).write_text(json.dumps(fields), encoding="utf-8")
    with pytest.raises(BundleError, match="known answer"):
        Predictor(copy)


@pytest.fixture(scope="module")
def predictor(voted_bundle: Path) -> Predictor:
    return Predictor(voted_bundle)


def test_a_balance_may_be_asked_for(predictor: Predictor) -> None:
    spec, said = predictor.spec, {}
    photo = sample_photo_path().read_bytes()
    for balance in (None, 0.0, 0.6, 1.0, spec.answer.balance):
        (prediction,) = predictor.predict(photo, PredictOptions(balance=balance))[1].predictions
        logits = spec.answer_logits(predictor.logits(prediction.face.chip[None]))
        expected = spec.answer.probabilities(logits, balance)
        np.testing.assert_allclose(prediction.probabilities, expected[0], atol=1e-12)
        assert prediction.probabilities.sum() == pytest.approx(1)
        sure_from = spec.answer.calibration(balance).sure_confidence
        assert prediction.is_sure == (prediction.confidence >= sure_from)
        chips = prediction.face.chip[None]
        np.testing.assert_array_equal(predictor.probabilities(chips, balance), expected)
        said[balance] = prediction.probabilities
    assert np.abs(said[0.0] - said[1.0]).max() > 1e-3
    np.testing.assert_array_equal(said[None], said[spec.answer.balance])
    with pytest.raises(BundleError, match="balance"):
        spec.answer.calibration(1.5)


def test_a_confidence_of_ones_own_makes_it_sure_at_any_balance(predictor: Predictor) -> None:
    photo = sample_photo_path().read_bytes()
    for balance in (0.0, 1.0):
        for least, is_sure in ((0.0, True), (1.0, False)):
            result = predictor.predict(
                photo, PredictOptions(balance=balance, min_confidence=least)
            )[1]
            assert result.predictions[0].is_sure == is_sure


def test_the_card_holds_each_output_against_each_truth_and_people(
    voted_bundle: Path, bundle: Path
) -> None:
    spec = read_spec(voted_bundle)
    card = (voted_bundle / CARD_NAME).read_text(encoding="utf-8")
    for row in spec.metrics["val"]["truths"]:
        assert (
            f"| {row['output']} | {row['balance']:g} | {row['truth']} | {row['images']:,} | "
            f"{row['accuracy']:.1%} (" in card
        )
    for row in spec.metrics["val"]["votes"]:
        balance = "" if row["balance"] is None else f"{row['balance']:g}"
        assert f"| {row['who']} | {balance} | {row['images']:,} | {row['vote_share']:.3f} |" in card
    assert f"The product answers with the output `{CROWD}`" in card
    assert "held to the majority" in card
    for name, output in spec.outputs.items():
        for each in output.calibrations:
            assert f"| {name} | {each.balance:g} | {each.temperature:.3f} |" in card
    for each in spec.provenance["precisions"]:
        assert f"crowd {each['accuracy'][CROWD]:.2%}, label {each['accuracy'][LABEL]:.2%}" in card
    plain = (bundle / CARD_NAME).read_text(encoding="utf-8")
    assert "held to the label" in plain
    assert "share of votes" not in plain
    assert "Other pictures" not in card
    assert "Other pictures" not in plain


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


def test_an_export_for_which_there_is_no_room_names_the_bundle_and_leaves_nothing(
    run: Path, bundle: Path, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_the_disk(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("training.export.bundle.record_metrics", fill_the_disk)
    kept = tmp_path / "bundle"
    shutil.copytree(bundle, kept)
    with pytest.raises(OSError, match="No space") as error_info:
        export(run, kept, dataset=dataset, options=ExportOptions("test"), overwrite=True)
    assert error_info.value.filename == str(kept)
    assert list(tmp_path.iterdir()) == [kept]
    assert read_spec(kept) == read_spec(bundle)


def test_an_export_that_cannot_take_the_place_of_a_bundle_stays_beside_it(
    run: Path, bundle: Path, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_mounted(path: Path, target: Path) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(path), None, str(target))

    monkeypatch.setattr(Path, "rename", is_mounted)
    kept = tmp_path / "bundle"
    shutil.copytree(bundle, kept)
    with pytest.raises(OSError, match=r"bundle\.partial"):
        export(run, kept, dataset=dataset, options=ExportOptions("test"), overwrite=True)
    assert read_spec(tmp_path / "bundle.partial").name == "test"


def test_an_unknown_precision_or_number_of_views_is_refused() -> None:
    with pytest.raises(MienError, match="int3"):
        ExportOptions("test", "int3")
    with pytest.raises(MienError, match="most_views"):
        ExportOptions("test", most_views=3)


def test_a_damaged_network_is_named(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="missing"):
        ChipClassifier(tmp_path)
    whole = (bundle / MODEL_NAME).read_bytes()
    (tmp_path / MODEL_NAME).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BundleError, match="damaged"):
        ChipClassifier(tmp_path)
