"""Going on from a trained network with few pictures."""

import csv
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from preprocessing.bundle.outputs import LABEL
from preprocessing.bundle.spec import SPEC_NAME, read_spec
from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from training.__main__ import main
from training.config import FitConfig
from training.data import Examples, row_weights, training_examples
from training.fitting.devices import Devices
from training.fitting.fit import fit
from training.metrics import cross_entropy
from training.networks.build import load_network, read_settings
from training.presets import PRESETS


@pytest.fixture(scope="module")
def tuning() -> FitConfig:
    return replace(PRESETS["tune"], epochs=3)


@pytest.fixture(scope="module")
def tuned(
    dataset: Dataset, run: Path, tuning: FitConfig, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, keras.Model]:
    """A finished run that went on from another, and its network."""
    folder = tmp_path_factory.mktemp("tuned") / "run"
    return folder, fit(dataset, folder, config=tuning, start_from=run)


@pytest.mark.parametrize(
    ("exponent", "weights"), [(0.0, (1, 1, 1, 1)), (1.0, (1, 1, 1, 1)), (0.5, None)]
)
def test_rare_labels_count_for_more(
    exponent: float, weights: tuple[int, ...] | None, dataset: Dataset
) -> None:
    examples = training_examples(dataset)
    kept = np.flatnonzero((examples.class_indices > 0) | (np.arange(len(examples.chips)) < 1))
    rare = replace(
        examples, **{name: getattr(examples, name)[kept] for name in Examples.__dataclass_fields__}
    )
    found = row_weights(rare, classes=6, exponent=exponent)
    assert found.mean() == pytest.approx(1)
    totals = np.bincount(rare.class_indices, weights=found, minlength=6)
    if exponent == 1:
        assert totals == pytest.approx(totals[0])
    elif weights is not None:
        np.testing.assert_array_equal(found, 1)
    else:
        assert found[0] > found[-1] > 0
        assert totals[0] < totals[-1]


def test_a_run_that_tunes_trains_all_but_normalisation(
    dataset: Dataset, run: Path, tuning: FitConfig, tmp_path: Path
) -> None:
    once = replace(tuning, epochs=1, patience=None, learning_rate=1e-4)
    network = fit(dataset, tmp_path / "tuned", config=once, start_from=run)
    earlier, before, after = (
        load_network(run),
        read_settings(run),
        read_settings(tmp_path / "tuned"),
    )
    assert (after.fit.width, after.fit.sizes) == (before.fit.width, before.fit.sizes)
    assert after.fit.width != once.width
    for layer in earlier.layers:
        pairs = zip(network.get_layer(layer.name).get_weights(), layer.get_weights(), strict=True)
        is_same = all((ours == theirs).all() for ours, theirs in pairs)
        is_norm = isinstance(layer, keras.layers.BatchNormalization)
        assert is_same == (is_norm or not layer.get_weights()), layer.name


def test_a_run_with_patience_keeps_its_best_epoch(
    dataset: Dataset, run: Path, tuning: FitConfig, tuned: tuple[Path, keras.Model]
) -> None:
    folder, network = tuned
    with (folder / "curves.csv").open(encoding="utf-8") as file:
        losses = [float(row["val_label_loss"]) for row in csv.DictReader(file)]
    val = dataset.labelled_in("val")
    logits = _logits(network, dataset.chips[val], read_settings(folder).fit)
    # Before the first epoch only the last layer was fitted: that network may be the best.
    assert cross_entropy(logits, dataset.class_indices[val]) <= min(losses) + 1e-3
    again = fit(dataset, folder, config=tuning, start_from=run, resume=True)
    for one, other in zip(again.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def _logits(network: keras.Model, chips: np.ndarray, config: FitConfig) -> np.ndarray:
    from training.fitting.training_model import build_training_model

    training_model = build_training_model(config, classes=6, outputs=(LABEL,), side_px=48)
    inside = training_model.get_layer(config.model)
    inside.set_weights(network.get_weights())
    logits: np.ndarray = training_model.predict(chips, verbose=0)[:, 0]
    return logits


def test_a_run_that_was_interrupted_keeps_its_best_and_its_patience(
    dataset: Dataset,
    run: Path,
    tuning: FitConfig,
    tuned: tuple[Path, keras.Model],
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from training.fitting import fit as module

    train_epoch = module.train_epoch
    epochs = 0

    def interrupt(*arguments: object) -> object:
        nonlocal epochs
        epochs += 1
        if epochs == 2:
            raise KeyboardInterrupt
        return train_epoch(*arguments)

    monkeypatch.setattr(module, "train_epoch", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fit(dataset, tmp_path / "halved", config=tuning, start_from=run)
    monkeypatch.setattr(module, "train_epoch", train_epoch)
    halved = fit(dataset, tmp_path / "halved", config=tuning, start_from=run, resume=True)
    for one, other in zip(tuned[1].get_weights(), halved.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)


def test_tuning_needs_a_network_and_one_device(
    dataset: Dataset, tuning: FitConfig, tmp_path: Path
) -> None:
    with pytest.raises(MienError, match="--start-from"):
        fit(dataset, tmp_path / "run", config=tuning)
    two = Devices()
    two.count = 2
    with pytest.raises(MienError, match="one device"):
        two.check(tuning, rows=64)


@pytest.fixture
def shipped(run: Path, tuning: FitConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a run of the tests be what ships, and one epoch of tuning enough."""
    monkeypatch.setitem(PRESETS, "tune", replace(tuning, epochs=1))
    monkeypatch.setattr("training.cli.fit.SHIPPED_BUNDLE", run)


def test_a_bundle_that_cannot_be_written_is_told_of_before_the_training(
    dataset_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    command = ["fit", str(dataset_folder), str(tmp_path / "run"), "--preset", "smoke", "--export"]
    assert main([*command, str(tmp_path / "mine"), "--resume"]) == 1
    assert "is no bundle and is left alone" in capsys.readouterr().err
    assert main([*command, str(tmp_path / "file" / "bundle")]) == 1
    assert f"{tmp_path / 'file' / 'bundle'}: " in capsys.readouterr().err
    for again in ([], ["--resume"]):
        assert main([*command, str(tmp_path / "file" / ".." / "run"), *again]) == 1
        assert "would hold the run" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("shipped", "one_precision")
def test_one_command_tunes_and_exports(
    dataset_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / SPEC_NAME).write_text("an earlier one", encoding="utf-8")
    command = ["fit", str(dataset_folder), str(tmp_path / "tuned"), "--preset", "tune"]
    command += ["--export", str(bundle)]
    assert main(command) == 1
    assert "is not empty" in capsys.readouterr().err
    assert main([*command, "--resume"]) == 0
    assert f"mien serve --bundle {bundle}" in capsys.readouterr().out
    assert read_spec(bundle).name == f"mien-{PRESETS['tune'].model}"
