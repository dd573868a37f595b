"""Evaluate a network on val after each epoch; with patience, keep the best averaged weights."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import keras
from keras import Model

from preprocessing.runtime.files import replacing
from training.config import FitConfig
from training.fitting.schedule import RunState
from training.networks.build import damage_named

BEST_NAME = "best.keras"

Evaluate = Callable[[int], dict[str, float]]
"""Takes the epoch; returns figures on val by the weights as they are, first the deciding loss."""


class Watcher:
    """Watches a run on val."""

    def __init__(
        self, training_model: Model, network: Model, run: Path, *, config: FitConfig
    ) -> None:
        """Take note of what to watch.

        Args:
            training_model: With its optimizer.
            network: The part of it that is kept.
            run: Its folder.
            config: Whether it has patience.
        """
        self._training_model, self._network, self._run = training_model, network, run
        self._has_patience = config.patience is not None

    def begin(self, state: RunState, evaluate: Evaluate) -> RunState:
        """Evaluate the network before a run's first step, which may be its best."""
        if state.checkpoint or not self._has_patience:
            return state
        return self._keep_best(state, evaluate(0))

    def evaluate(self, state: RunState, evaluate: Evaluate) -> tuple[RunState, dict[str, float]]:
        """Evaluate the network after an epoch; return the state, with the best one, and figures."""
        with averaged_weights(self._training_model) if self._has_patience else nullcontext():
            figures = evaluate(state.epoch)
            return (self._keep_best(state, figures) if self._has_patience else state), figures

    def finish(self) -> None:
        """Give the network its last weights: the moving average, or the best of them on val."""
        if self._has_patience:
            with damage_named(self._run / BEST_NAME):
                self._network.load_weights(self._run / BEST_NAME)
        else:
            variables = self._training_model.trainable_variables
            self._training_model.optimizer.finalize_variable_values(variables)

    def _keep_best(self, state: RunState, figures: dict[str, float]) -> RunState:
        val_loss = next(iter(figures.values()))
        if state.best_loss is not None and val_loss >= state.best_loss:
            return state
        with replacing(self._run / BEST_NAME) as unfinished:
            self._network.save(unfinished)
        return replace(state, best_loss=val_loss, best_epoch=state.epoch)


@contextmanager
def averaged_weights(training_model: Model) -> Iterator[None]:
    """Give a training_model the moving average of its weights for a while."""
    variables = training_model.trainable_variables
    kept = [keras.ops.convert_to_numpy(variable) for variable in variables]
    training_model.optimizer.finalize_variable_values(variables)
    try:
        yield
    finally:
        for variable, value in zip(variables, kept, strict=True):
            variable.assign(value)


def gives_up(state: RunState, config: FitConfig) -> bool:
    """Say whether the loss on val has not improved for `patience` epochs."""
    return config.patience is not None and state.epoch - state.best_epoch >= config.patience
