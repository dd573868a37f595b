"""Train a network: one loop, a schedule that always ends, a checkpoint every epoch."""

import math
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from preprocessing.bundle.outputs import LABEL
from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from training.config import CROSS_ENTROPY, FitConfig
from training.data import (
    Examples,
    TrainingBatches,
    outputs_for,
    row_weights,
    split_examples,
    targets_for,
    training_examples,
    training_rows,
    truth_for,
)
from training.fitting.curves import Curves
from training.fitting.devices import ONE_DEVICE, Devices
from training.fitting.early_stop import Watcher, gives_up
from training.fitting.last_layer import fit_last_layers, freeze_normalisation
from training.fitting.recalibrate import recalibrate
from training.fitting.runs import (
    open_run,
    read_earlier,
    save_checkpoint,
    save_network,
    settings_of,
    take_earlier,
    write_settings,
)
from training.fitting.schedule import RunState, cycle_at, learning_rate_at, progress, size_at
from training.fitting.training_model import build_training_model, set_size
from training.metrics import accuracy, cross_entropy
from training.networks.build import (
    NETWORK_NAME,
    damage_named,
    read_network,
)
from training.soft_labels import SoftLabels, mix_targets, read_soft_labels

PREDICT_BATCH = 256


def fit(
    dataset: Dataset,
    run: Path,
    *,
    config: FitConfig,
    start_from: Path | None = None,
    teacher: Path | None = None,
    resume: bool = False,
    devices: Devices = ONE_DEVICE,
) -> keras.Model:
    """Train a network on the training rows of a dataset.

    Writes into `run`: `config.json`, a checkpoint an epoch, `curves.csv` and TensorBoard's events,
    a snapshot of the network at the end of each of several cycles, and at the end `network.keras`
    with the averaged weights.

    Args:
        dataset: The aligned dataset; its val rows are watched, and never trained on.
        run: A folder that does not exist yet, or one to go on with.
        config: The settings; a resumed run must have been started with the same.
        start_from: A finished run, or a bundle, whose network this one starts with, to train it
            longer or on other pictures. The last layer of an output that it does not have, or has
            for other labels, starts anew; where `config.tunes`, with what it knows of the labels.
        teacher: A file of soft labels for this dataset, mixed in by `config.teacher_weight`.
        resume: Go on from the last checkpoint; a run that is over is returned as it is.
        devices: What `open_devices` gave; a run may go on with another number of them.

    Returns:
        The trained network, from chips (n, height, width, 1) to logits (n, outputs, classes).

    Raises:
        MienError: The folder holds a run and `resume` is false, the settings differ, `start_from`
            is no finished run of a network of the same shape and of chips aligned alike, a file of
            a run is damaged, a run that tunes starts from nothing, the teacher is of another
            dataset or has no weight, the devices cannot share out the batches, or the loss is no
            number any more.
    """
    train, val = training_examples(dataset), split_examples(dataset, "val")
    devices.check(config, rows=len(train.chips))
    taught = None if teacher is None else read_soft_labels(teacher, dataset)
    earlier = read_earlier(start_from, config, dataset)
    settings = settings_of(config, dataset, earlier, taught)
    state = open_run(run, settings, resume=resume)
    devices.agree(state.step)
    keras.utils.set_random_seed(config.seed + state.epoch)
    keras.config.set_dtype_policy(config.precision)
    classes, outputs = len(dataset.manifest.recipe.labels), outputs_for(dataset)
    targets = _targets(train, dataset, config, taught)
    batches = TrainingBatches(
        train,
        targets=targets,
        batch_size=config.batch_size,
        raw_share=config.raw_share,
        seed=config.seed,
    )
    share = progress(state, config, steps_per_epoch=len(batches))
    if (share >= 1 or gives_up(state, config)) and (run / NETWORK_NAME).is_file():
        return read_network(run / NETWORK_NAME)
    training_model = build_training_model(
        config, classes=classes, outputs=outputs, side_px=train.chips.shape[1]
    )
    network, augment = training_model.get_layer(config.model), training_model.get_layer("augment")
    if start_from is not None and earlier is not None and not state.checkpoint:
        take_earlier(network, start_from, earlier, settings)
        if config.tunes:
            fit_last_layers(network, augment, train=train, targets=targets, val=val)
    if config.tunes:
        freeze_normalisation(network)
    if devices.is_main:
        write_settings(settings, run)
    training_model.optimizer.build(training_model.trainable_variables)
    if state.checkpoint:
        # Not the whole model: Keras would forget which weights do not decay.
        with damage_named(run / state.checkpoint):
            devices.load_weights(training_model, run / state.checkpoint)
    devices.prepare(training_model)
    watcher = Watcher(training_model, network, run, config=config)
    judge = partial(_judge, training_model, val, outputs, devices)
    with Curves(run, epochs=state.epoch) if devices.is_main else nullcontext() as curves:
        state = watcher.begin(state, judge)
        while share < 1 and not gives_up(state, config):
            cycle = cycle_at(share, config)
            state, loss = _train_epoch(training_model, batches, state, config, devices)
            share = progress(state, config, steps_per_epoch=len(batches))
            state, figures = watcher.judge(state, judge)
            if cycle_at(share, config) > cycle and config.cycles > 1:
                devices.save(network, run / f"snapshot-{cycle + 1:02d}.keras")
            if curves is None:
                continue
            _record(curves, training_model, state, share, {"train_loss": loss, **figures})
            state = save_checkpoint(training_model, run, state, devices)
    set_size(training_model, config.sizes[-1][1])
    watcher.finish()
    if not config.tunes:
        recalibrate(network, augment, train.chips, seed=config.seed)
    save_network(network, run, devices)
    return network


def _targets(
    train: Examples, dataset: Dataset, config: FitConfig, taught: SoftLabels | None
) -> NDArray[np.float32]:
    """Return what each output is to say of the training rows, (n, outputs, classes)."""
    classes = len(dataset.manifest.recipe.labels)
    smoothing = np.float32(config.label_smoothing if config.loss == CROSS_ENTROPY else 0)
    targets = {
        output: targets_for(output, train, classes=classes) for output in outputs_for(dataset)
    }
    # Szegedy et al. 2015, arXiv:1512.00567. Votes are spread already.
    targets[LABEL] = targets[LABEL] * (1 - smoothing) + smoothing / classes
    weight = config.teacher_weight
    if taught is not None and weight is not None:
        rows = training_rows(dataset)
        for output in targets.keys() & taught.probabilities.keys():
            probabilities = taught.probabilities[output]
            targets[output] = mix_targets(targets[output], probabilities[rows], weight=weight)
    weights = row_weights(train, classes=classes, exponent=config.class_weight)
    return np.stack(list(targets.values()), axis=1) * weights[:, None, None]


def _judge(
    training_model: keras.Model,
    val: Examples,
    outputs: tuple[str, ...],
    devices: Devices,
    epoch: int,
) -> dict[str, float]:
    """Return how each output does on val, by the weights as they are, the one that answers first.

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


def _train_epoch(
    training_model: keras.Model,
    batches: TrainingBatches,
    state: RunState,
    config: FitConfig,
    devices: Devices,
) -> tuple[RunState, float]:
    """Train one epoch, or what is left of the cycle; return the new state and the mean loss."""
    cycle = cycle_at(progress(state, config, steps_per_epoch=len(batches)), config)
    batches.epoch = state.epoch
    batches.on_epoch_begin()
    losses: list[float] = []
    for chips, targets, started in _clocked(batches, state.epoch):
        share = progress(state, config, steps_per_epoch=len(batches))
        if cycle_at(share, config) > cycle:
            break
        set_size(training_model, size_at(share, config))
        training_model.optimizer.learning_rate = learning_rate_at(share, config)
        losses.append(devices.train_on_batch(training_model, chips, targets))
        if not math.isfinite(losses[-1]):
            raise _come_apart(f"The loss is {losses[-1]}", epoch=state.epoch + 1)
        spent_s = time.monotonic() - started
        state = replace(state, step=state.step + 1, elapsed_s=state.elapsed_s + spent_s)
    return replace(state, epoch=state.epoch + 1), float(np.mean(losses))


def _record(
    curves: Curves,
    training_model: keras.Model,
    state: RunState,
    share: float,
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
        f"epoch {state.epoch}, {min(share, 1):.0%} of the run: "
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
