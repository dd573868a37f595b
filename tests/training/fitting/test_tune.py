"""Going on from a trained network with few pictures."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from preprocessing.bundle.outputs import LABEL
from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from training.__main__ import main
from training.config import FitConfig
from training.data import Examples, row_weights, training_examples
from training.fitting.devices import Devices
from training.fitting.early_stop import BEST_NAME, Watcher, averaged_weights, gives_up
from training.fitting.fit import fit
from training.fitting.last_layer import regress, take_known_labels
from training.fitting.schedule import RunState
from training.metrics import cross_entropy
from training.networks.build import build_network, load_network
from training.presets import PRESETS

CLASSES = 4


@pytest.fixture(scope="module")
def tuning(config: FitConfig) -> FitConfig:
    return replace(
        PRESETS["tune"], width=config.width, sizes=config.sizes, epochs=3, precision="float32"
    )


@pytest.fixture
def clusters() -> tuple[np.ndarray, np.ndarray]:
    """Features of four classes, some of which overlap, and the class of each."""
    generator = np.random.default_rng(0)
    truth = generator.integers(0, CLASSES, 400)
    features = generator.normal(0, 1, (400, 8))
    features[np.arange(400), truth] += 1.5
    return (features - features.mean(axis=0)) / features.std(axis=0), truth


def test_regression_finds_the_least_loss(clusters: tuple[np.ndarray, np.ndarray]) -> None:
    features, truth = clusters
    start = (np.zeros((8, CLASSES)), np.zeros(CLASSES))
    kernel, bias = regress(features, np.eye(CLASSES)[truth], start=start, penalty=1e-3)
    least = cross_entropy(features @ kernel + bias, truth) + 0.5e-3 * (kernel**2).sum()
    assert least < cross_entropy(np.zeros((400, CLASSES)), truth) - 0.4
    generator = np.random.default_rng(1)
    for _ in range(20):
        other = kernel + generator.normal(0, 0.05, kernel.shape)
        around = bias + generator.normal(0, 0.05, bias.shape)
        loss = cross_entropy(features @ other + around, truth) + 0.5e-3 * (other**2).sum()
        assert loss > least


def test_a_penalty_keeps_the_weights_near_their_start(
    clusters: tuple[np.ndarray, np.ndarray],
) -> None:
    features, truth = clusters
    start = (np.random.default_rng(2).normal(0, 1, (8, CLASSES)), np.zeros(CLASSES))
    moved = [
        float(
            np.abs(
                regress(features, np.eye(CLASSES)[truth], start=start, penalty=p)[0] - start[0]
            ).max()
        )
        for p in (1e-4, 1.0, 1e4)
    ]
    assert moved[0] > moved[1] > moved[2]
    assert moved[2] < 1e-2


def test_rows_that_weigh_more_count_for_more(clusters: tuple[np.ndarray, np.ndarray]) -> None:
    features, truth = clusters
    start = (np.zeros((8, CLASSES)), np.zeros(CLASSES))
    twice = np.concatenate([features, features[truth == 0]])
    targets = np.eye(CLASSES)[truth]
    weighted = targets * np.where(truth == 0, 2.0, 1.0)[:, None]
    repeated = np.concatenate([targets, targets[truth == 0]])
    one, _ = regress(features, weighted / weighted.sum() * 400, start=start, penalty=1e-3)
    two, _ = regress(twice, repeated, start=start, penalty=1e-3)
    np.testing.assert_allclose(one, two, atol=1e-2)


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


def test_known_labels_start_with_what_is_known(config: FitConfig) -> None:
    known = build_network(config, classes=3, outputs=(LABEL,))
    kernel, bias = known.get_layer(LABEL).get_weights()
    known.get_layer(LABEL).set_weights([kernel, bias + np.arange(3)])
    network = build_network(config, classes=3, outputs=(LABEL,))
    take_known_labels(
        network, known, labels=("sad", "bored", "happy"), known_labels=("happy", "angry", "sad")
    )
    taken, biases = network.get_layer(LABEL).get_weights()
    np.testing.assert_array_equal(taken[:, 0], kernel[:, 2])
    np.testing.assert_array_equal(taken[:, 1], 0)
    np.testing.assert_array_equal(taken[:, 2], kernel[:, 0])
    assert biases.tolist() == [2, 0, 0]


def test_a_run_that_tunes_trains_all_but_normalisation(
    dataset: Dataset, run: Path, tuning: FitConfig, tmp_path: Path
) -> None:
    once = replace(tuning, epochs=1, patience=None, learning_rate=1e-4)
    network = fit(dataset, tmp_path / "tuned", config=once, start_from=run)
    earlier = load_network(run)
    for layer in earlier.layers:
        pairs = zip(network.get_layer(layer.name).get_weights(), layer.get_weights(), strict=True)
        is_same = all((ours == theirs).all() for ours, theirs in pairs)
        is_norm = isinstance(layer, keras.layers.BatchNormalization)
        assert is_same == (is_norm or not layer.get_weights()), layer.name


def test_a_run_with_patience_keeps_its_best_epoch(
    dataset: Dataset, run: Path, tuning: FitConfig, tmp_path: Path
) -> None:
    network = fit(dataset, tmp_path / "tuned", config=tuning, start_from=run)
    with (tmp_path / "tuned" / "curves.csv").open(encoding="utf-8") as file:
        losses = [float(row["val_label_loss"]) for row in csv.DictReader(file)]
    val = dataset.labelled_in("val")
    logits = _logits(network, dataset.chips[val], tuning)
    # Before the first epoch only the last layer was fitted: that network may be the best.
    assert cross_entropy(logits, dataset.class_indices[val]) <= min(losses) + 1e-3
    again = fit(dataset, tmp_path / "tuned", config=tuning, start_from=run, resume=True)
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
    dataset: Dataset, run: Path, tuning: FitConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = fit(dataset, tmp_path / "whole", config=tuning, start_from=run)
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
    for one, other in zip(whole.get_weights(), halved.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)


def test_a_run_gives_up_when_val_gets_no_better(config: FitConfig) -> None:
    patient = replace(config, patience=2)
    best = RunState(epoch=3, best_loss=0.5, best_epoch=3)
    assert not gives_up(best, patient)
    assert not gives_up(replace(best, epoch=4), patient)
    assert gives_up(replace(best, epoch=5), patient)
    assert not gives_up(replace(best, epoch=50), config)


@pytest.fixture
def watched(tmp_path: Path) -> tuple[keras.Model, Watcher]:
    """A single weight, 1, of which the moving average is 3."""
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    network.layers[-1].set_weights([np.ones((1, 1))])
    network.compile(keras.optimizers.SGD(0.1, use_ema=True), "mse")
    network.optimizer.build(network.trainable_variables)
    network.optimizer._model_variables_moving_average[0].assign(np.full((1, 1), 3.0))
    config = FitConfig(epochs=1, patience=1)
    return network, Watcher(network, network, tmp_path, config=config)


def weight_of(network: keras.Model) -> float:
    return float(network.get_weights()[0][0, 0])


def test_weights_are_averaged_for_a_while_only(watched: tuple[keras.Model, Watcher]) -> None:
    network, _ = watched
    with averaged_weights(network):
        assert weight_of(network) == 3
    assert weight_of(network) == 1


def test_the_best_average_is_what_remains(
    watched: tuple[keras.Model, Watcher], tmp_path: Path
) -> None:
    network, watcher = watched
    seen: list[float] = []

    def judge(loss: float) -> Callable[[int], dict[str, float]]:
        def judged(_: int) -> dict[str, float]:
            seen.append(weight_of(network))
            return {"val_loss": loss}

        return judged

    state = watcher.begin(RunState(), judge(0.9))
    state, _ = watcher.judge(replace(state, epoch=1), judge(0.5))
    network.optimizer._model_variables_moving_average[0].assign(np.full((1, 1), 7.0))
    state, _ = watcher.judge(replace(state, epoch=2), judge(0.8))
    assert seen == [1, 3, 7]
    assert (state.best_loss, state.best_epoch) == (0.5, 1)
    assert [path.name for path in tmp_path.iterdir()] == [BEST_NAME]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"class_weight": 1.5}, "class_weight"),
        ({"class_weight": 0.5, "loss": "mean_squared_error"}, "class_weight"),
        ({"patience": 0}, "patience"),
        ({"patience": 2, "cycles": 3}, "patience"),
    ],
)
def test_settings_of_tuning_that_make_no_sense_are_refused(
    changes: dict[str, object], message: str, config: FitConfig
) -> None:
    with pytest.raises(MienError, match=message):
        replace(config, **changes)


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


@pytest.mark.usefixtures("shipped", "one_precision")
def test_one_command_tunes_and_exports(
    dataset_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "bundle"
    command = ["fit", str(dataset_folder), str(tmp_path / "tuned"), "--preset", "tune"]
    command += ["--epochs", "2"]
    assert main([*command, "--export", str(bundle)]) == 0
    assert f"mien serve --bundle {bundle}" in capsys.readouterr().out
    assert (bundle / "spec.json").is_file()
    assert main([*command, "--export", str(bundle)]) == 1
    assert "is not empty" in capsys.readouterr().err
    assert main([*command, "--export", str(bundle), "--resume"]) == 0
