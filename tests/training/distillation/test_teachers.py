import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from preprocessing.bundle.outputs import CROWD, LABEL, OUTPUTS, to_probabilities
from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from training.__main__ import main
from training.config import FitConfig
from training.data import training_rows
from training.distillation import teachers
from training.distillation.ensemble import open_member, open_network
from training.distillation.teachers import (
    deal_folds,
    teach_by_folds,
    teach_by_members,
)
from training.fitting.fit import fit
from training.networks.build import read_settings
from training.networks.outputs import outputs_of
from training.soft_labels import read_soft_labels

FOLDS = 3


def with_duplicates(dataset: Dataset) -> Dataset:
    """Take the training rows as six pictures, each eight times or nearly."""
    groups = dataset.duplicate_groups.copy()
    rows = training_rows(dataset)
    groups[rows] = groups.max() + 1 + np.arange(len(rows)) % 6
    return replace(dataset, duplicate_groups=groups)


def test_groups_stay_together_and_folds_are_even() -> None:
    groups = np.random.default_rng(0).integers(0, 20, 200)
    fold_of = deal_folds(groups, folds=FOLDS, seed=0)
    folds_of_group = [set(fold_of[groups == group].tolist()) for group in range(20)]
    assert all(len(each) == 1 for each in folds_of_group)
    dealt = [next(iter(each)) for each in folds_of_group]
    assert sorted(dealt.count(fold) for fold in (1, 2, 3)) == [6, 7, 7]
    np.testing.assert_array_equal(fold_of, deal_folds(groups, folds=FOLDS, seed=0))
    assert (fold_of != deal_folds(groups, folds=FOLDS, seed=1)).any()


@pytest.mark.parametrize("folds", [1, 21])
def test_so_many_folds_as_there_cannot_be_are_refused(folds: int) -> None:
    with pytest.raises(MienError, match="from 2 to 20"):
        deal_folds(np.arange(40) % 20, folds=folds, seed=0)


def test_each_row_is_held_out_once_with_its_duplicates_and_no_other_split_is_touched(
    voted: Dataset, config: FitConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = with_duplicates(voted)
    rows, trained, held = training_rows(whole), [], []
    monkeypatch.setattr(
        teachers, "fit", lambda others, *_, **__: trained.append(training_rows(others))
    )

    def answer(chips: np.ndarray) -> dict[str, np.ndarray]:
        held.append(np.array([chip.tobytes() for chip in chips]))
        return dict.fromkeys(OUTPUTS, np.zeros((len(chips), 6)))

    monkeypatch.setattr(teachers, "open_network", lambda _: answer)
    teach_by_folds(whole, tmp_path / "folds.npz", runs=tmp_path, config=config, folds=FOLDS)
    assert len(trained) == len(held) == FOLDS
    for others, chips in zip(trained, held, strict=True):
        kept_back = np.setdiff1d(rows, others)
        assert set(chips) == {chip.tobytes() for chip in whole.chips[kept_back]}
        assert len(chips) == len(kept_back) == len(rows) - len(others)
        groups = whole.duplicate_groups
        assert not np.isin(groups[others], groups[kept_back]).any()
    assert sum(map(len, held)) == len(rows)
    soft_labels = read_soft_labels(tmp_path / "folds.npz", whole)
    assert list(soft_labels.probabilities) == list(OUTPUTS)
    assert soft_labels.ferplus


@pytest.mark.slow
def test_the_folds_answer_for_what_they_have_not_seen_and_go_on(
    dataset: Dataset, dataset_folder: Path, tmp_path: Path
) -> None:
    path, runs = tmp_path / "folds.npz", tmp_path / "runs"
    command = ["folds", str(dataset_folder), str(path), "--folds", "2", "--runs", str(runs)]
    command += ["--model", "shallow", "--epochs", "1"]
    assert main(command) == 0
    soft_labels = read_soft_labels(path, dataset)
    assert list(soft_labels.probabilities) == [LABEL]
    assert not soft_labels.ferplus
    probabilities = soft_labels.probabilities[LABEL]
    rows = training_rows(dataset)
    fold_of = deal_folds(dataset.duplicate_groups[rows], folds=2, seed=0)
    for fold in (1, 2):
        held = rows[fold_of == fold]
        logits = open_network(runs / f"fold-{fold}" / "network.keras")(dataset.chips[held])
        np.testing.assert_allclose(
            probabilities[held], to_probabilities(logits[LABEL], 1.0), atol=1e-5
        )
        kept = json.loads((runs / f"fold-{fold}" / "config.json").read_text(encoding="utf-8"))
        assert kept["dataset"]["source"] == f"fer2013.csv without held-out fold {fold} of 2"
    assert np.isnan(np.delete(probabilities, rows, axis=0)).all()
    written = path.read_bytes()
    networks = [each.read_bytes() for each in sorted(runs.glob("*/network.keras"))]
    assert main(command) == 1
    assert main([*command, "--overwrite"]) == 0
    assert path.read_bytes() == written
    assert [each.read_bytes() for each in sorted(runs.glob("*/network.keras"))] == networks
    assert main([*command, "--overwrite", "--folds", "3"]) == 1
    assert main([*command, "--overwrite", "--seed", "1"]) == 1


def _said(member: Path, dataset: Dataset) -> dict[str, np.ndarray]:
    """Return by output what a member says of the training rows: aligned, as they were, mirrored."""
    rows, answer = training_rows(dataset), open_member(member, dataset.manifest.recipe)
    shown = [dataset.chips[rows], dataset.raw[rows]]
    shown += [np.flip(chips, axis=2) for chips in shown]
    said = [answer(chips, one_view=True) for chips in shown]
    return {
        output: np.mean([to_probabilities(each[output], 1.0) for each in said], axis=0)
        for output in said[0]
    }


def test_an_ensemble_teaches_the_mean_of_its_members(
    run: Path, bundle: Path, dataset: Dataset, dataset_folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "both.npz"
    command = ["distil", str(dataset_folder), str(path), str(run), str(bundle)]
    assert main(command) == 0
    assert main(command) == 1
    soft_labels = read_soft_labels(path, dataset)
    rows = training_rows(dataset)
    one, two = (_said(member, dataset)[LABEL] for member in (run, bundle))
    assert list(soft_labels.probabilities) == [LABEL]
    probabilities = soft_labels.probabilities[LABEL]
    np.testing.assert_allclose(probabilities[rows], (one + two) / 2, atol=1e-6)
    assert np.isnan(np.delete(probabilities, rows, axis=0)).all()
    assert f"{run.parent.name}/{run.name}" in soft_labels.origin
    assert not soft_labels.ferplus


def test_ferplus_is_declared_through_a_member(run: Path, dataset: Dataset, tmp_path: Path) -> None:
    copy = shutil.copytree(run, tmp_path / "run")
    settings = json.loads((copy / "config.json").read_text(encoding="utf-8"))
    (copy / "config.json").write_text(json.dumps(settings | {"ferplus": True}), encoding="utf-8")
    teach_by_members(dataset, tmp_path / "both.npz", members=[run, copy])
    assert read_soft_labels(tmp_path / "both.npz", dataset).ferplus


def test_members_of_one_output_and_of_two_teach_each_output_that_they_have(
    run: Path, voted_run: Path, voted: Dataset, tmp_path: Path
) -> None:
    path = tmp_path / "both.npz"
    assert teach_by_members(voted, path, members=[run, voted_run]) == len(training_rows(voted))
    soft_labels = read_soft_labels(path, voted)
    assert list(soft_labels.probabilities) == list(OUTPUTS)
    rows = training_rows(voted)
    one, two = (_said(member, voted) for member in (run, voted_run))
    assert list(one) == [LABEL]
    crowd, label = two[CROWD], (one[LABEL] + two[LABEL]) / 2
    for output, expected in ((CROWD, crowd), (LABEL, label)):
        np.testing.assert_allclose(soft_labels.probabilities[output][rows], expected, atol=1e-6)
        assert np.isnan(np.delete(soft_labels.probabilities[output], rows, axis=0)).all()
    # It learnt votes.
    assert soft_labels.ferplus


def test_a_crowd_teaches_a_network_without_votes_its_label_only(
    voted_run: Path, dataset: Dataset, config: FitConfig, tmp_path: Path
) -> None:
    path = tmp_path / "soft.npz"
    teach_by_members(dataset, path, members=[voted_run])
    assert list(read_soft_labels(path, dataset).probabilities) == list(OUTPUTS)
    short = replace(config, epochs=0.5, teacher_weight=0.5)
    network = fit(dataset, tmp_path / "run", config=short, teacher=path)
    assert outputs_of(network) == (LABEL,)
    # Votes went into the teacher, and so into its soft labels.
    assert read_settings(tmp_path / "run").ferplus
