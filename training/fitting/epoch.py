"""One epoch of a run: its steps, its figures on val, and the line that shows them."""

import math
import time
from collections.abc import Iterator
from dataclasses import replace

import keras
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from preprocessing.errors import MienError
from training.config import FitConfig
from training.data import Examples, TrainingBatches, truth_for
from training.fitting.curves import Curves
from training.fitting.devices import Devices
from training.fitting.schedule import RunState, cycle_at, learning_rate_at, progress, size_at
from training.fitting.training_model import set_size
from training.metrics import accuracy, cross_entropy

PREDICT_BATCH = 256


def train_epoch(
    training_model: keras.Model,
    batches: TrainingBatches,
    state: RunState,
    config: FitConfig,
    devices: Devices,
) -> tuple[RunState, float]:
    """Train one epoch, or what is left of the cycle.

    Returns:
        The new state, and the mean loss.

    Raises:
        MienError: The loss is no number.
    """
    cycle = cycle_at(progress(state, config, steps_per_epoch=len(batches)), config)
    batches.epoch = state.epoch
    batches.on_epoch_begin()
    losses: list[float] = []
    for chips, targets, started in _clocked(batches, state.epoch):
        fraction = progress(state, config, steps_per_epoch=len(batches))
        if cycle_at(fraction, config) > cycle:
            break
        set_size(training_model, size_at(fraction, config))
        training_model.optimizer.learning_rate = learning_rate_at(fraction, config)
        losses.append(devices.train_on_batch(training_model, chips, targets))
        if not math.isfinite(losses[-1]):
            raise _come_apart(f"The loss is {losses[-1]}", epoch=state.epoch + 1)
        spent_s = time.monotonic() - started
        state = replace(state, step=state.step + 1, elapsed_s=state.elapsed_s + spent_s)
    return replace(state, epoch=state.epoch + 1), float(np.mean(losses))


def val_figures(
    training_model: keras.Model,
    val: Examples,
    outputs: tuple[str, ...],
    devices: Devices,
    epoch: int,
) -> dict[str, float]:
    """Return the figures of each output on val with the current weights; the answering one first.

    Raises:
        MienError: The logits are no numbers.
    """
    logits = devices.predict(training_model, val.chips, batch_size=PREDICT_BATCH)
    # A step's loss is from before it; what the last step broke shows only here.
    if not np.isfinite(logits).all():
        raise _come_apart("The answers on val are no numbers", epoch=epoch)
    figures = {}
    for place, output in enumerate(outputs):
        said = logits[:, place]
        truth = truth_for(output, val)
        known = truth >= 0
        figures[f"val_{output}_loss"] = cross_entropy(said[known], truth[known])
        figures[f"val_{output}_accuracy"] = accuracy(said[known], truth[known])
    return figures


def record_epoch(
    curves: Curves,
    training_model: keras.Model,
    state: RunState,
    fraction: float,
    figures: dict[str, float],
) -> None:
    """Write an epoch's figures into the curves and onto the screen."""
    values = {
        "minutes": state.elapsed_s / 60,
        "size_px": training_model.get_layer("augment").size_px,
        "learning_rate": float(training_model.optimizer.learning_rate.numpy()),
        **figures,
    }
    curves.add(state.epoch, values)
    tqdm.write(
        f"epoch {state.epoch}, {min(fraction, 1):.0%} of the run: "
        + ", ".join(f"{name} {value:.3f}" for name, value in values.items())
    )


def _come_apart(seen: str, *, epoch: int) -> MienError:
    return MienError(
        f"{seen} in epoch {epoch}: training has come apart. What was saved is from before; "
        "start again with a lower --learning-rate."
    )


def _clocked(
    batches: TrainingBatches, epoch: int
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32], float]]:
    steps = range(len(batches))
    for index in tqdm(steps, desc=f"epoch {epoch + 1}", unit="step", leave=False, disable=None):
        started = time.monotonic()
        yield *batches[index], started
