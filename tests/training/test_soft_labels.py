import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from preprocessing.bundle.outputs import CROWD, LABEL, OUTPUTS
from preprocessing.bundle.spec import CARD_NAME, read_spec
from preprocessing.dataset.labels import FERPLUS_LABELS, DisgustPolicy
from preprocessing.dataset.read import Dataset
from preprocessing.errors import DatasetError, MienError
from training.config import LOSSES, FitConfig
from training.data import training_rows
from training.evaluation.predict import answers_of
from training.export.bundle import ExportOptions, export
from training.fitting.fit import fit
from training.soft_labels import mix_targets, read_soft_labels, write_soft_labels
from training.votes import label_votes, vote_shares

CLASSES = 6
WEIGHT = 0.3
# Float32 sums in another order.
ROUNDING = 1e-6


def random_probabilities(rows: int) -> np.ndarray:
    return np.random.default_rng(0).dirichlet(np.ones(CLASSES), rows).astype(np.float32)


@pytest.fixture(scope="module")
def taught_rows(dataset: Dataset) -> np.ndarray:
    """Every other training row."""
    return training_rows(dataset)[::2]


@pytest.fixture(scope="module")
def teacher(dataset: Dataset, taught_rows: np.ndarray, tmp_path_factory: pytest.TempPathFactory):
    """A teacher that says anything, of every other row; as if FER+ had gone into it."""
    path = tmp_path_factory.mktemp("teacher") / "teacher.npz"
    probabilities = random_probabilities(len(taught_rows))
    write_soft_labels(
        path,
        dataset,
        rows=taught_rows,
        probabilities={LABEL: probabilities},
        origin="dice",
        ferplus=True,
    )
    return path


@pytest.fixture(scope="module")
def taught_config(config: FitConfig) -> FitConfig:
    return replace(config, teacher_weight=WEIGHT)


class EnoughSeenError(Exception):
    """Stops a run."""


def first_steps(
    dataset: Dataset, run: Path, *, steps: int, **options: Any
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return chips and targets, row by row, of the first steps that `fit` would have taken."""
    given: list[tuple[np.ndarray, np.ndarray]] = []

    def watch(_: keras.Model, chips: np.ndarray, targets: np.ndarray) -> float:
        given.extend(zip(chips, targets, strict=True))
        if len(given) == steps * len(chips):
            raise EnoughSeenError
        return 1.0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "train_on_batch", watch)
        with pytest.raises(EnoughSeenError):
            fit(dataset, run, **options)
    return given


def finish(run: Path, *, like: Path) -> None:
    """Give a run that has begun the end of another."""
    for name in ("network.keras", "state.json"):
        shutil.copy(like / name, run / name)


@pytest.fixture(scope="module")
def taught_run(
    dataset: Dataset,
    teacher: Path,
    taught_config: FitConfig,
    run: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    folder = tmp_path_factory.mktemp("taught") / "run"
    first_steps(dataset, folder, steps=1, config=taught_config, teacher=teacher)
    finish(folder, like=run)
    return folder


def test_what_is_written_is_read(dataset: Dataset, teacher: Path, taught_rows: np.ndarray) -> None:
    read = read_soft_labels(teacher, dataset)
    assert list(read.probabilities) == [LABEL]
    probabilities = read.probabilities[LABEL]
    np.testing.assert_array_equal(
        probabilities[taught_rows], random_probabilities(len(taught_rows))
    )
    assert np.isnan(np.delete(probabilities, taught_rows, axis=0)).all()
    assert read.record().to_json() == {
        "name": "teacher.npz",
        "sha256": hashlib.sha256(teacher.read_bytes()).hexdigest(),
        "origin": "dice",
        "ferplus": True,
    }


@pytest.mark.parametrize(
    "changes", [{"source_sha256": "0" * 64}, {"disgust": "keep"}, {"labels": ("happy", "sad")}]
)
def test_a_file_for_another_dataset_is_refused(
    dataset: Dataset, teacher: Path, changes: dict[str, object]
) -> None:
    recipe = replace(dataset.manifest.recipe, **changes)
    other = replace(dataset, manifest=replace(dataset.manifest, recipe=recipe))
    with pytest.raises(DatasetError, match=f"another dataset: {next(iter(changes))} differ"):
        read_soft_labels(teacher, other)


def test_what_is_no_file_of_soft_labels_is_named(dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "targets.npz"
    with pytest.raises(DatasetError, match="No such file"):
        read_soft_labels(path, dataset)
    path.write_bytes(b"")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_soft_labels(path, dataset)
    path.write_text("probabilities", encoding="utf-8")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_soft_labels(path, dataset)
    with path.open("wb") as file:
        np.save(file, np.ones(3))
    with pytest.raises(DatasetError, match="cannot be read"):
        read_soft_labels(path, dataset)
    with path.open("wb") as file:
        np.savez(file, about=np.array({"recipe": {}}, dtype=object))
    with pytest.raises(DatasetError, match="allow_pickle"):
        read_soft_labels(path, dataset)
    # As an earlier version wrote them, for a network of one output without a name.
    with path.open("wb") as file:
        np.savez(file, about=np.array("{}"), probabilities=np.ones((1, CLASSES)))
    with pytest.raises(DatasetError, match="none of crowd, label"):
        read_soft_labels(path, dataset)


def test_each_output_is_written_and_read_for_itself(dataset: Dataset, tmp_path: Path) -> None:
    path, rows = tmp_path / "targets.npz", training_rows(dataset)[:2]
    label, crowd = np.split(random_probabilities(4), 2)
    probabilities = {LABEL: label, CROWD: crowd}
    write_soft_labels(
        path, dataset, rows=rows, probabilities=probabilities, origin="", ferplus=False
    )
    read = read_soft_labels(path, dataset).probabilities
    assert list(read) == [CROWD, LABEL]
    for output, expected in probabilities.items():
        np.testing.assert_array_equal(read[output][rows], expected)


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize(
    "row",
    [
        [0.5, 0, 0, 0, 0, 0],
        [1.5, -0.5, 0, 0, 0, 0],
        [1, np.nan, 0, 0, 0, 0],
        [np.inf, 0, 0, 0, 0, 0],
    ],
)
def test_rows_that_are_no_probabilities_are_refused(
    dataset: Dataset, tmp_path: Path, row: list[float], output: str
) -> None:
    path = tmp_path / "targets.npz"
    rows = training_rows(dataset)[:1]
    write_soft_labels(
        path,
        dataset,
        rows=rows,
        probabilities={LABEL: random_probabilities(1), output: np.array([row])},
        origin="",
        ferplus=False,
    )
    with pytest.raises(DatasetError, match="no probabilities"):
        read_soft_labels(path, dataset)


def test_a_file_of_other_shape_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "targets.npz"
    rows = training_rows(dataset)[:1]
    write_soft_labels(
        path, dataset, rows=rows, probabilities={LABEL: np.ones((1, 1))}, origin="", ferplus=False
    )
    with pytest.raises(DatasetError, match="shape"):
        read_soft_labels(path, dataset)


def test_a_teacher_has_its_share_of_each_row_that_it_knows() -> None:
    targets = random_probabilities(5)
    # No votes: the teacher has all of such a row, and where it says nothing the row stays empty.
    targets[3:] = 0
    taught = np.roll(random_probabilities(5), 1, axis=1)
    taught[[1, 4]] = np.nan
    mixed = mix_targets(targets, taught, weight=WEIGHT)
    assert mixed.dtype == np.float32
    both = (1 - WEIGHT) * targets + WEIGHT * taught
    for row, expected in ((0, both[0]), (1, targets[1]), (2, both[2]), (3, taught[3]), (4, 0)):
        np.testing.assert_allclose(mixed[row], expected, atol=ROUNDING)


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
    dataset: Dataset, teacher: Path, taught_config: FitConfig, tmp_path: Path, loss: str
) -> None:
    config = replace(taught_config, loss=loss, raw_share=0.0)
    given = first_steps(dataset, tmp_path / "run", steps=2, config=config, teacher=teacher)
    taught = read_soft_labels(teacher, dataset).probabilities[LABEL]
    rows = rows_of_chips(dataset, given)
    assert len(set(rows)) == 2 * config.batch_size
    is_taught = ~np.isnan(taught[rows]).any(axis=1)
    assert 0 < is_taught.sum() < len(rows)
    labels = labels_as_learnt(dataset, rows, config)
    learnt = np.stack([targets for _, targets in given])
    assert learnt.shape == (len(rows), 1, CLASSES)
    np.testing.assert_allclose(learnt[~is_taught, 0], labels[~is_taught], atol=ROUNDING)
    mixed = (1 - WEIGHT) * labels + WEIGHT * taught[rows]
    np.testing.assert_allclose(learnt[is_taught, 0], mixed[is_taught], atol=ROUNDING)


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
    voted: Dataset, taught_config: FitConfig, tmp_path: Path
) -> None:
    rows = training_rows(voted)
    taught = dict(zip(OUTPUTS, np.split(random_probabilities(2 * len(rows)), 2), strict=True))
    path = tmp_path / "teacher.npz"
    write_soft_labels(path, voted, rows=rows, probabilities=taught, origin="dice", ferplus=True)
    config = replace(taught_config, raw_share=0.0)
    given = first_steps(voted, tmp_path / "run", steps=2, config=config, teacher=path)
    seen = rows_of_chips(voted, given)
    places = [int(np.flatnonzero(rows == row)[0]) for row in seen]
    crowd, label = np.stack([targets for _, targets in given]).transpose(1, 0, 2)
    labels = labels_as_learnt(voted, seen, config)
    np.testing.assert_allclose(
        label, (1 - WEIGHT) * labels + WEIGHT * taught[LABEL][places], atol=ROUNDING
    )
    shares = vote_shares(label_votes(voted)[seen])
    alone = ~shares.any(axis=1, keepdims=True)
    said = taught[CROWD][places]
    mixed = np.where(alone, said, (1 - WEIGHT) * shares + WEIGHT * said)
    assert 0 < alone.sum() < len(seen)
    np.testing.assert_allclose(crowd, mixed, atol=ROUNDING)


def test_a_teacher_and_its_weight_come_together(
    dataset: Dataset, teacher: Path, config: FitConfig, taught_config: FitConfig, tmp_path: Path
) -> None:
    with pytest.raises(MienError, match="or neither"):
        fit(dataset, tmp_path / "run", config=config, teacher=teacher)
    with pytest.raises(MienError, match="or neither"):
        fit(dataset, tmp_path / "run", config=taught_config)
    assert not (tmp_path / "run").exists()


def test_a_run_goes_on_with_its_own_teacher_only(
    dataset: Dataset, teacher: Path, taught_config: FitConfig, taught_run: Path, tmp_path: Path
) -> None:
    kept = json.loads((taught_run / "config.json").read_text(encoding="utf-8"))
    assert kept["teacher"] == read_soft_labels(teacher, dataset).record().to_json()
    fit(dataset, taught_run, config=taught_config, teacher=teacher, resume=True)
    other = tmp_path / teacher.name
    rows = training_rows(dataset)
    probabilities = random_probabilities(len(rows))
    write_soft_labels(
        other,
        dataset,
        rows=rows,
        probabilities={LABEL: probabilities},
        origin="dice",
        ferplus=True,
    )
    with pytest.raises(MienError, match="other settings"):
        fit(dataset, taught_run, config=taught_config, teacher=other, resume=True)
    untaught = replace(taught_config, teacher_weight=None)
    with pytest.raises(MienError, match="other settings"):
        fit(dataset, taught_run, config=untaught, resume=True)


@pytest.mark.slow
@pytest.mark.usefixtures("one_precision")
def test_a_bundle_declares_the_teacher_and_ferplus_of_the_run_it_started_from(
    dataset: Dataset, taught_run: Path, config: FitConfig, run: Path, tmp_path: Path
) -> None:
    next_run, bundle = tmp_path / "run", tmp_path / "bundle"
    first_steps(dataset, next_run, steps=1, config=config, start_from=taught_run)
    finish(next_run, like=run)
    export(next_run, bundle, dataset=dataset, options=ExportOptions("test", precision="float32"))
    provenance = read_spec(bundle).provenance
    assert provenance["teacher"] is None
    assert provenance["start_from"]["teacher"]["origin"] == "dice"
    assert provenance["ferplus"]
    card = (bundle / CARD_NAME).read_text(encoding="utf-8")
    assert "- In a run before, a teacher gave 30% of the target of each row" in card
    assert "- FER+ votes" in card


@pytest.mark.slow
@pytest.mark.usefixtures("one_precision")
def test_a_network_for_the_labels_of_ferplus_starts_from_another_and_declares_them(
    dataset: Dataset, voted: Dataset, config: FitConfig, run: Path, tmp_path: Path
) -> None:
    recipe = replace(voted.manifest.recipe, disgust=DisgustPolicy.KEEP, labels=FERPLUS_LABELS)
    by_ferplus = replace(voted, manifest=replace(voted.manifest, recipe=recipe))
    next_run, bundle = tmp_path / "run", tmp_path / "bundle"
    still = replace(config, epochs=1, learning_rate=1e-9)
    network = fit(by_ferplus, next_run, config=still, start_from=run)
    assert network.output_shape == (None, 2, 8)
    np.testing.assert_allclose(
        network.get_layer("stem_conv").get_weights()[0],
        keras.saving.load_model(run / "network.keras").get_layer("stem_conv").get_weights()[0],
        atol=1e-4,
    )
    options = ExportOptions("test", precision="float32")
    with pytest.raises(MienError, match="--ferplus-labels"):
        export(next_run, bundle, dataset=dataset, options=options)
    export(next_run, bundle, dataset=by_ferplus, options=options)
    spec = read_spec(bundle)
    assert spec.provenance["ferplus"]
    card = (bundle / CARD_NAME).read_text(encoding="utf-8")
    assert "- FER+ votes" in card
    assert "The labels here are those of FER+" in card
    with pytest.raises(MienError, match="differs in labels"):
        answers_of(bundle, spec, dataset=dataset, split="val")


def test_the_card_says_nothing_of_teachers_where_there_was_none(bundle: Path) -> None:
    card = (bundle / CARD_NAME).read_text(encoding="utf-8")
    assert "teacher" not in card
    assert "FER+" not in card
