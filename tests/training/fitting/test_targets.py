"""What each row is trained on: its label, its votes, and what a teacher says of it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from preprocessing.bundle.outputs import CROWD, LABEL, OUTPUTS
from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from tests.training.distilled import (
    CLASSES,
    ROUNDING,
    WEIGHT,
    first_steps,
    random_probabilities,
    write_teacher,
)
from training.config import LOSSES, FitConfig
from training.data import training_rows
from training.fitting.fit import fit
from training.soft_labels import read_soft_labels, write_soft_labels
from training.votes import label_votes, vote_shares


def labels_as_learnt(dataset: Dataset, rows: list[int], config: FitConfig) -> np.ndarray:
    """Return the targets of the labels without a teacher: smoothed for the cross-entropy."""
    smoothing = config.label_smoothing if config.loss == "cross_entropy" else 0.0
    one_hot = np.eye(CLASSES)[dataset.class_indices[rows]]
    return one_hot * (1 - smoothing) + smoothing / CLASSES


def rows_of_chips(dataset: Dataset, given: list[tuple[np.ndarray, np.ndarray]]) -> list[int]:
    row_of = {chip.tobytes(): row for row, chip in enumerate(dataset.chips)}
    return [row_of[chip.tobytes()] for chip, _ in given]


@pytest.mark.parametrize("loss", LOSSES)
def test_fit_gives_each_row_its_own_teaching(
    dataset: Dataset, teacher: Path, distilled_config: FitConfig, tmp_path: Path, loss: str
) -> None:
    config = replace(distilled_config, loss=loss, raw_share=0.0)
    given = first_steps(dataset, tmp_path / "run", steps=2, config=config, teacher=teacher)
    soft = read_soft_labels(teacher, dataset).probabilities[LABEL]
    rows = rows_of_chips(dataset, given)
    assert len(set(rows)) == 2 * config.batch_size
    is_soft = ~np.isnan(soft[rows]).any(axis=1)
    assert 0 < is_soft.sum() < len(rows)
    labels = labels_as_learnt(dataset, rows, config)
    learnt = np.stack([targets for _, targets in given])
    assert learnt.shape == (len(rows), 1, CLASSES)
    np.testing.assert_allclose(learnt[~is_soft, 0], labels[~is_soft], atol=ROUNDING)
    mixed = (1 - WEIGHT) * labels + WEIGHT * soft[rows]
    np.testing.assert_allclose(learnt[is_soft, 0], mixed[is_soft], atol=ROUNDING)


@pytest.mark.parametrize("loss", LOSSES)
def test_fit_gives_each_output_its_own_truth(
    voted: Dataset, config: FitConfig, tmp_path: Path, loss: str
) -> None:
    config = replace(config, loss=loss, raw_share=0.0)
    given = first_steps(voted, tmp_path / "run", steps=2, config=config)
    rows = rows_of_chips(voted, given)
    crowd, label = np.stack([targets for _, targets in given]).transpose(1, 0, 2)
    # Votes are spread already, and are not smoothed; rows with too few have none.
    shares = vote_shares(label_votes(voted)[rows])
    assert 0 < (shares.sum(axis=1) == 0).sum() < len(rows)
    np.testing.assert_allclose(crowd, shares, atol=ROUNDING)
    np.testing.assert_allclose(label, labels_as_learnt(voted, rows, config), atol=ROUNDING)


def test_a_teacher_of_both_outputs_teaches_each_its_own(
    voted: Dataset, distilled_config: FitConfig, tmp_path: Path
) -> None:
    rows = training_rows(voted)
    soft = dict(zip(OUTPUTS, np.split(random_probabilities(2 * len(rows)), 2), strict=True))
    path = tmp_path / "teacher.npz"
    write_soft_labels(path, voted, rows=rows, probabilities=soft, origin="dice", ferplus=True)
    config = replace(distilled_config, raw_share=0.0)
    given = first_steps(voted, tmp_path / "run", steps=2, config=config, teacher=path)
    seen = rows_of_chips(voted, given)
    places = [int(np.flatnonzero(rows == row)[0]) for row in seen]
    crowd, label = np.stack([targets for _, targets in given]).transpose(1, 0, 2)
    labels = labels_as_learnt(voted, seen, config)
    np.testing.assert_allclose(
        label, (1 - WEIGHT) * labels + WEIGHT * soft[LABEL][places], atol=ROUNDING
    )
    shares = vote_shares(label_votes(voted)[seen])
    alone = ~shares.any(axis=1, keepdims=True)
    said = soft[CROWD][places]
    mixed = np.where(alone, said, (1 - WEIGHT) * shares + WEIGHT * said)
    assert 0 < alone.sum() < len(seen)
    np.testing.assert_allclose(crowd, mixed, atol=ROUNDING)


def test_a_teacher_and_its_weight_come_together(
    dataset: Dataset, teacher: Path, config: FitConfig, distilled_config: FitConfig, tmp_path: Path
) -> None:
    with pytest.raises(MienError, match="or neither"):
        fit(dataset, tmp_path / "run", config=config, teacher=teacher)
    with pytest.raises(MienError, match="or neither"):
        fit(dataset, tmp_path / "run", config=distilled_config)
    assert not (tmp_path / "run").exists()


def test_a_run_goes_on_with_its_own_teacher_only(
    dataset: Dataset,
    teacher: Path,
    distilled_config: FitConfig,
    distilled_run: Path,
    tmp_path: Path,
) -> None:
    kept = json.loads((distilled_run / "config.json").read_text(encoding="utf-8"))
    assert kept["teacher"] == read_soft_labels(teacher, dataset).record().to_json()
    fit(dataset, distilled_run, config=distilled_config, teacher=teacher, resume=True)
    other = tmp_path / teacher.name
    write_teacher(other, dataset, training_rows(dataset))
    with pytest.raises(MienError, match="other settings"):
        fit(dataset, distilled_run, config=distilled_config, teacher=other, resume=True)
    untaught = replace(distilled_config, teacher_weight=None)
    with pytest.raises(MienError, match="other settings"):
        fit(dataset, distilled_run, config=untaught, resume=True)
