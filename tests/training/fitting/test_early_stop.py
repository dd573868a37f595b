"""A run gives up when val gets no better, and keeps its best weights."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from training.config import FitConfig
from training.fitting.early_stop import BEST_NAME, Watcher, averaged_weights, gives_up
from training.fitting.schedule import RunState


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

    def evaluate(loss: float) -> Callable[[int], dict[str, float]]:
        def figures(_: int) -> dict[str, float]:
            seen.append(weight_of(network))
            return {"val_loss": loss}

        return figures

    state = watcher.begin(RunState(), evaluate(0.9))
    state, _ = watcher.evaluate(replace(state, epoch=1), evaluate(0.5))
    network.optimizer._model_variables_moving_average[0].assign(np.full((1, 1), 7.0))
    state, _ = watcher.evaluate(replace(state, epoch=2), evaluate(0.8))
    assert seen == [1, 3, 7]
    assert (state.best_loss, state.best_epoch) == (0.5, 1)
    assert [path.name for path in tmp_path.iterdir()] == [BEST_NAME]
