"""The same pictures aligned by other landmarks: shown beside the first, distilled and evaluated."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from preprocessing.bundle.outputs import LABEL, to_probabilities
from preprocessing.bundle.spec import CARD_NAME, read_spec
from preprocessing.dataset.build import align_source
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.read import Dataset, read_dataset
from preprocessing.errors import DatasetError, MienError
from preprocessing.faces.landmarks import LANDMARK_SCHEMES
from tests.training.small_sources import write_fer2013
from training.__main__ import main
from training.config import FitConfig
from training.data import TrainingBatches, chips_by_other_landmarks, training_rows
from training.distillation.ensemble import open_member
from training.fitting.fit import fit
from training.soft_labels import read_soft_labels


@pytest.fixture(scope="module")
def other_folder(fer2013_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("by-yunet") / "dataset"
    options = AlignOptions(workers=1, scheme=LANDMARK_SCHEMES["yunet"])
    align_source(fer2013_csv, folder, options=options)
    return folder


@pytest.fixture(scope="module")
def other(other_folder: Path) -> Dataset:
    return read_dataset(other_folder)


def test_the_chips_are_of_the_same_faces_and_not_the_same(dataset: Dataset, other: Dataset) -> None:
    chips = chips_by_other_landmarks(dataset, other)
    assert chips.shape == dataset.chips.shape
    alike = [
        np.corrcoef(one.ravel(), two.ravel())[0, 1]
        for one, two in zip(chips.astype(float), dataset.chips.astype(float), strict=True)
    ]
    assert np.median(alike) > 0.8
    assert (chips != dataset.chips).any(axis=(1, 2)).all()


def test_other_pictures_are_refused(dataset: Dataset, other: Dataset) -> None:
    turned = replace(other, raw=other.raw[::-1])
    without = replace(other, has_raw=np.zeros_like(other.has_raw))
    for wrong in (turned, without):
        with pytest.raises(DatasetError, match="Align the same source"):
            chips_by_other_landmarks(dataset, wrong)


def test_each_way_is_shown_as_often_as_its_share_says() -> None:
    rows = 4_000
    ways = [
        (share, np.full((rows, 1, 1), way, np.uint8)) for way, share in enumerate((0.5, 0.3, 0.2))
    ]
    batches = TrainingBatches(ways, targets=np.zeros((rows, 1, 6)), batch_size=rows, seed=0)
    shown = np.bincount(batches[0][0].ravel()) / rows
    np.testing.assert_allclose(shown, [share for share, _ in ways], atol=0.03)


@pytest.mark.slow
def test_a_run_learns_from_both_and_says_so(
    dataset_folder: Path, other: Dataset, other_folder: Path, tmp_path: Path
) -> None:
    command = ["fit", str(dataset_folder), str(tmp_path / "run"), "--preset", "smoke"]
    assert main([*command, "--other-landmarks", str(other_folder)]) == 0
    settings = json.loads((tmp_path / "run" / "config.json").read_text())
    assert settings["fit"]["other_share"] > 0
    found = settings["other_landmarks"]["landmark_model_sha256"]
    assert found == other.manifest.recipe.landmark_model_sha256
    # Resumed without them, it would be another run.
    assert main([*command, "--resume"]) == 1


def test_a_share_without_other_landmarks_is_refused(
    dataset: Dataset, other: Dataset, config: FitConfig, tmp_path: Path
) -> None:
    with pytest.raises(MienError, match="other_share"):
        fit(dataset, tmp_path / "run", config=replace(config, other_share=0.3))
    with pytest.raises(MienError, match="other_share"):
        fit(dataset, tmp_path / "run", config=config, other=other)


def test_a_teacher_sees_each_face_in_every_way(
    bundle: Path, dataset: Dataset, dataset_folder: Path, other_folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "kinds.npz"
    command = ["distil", str(dataset_folder), str(path), str(bundle)]
    assert main([*command, "--other-landmarks", str(other_folder)]) == 0
    rows = training_rows(dataset)
    member = open_member(bundle, dataset.manifest.recipe)
    kinds = (dataset.chips, dataset.raw, read_dataset(other_folder).chips)
    ways = [chips[rows] for chips in kinds]
    ways += [np.flip(chips, axis=2) for chips in ways]
    said = [member(way, one_view=True)[LABEL] for way in ways]
    expected = np.mean([to_probabilities(each, 1.0) for each in said], axis=0)
    soft = read_soft_labels(path, dataset).probabilities[LABEL][rows]
    np.testing.assert_allclose(soft, expected, atol=1e-6)


def test_a_bundle_says_how_good_it_is_with_other_landmarks(
    bundle: Path, other_folder: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(bundle, tmp_path / "bundle")
    assert main(["evaluate", str(copy), str(other_folder)]) == 0
    before, after = read_spec(bundle), read_spec(copy)
    assert after.metrics == before.metrics
    (name,) = after.elsewhere.keys() - before.elsewhere.keys()
    assert name == "fer2013.csv, val, landmarks yunet"
    assert name in (copy / CARD_NAME).read_text(encoding="utf-8")


def test_a_run_goes_on_with_chips_by_other_landmarks(
    bundle: Path, other: Dataset, config: FitConfig, tmp_path: Path
) -> None:
    fit(other, tmp_path / "run", config=replace(config, epochs=1), start_from=bundle)
    settings = json.loads((tmp_path / "run" / "config.json").read_text())
    assert settings["dataset"]["landmark_model_sha256"] == LANDMARK_SCHEMES["yunet"].file.sha256


def test_another_source_has_other_faces(dataset: Dataset, tmp_path: Path) -> None:
    path = write_fer2013(tmp_path / "fewer.csv")
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    folder = tmp_path / "fewer"
    align_source(path, folder, options=AlignOptions(workers=1))
    with pytest.raises(DatasetError, match="Align the same source"):
        chips_by_other_landmarks(dataset, read_dataset(folder))
