import html
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from preprocessing.bundle.spec import read_spec
from preprocessing.dataset.labels import DisgustPolicy, labels_for
from preprocessing.dataset.manifest import Recipe
from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from training.__main__ import main
from training.data import rows_of
from training.evaluation.evaluate import Evaluation, evaluate
from training.evaluation.predict import Predictions, predict_split
from training.evaluation.slices import slice_of
from training.evaluation.text import LEAST_FACES_TO_JUDGE, comparison_text, evaluation_text


@pytest.fixture(scope="module")
def evaluation(dataset: Dataset) -> Evaluation:
    """Of answers that are right on all of val but its last three rows, and sure of one of them."""
    truth = dataset.class_indices[rows_of(dataset, "val")]
    logits = 3 * np.eye(6, dtype=np.float32)[truth]
    logits[-3:] = np.roll(logits[-3:], 1, axis=1)
    logits[-2] *= 2
    predictions = Predictions("val", logits, np.roll(logits, 1, axis=1))
    return evaluate(predictions, dataset, temperature=1.0, sure_confidence=0.9)


def test_figures_of_known_answers(evaluation: Evaluation) -> None:
    assert evaluation.images == 12
    assert evaluation.accuracy == 9 / 12
    assert evaluation.accuracy_interval_95[0] < 9 / 12 < evaluation.accuracy_interval_95[1]
    assert evaluation.accuracy_one_view == 0
    assert evaluation.accuracy_without_leaked == 8 / 11
    assert evaluation.images_without_leaked == 11
    assert evaluation.share_sure == 1 / 12
    assert evaluation.accuracy_when_sure == 0
    assert sum(evaluation.images_by_label.values()) == np.sum(evaluation.confusion) == 12
    assert np.trace(evaluation.confusion) == 9
    assert evaluation.macro_f1 == pytest.approx(np.mean(list(evaluation.f1.values())))
    assert evaluation.coverage[0].accuracy == 0
    assert evaluation.coverage[-1].accuracy == 9 / 12
    assert evaluation.coverage[-1].share == 1


def test_of_a_network_that_is_never_sure_no_accuracy_is_told_where_it_is(
    evaluation: Evaluation,
) -> None:
    unsure = replace(evaluation, share_sure=0.0, accuracy_when_sure=0.0)
    assert "where it is sure  -  (0.0% of the images)" in evaluation_text(unsure)
    assert "where it is sure  0.00%  (8.3% of the images)" in evaluation_text(evaluation)


def test_mistakes_name_their_pictures_the_most_confident_first(
    evaluation: Evaluation, dataset: Dataset
) -> None:
    rows = rows_of(dataset, "val")[-3:]
    assert {each.row for each in evaluation.mistakes} == set(rows.tolist())
    assert evaluation.mistakes[0].row == rows[1]
    for mistake in evaluation.mistakes:
        assert mistake.name == dataset.names[mistake.row]
        assert mistake.label != mistake.predicted
    confidences = [each.confidence for each in evaluation.mistakes]
    assert confidences == sorted(confidences, reverse=True)


def test_each_measure_cuts_all_rows_that_it_holds_for(evaluation: Evaluation) -> None:
    by_measure: dict[str, list[tuple[int, float]]] = {}
    for each in evaluation.slices:
        by_measure.setdefault(each.measure, []).append((each.count, each.accuracy))
        assert each.interval_95[0] <= each.accuracy <= each.interval_95[1]
    aligned = 12 - evaluation.found_by.get("unaligned", 0)
    for measure, parts in by_measure.items():
        count = sum(count for count, _ in parts)
        assert count in (12, aligned)
        if count == 12:
            assert sum(count * share for count, share in parts) == pytest.approx(9), measure
    assert {"found by", "sharpness", "yaw, degrees", "residual, px"} <= by_measure.keys()
    assert [count for count, _ in by_measure["also in the training split"]] == [11, 1]


def test_texts_hold_the_figures(evaluation: Evaluation) -> None:
    text = evaluation_text(evaluation)
    assert all(label in text for label in evaluation.labels)
    assert "75.00%" in text
    table = comparison_text({"one": evaluation, "two": evaluation})
    assert table.count("| 75.0% (") == 2


@pytest.mark.parametrize(("count", "is_named"), [(1, False), (LEAST_FACES_TO_JUDGE, True)])
def test_few_faces_are_not_called_clearly_worse(
    evaluation: Evaluation, *, count: int, is_named: bool
) -> None:
    wrong = slice_of("sharpness", "0.66 to 0.66", hits=np.zeros(count, bool))
    text = evaluation_text(replace(evaluation, slices=(wrong,)))
    assert ("Clearly below" in text) == is_named


def test_the_test_split_needs_a_word(
    bundle: Path, unused_dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(bundle, tmp_path / "bundle")
    command = ["evaluate", str(copy), str(unused_dataset), "--split", "test"]
    assert main(command) == 1
    assert "--final" in capsys.readouterr().err
    assert "test" not in read_spec(copy).metrics
    for use in (1, 2):
        assert main([*command, "--final"]) == 0
        assert f"used {use} times" in capsys.readouterr().out
    assert read_spec(copy).metrics["test"]["images"] == 12


def test_the_reports_are_whole_and_ask_no_other_host(
    bundle: Path, dataset_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(bundle, tmp_path / "bundle")
    page, figures = tmp_path / "report.html", tmp_path / "report.json"
    command = ["evaluate", str(copy), str(dataset_folder)]
    command += ["--html", str(page), "--json", str(figures)]
    assert main(command) == 0
    evaluation = json.loads(figures.read_text(encoding="utf-8"))
    mistakes = evaluation.pop("mistakes")
    assert evaluation == read_spec(copy).metrics["val"]
    text = page.read_text(encoding="utf-8")
    assert text.count("data:image/jpeg") == len(mistakes)
    assert "share of votes" not in text
    titles = ("Confusion", "By class", "Reliability", "most confident predictions", "found by")
    for title in (
        *titles,
        "true expression",
        "Each output against each truth",
        "detector 12",
        "177 were approximate",
        "Not measured",
    ):
        assert title in text
    assert not re.search(r"""<(script|link|img)[^>]+(src|href)=["']?(https?:)?//""", text)
    assert main(command) == 1
    assert main([*command, "--overwrite"]) == 0
    capsys.readouterr()
    assert main([*command, "--json", str(tmp_path / "missing" / "report.json")]) == 1
    said = capsys.readouterr()
    assert "missing does not exist" in said.err
    assert not said.out  # it was said before the work was done


def test_the_reports_of_two_outputs_hold_every_truth_and_people(
    voted_bundle: Path, voted_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(voted_bundle, tmp_path / "bundle")
    page, figures = tmp_path / "report.html", tmp_path / "report.json"
    command = ["evaluate", str(copy), str(voted_folder)]
    assert main([*command, "--html", str(page), "--json", str(figures)]) == 0
    said = capsys.readouterr().out
    evaluation = json.loads(figures.read_text(encoding="utf-8"))
    del evaluation["mistakes"]
    assert evaluation == read_spec(copy).metrics["val"]
    # What it was exported with, and is measured again here.
    assert evaluation == read_spec(voted_bundle).metrics["val"]
    text = page.read_text(encoding="utf-8")
    assert evaluation["truth"] == "majority"
    assert "9 pictures of the split <b>val</b> that have a majority" in text
    rows = evaluation["truths"] + evaluation["votes"]
    assert len(rows) >= 7
    for row in evaluation["truths"]:
        assert f"{row['accuracy']:.1%} (" in text
        assert f"| {row['output']} | {row['balance']:g} | {row['truth']} |" in said
    for row in evaluation["votes"]:
        assert row["who"] in html.unescape(text)
        assert f"{row['vote_share']:.3f}" in text
        assert f"| {row['who']} |" in said


def test_figures_on_another_source_are_not_recorded(
    bundle: Path, dataset_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy, other = tmp_path / "bundle", tmp_path / "other"
    shutil.copytree(bundle, copy)
    shutil.copytree(dataset_folder, other)
    manifest = json.loads((other / "manifest.json").read_text(encoding="utf-8"))
    manifest["recipe"]["source_sha256"] = "0" * 64
    (other / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    assert main(["evaluate", str(copy), str(other)]) == 0
    assert "Not recorded" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before


def test_a_dataset_of_other_labels_or_geometry_is_refused(bundle: Path, dataset: Dataset) -> None:
    spec, recipe = read_spec(bundle), dataset.manifest.recipe
    seven = replace(recipe, labels=labels_for(DisgustPolicy.KEEP))
    with pytest.raises(MienError, match="differs in labels"):
        predict_split(bundle, spec, dataset=_with_recipe(dataset, seven), split="val")
    # The same six labels, but disgust counts as anger.
    merged = replace(recipe, disgust=DisgustPolicy.MERGE)
    with pytest.raises(MienError, match="differs in disgust"):
        predict_split(bundle, spec, dataset=_with_recipe(dataset, merged), split="val")
    moved = replace(recipe, geometry_digest="0" * 16)
    with pytest.raises(MienError, match="differs in geometry_digest"):
        predict_split(bundle, spec, dataset=_with_recipe(dataset, moved), split="val")


def _with_recipe(dataset: Dataset, recipe: Recipe) -> Dataset:
    return replace(dataset, manifest=replace(dataset.manifest, recipe=recipe))
