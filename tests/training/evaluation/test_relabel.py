"""Sets with labels of other names, in memory and through `python -m training evaluate`."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from preprocessing.bundle.outputs import CROWD, LABEL
from preprocessing.bundle.spec import CARD_NAME, SPEC_NAME, ModelSpec, read_spec
from preprocessing.dataset.build import align_source
from preprocessing.dataset.labels import DisgustPolicy, labels_for
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.read import UNLABELLED, Dataset, read_dataset
from preprocessing.dataset.sources.reading import Reading, parse_mapping
from preprocessing.errors import DatasetError
from training.__main__ import main
from training.data import rows_of
from training.evaluation.predict import TEST_USES_NAME, predict_split
from training.evaluation.relabel import with_labels_of

# By the folder's name; the bundle knows no boredom.
MEANT = {"anger": "angry", "joy": "happy", "sadness": "sad", "boredom": None}
PICTURES = 4
MAP = "anger=angry, joy=happy,sadness=sad"


@pytest.fixture(scope="module")
def elsewhere(voted: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of faces in folders of other names, none of which is split."""
    photos, folder = tmp_path_factory.mktemp("photos"), tmp_path_factory.mktemp("elsewhere")
    labels = voted.manifest.recipe.labels
    for name, label in MEANT.items():
        (photos / name).mkdir()
        rows = np.flatnonzero(voted.class_indices == labels.index(label or "fear"))[:PICTURES]
        for row in rows:
            cv2.imwrite(str(photos / name / f"{row}.png"), voted.raw[row])
    options = AlignOptions(
        reading=Reading(own_labels=tuple(MEANT)), disgust=DisgustPolicy.KEEP, workers=1
    )
    align_source(photos, folder, options=options)
    return folder


@pytest.fixture
def copy(voted_bundle: Path, tmp_path: Path) -> Path:
    return shutil.copytree(voted_bundle, tmp_path / "bundle")


@pytest.fixture
def spec(voted_bundle: Path) -> ModelSpec:
    return read_spec(voted_bundle)


def test_a_dataset_with_the_labels_of_the_bundle_is_left_alone(
    spec: ModelSpec, dataset: Dataset
) -> None:
    assert with_labels_of(spec, dataset, mapping={}) is dataset


def test_each_row_gets_the_label_of_the_bundle_or_none(spec: ModelSpec, elsewhere: Path) -> None:
    other = read_dataset(elsewhere)
    meant = with_labels_of(spec, other, mapping=dict(parse_mapping(MAP)))
    assert meant.manifest.recipe.labels == spec.labels
    names = other.manifest.recipe.labels
    for before, after in zip(other.class_indices, meant.class_indices, strict=True):
        label = MEANT[names[before]]
        assert after == (UNLABELLED if label is None else spec.labels.index(label))
    assert len(rows_of(meant, "all")) == 3 * PICTURES
    np.testing.assert_array_equal(meant.chips, other.chips)


def test_two_labels_may_mean_the_same_and_rows_without_one_stay_without(
    spec: ModelSpec, elsewhere: Path
) -> None:
    other = read_dataset(elsewhere)
    indices = other.class_indices.copy()
    indices[0] = UNLABELLED
    partly = replace(other, class_indices=indices)
    mapping = {"anger": "angry", "boredom": "angry"}
    meant = with_labels_of(spec, partly, mapping=mapping)
    names = np.array(other.manifest.recipe.labels)[indices]
    is_angry = np.isin(names, ["anger", "boredom"]) & (indices != UNLABELLED)
    np.testing.assert_array_equal(meant.class_indices == spec.labels.index("angry"), is_angry)
    assert (meant.class_indices[~is_angry] == UNLABELLED).all()


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"rage": "angry"}, "rage"),
        ({"anger": "furious"}, "furious"),
        ({}, "no label of the bundle's"),
    ],
)
def test_a_map_that_fits_neither_is_refused(
    spec: ModelSpec, elsewhere: Path, mapping: dict[str, str], message: str
) -> None:
    with pytest.raises(DatasetError, match=message):
        with_labels_of(spec, read_dataset(elsewhere), mapping=mapping)


def test_another_set_is_evaluated_on_all_rows_and_recorded_by_its_name(
    copy: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = read_spec(copy)
    command = ["evaluate", str(copy), str(elsewhere), "--split", "all", "--map", MAP]
    assert main([*command, "--record", "press"]) == 0
    assert "mean recall" in capsys.readouterr().out
    spec = read_spec(copy)
    assert spec == replace(before, elsewhere=spec.elsewhere)
    figures = spec.elsewhere["press"]
    assert figures["images"] == 3 * PICTURES
    # The set has no votes, so the answer is held to its labels.
    assert (figures["split"], figures["truth"]) == ("all", "label")
    dataset = with_labels_of(spec, read_dataset(elsewhere), mapping=dict(parse_mapping(MAP)))
    predictions = predict_split(copy, spec, dataset=dataset, split="all")[CROWD]
    predicted = spec.answer.probabilities(predictions.logits).argmax(axis=1)
    truth = dataset.class_indices[rows_of(dataset, "all")]
    recalls = {
        spec.labels[each]: float((predicted[truth == each] == each).mean())
        for each in np.unique(truth)
    }
    # What the set lacks counts for no mean.
    assert set(recalls) == {"angry", "happy", "sad"}
    assert figures["balanced_accuracy"] == pytest.approx(np.mean(list(recalls.values())))
    assert figures["macro_f1"] == pytest.approx(
        np.mean([figures["f1"][label] for label in recalls])
    )
    card = (copy / CARD_NAME).read_text(encoding="utf-8")
    shown = ", ".join(f"{label} {recalls[label]:.0%}" for label in spec.labels if label in recalls)
    (row,) = (line for line in card.splitlines() if line.startswith("| press |"))
    assert row.endswith(f"| {figures['balanced_accuracy']:.1%} | {shown} |")
    # A second set joins the first; one of the same name takes its place.
    assert main([*command, "--record", "lab"]) == 0
    assert main([*command, "--record", "press"]) == 0
    assert list(read_spec(copy).elsewhere) == ["press", "lab"]
    card = (copy / CARD_NAME).read_text(encoding="utf-8")
    assert [line.split(" | ")[0] for line in card.splitlines() if line.startswith("| press")] == [
        "| press"
    ]
    assert card.count("| lab |") == 1


def test_without_a_name_another_set_is_only_evaluated(
    copy: Path, elsewhere: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    report = tmp_path / "report.json"
    command = ["evaluate", str(copy), str(elsewhere), "--split", "all", "--json", str(report)]
    assert main(command) == 1
    assert "--map" in capsys.readouterr().err
    assert main([*command, "--map", MAP, "--html", str(tmp_path / "report.html")]) == 0
    assert "--record NAME" in capsys.readouterr().out
    assert json.loads(report.read_text(encoding="utf-8"))["images"] == 3 * PICTURES
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before
    assert not (elsewhere / TEST_USES_NAME).exists()


def test_what_the_bundle_learnt_from_is_no_other_set(
    copy: Path, voted_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = shutil.copytree(
        voted_folder, tmp_path / "own", ignore=shutil.ignore_patterns(TEST_USES_NAME)
    )
    before = (copy / SPEC_NAME).read_bytes()
    command = ["evaluate", str(copy), str(own)]
    assert main([*command, "--record", "press"]) == 1
    assert "not learnt from" in capsys.readouterr().err
    # All rows hold the test split, and the training rows.
    assert main([*command, "--split", "all"]) == 1
    assert "--final" in capsys.readouterr().err
    assert not (own / TEST_USES_NAME).exists()
    assert main([*command, "--split", "all", "--final"]) == 0
    said = capsys.readouterr().out
    assert "used 1 times" in said
    assert "Not recorded" in said
    counts = [
        int(re.search(form, said)[1])
        for form in (
            r"all, (\d+) images",
            r"leaked .*\((\d+) images",
            r"learnt from (\d+) of these",
        )
    ]
    assert counts[0] == counts[1] + counts[2]
    assert counts[2] > 0
    assert (copy / SPEC_NAME).read_bytes() == before


def test_its_own_source_with_other_labels_is_not_recorded_as_its_own(
    copy: Path, voted_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seven = shutil.copytree(voted_folder, tmp_path / "seven")
    manifest = json.loads((seven / "manifest.json").read_text(encoding="utf-8"))
    labels = labels_for(DisgustPolicy.KEEP)
    manifest["recipe"] |= {"labels": labels, "disgust": DisgustPolicy.KEEP}
    (seven / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    before = (copy / SPEC_NAME).read_bytes()
    assert main(["evaluate", str(copy), str(seven)]) == 0
    said = capsys.readouterr().out
    assert "Not recorded" in said
    assert f"| {LABEL} | 0 | label | 12 |" in said
    assert (copy / SPEC_NAME).read_bytes() == before
