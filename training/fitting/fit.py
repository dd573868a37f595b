"""Train a network: one loop, a schedule that always ends, a checkpoint every epoch."""

import json
import math
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from preprocessing.bundle.outputs import CROWD, LABEL, OUTPUTS
from preprocessing.dataset.manifest import write_whole
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
from training.fitting.augment import Augment
from training.fitting.curves import Curves
from training.fitting.devices import ONE_DEVICE, Devices
from training.fitting.early_stop import Watcher, gives_up
from training.fitting.last_layer import fit_last_layers, freeze_normalisation, take_known_labels
from training.fitting.schedule import RunState, cycle_at, learning_rate_at, progress, size_at
from training.fitting.training_model import build_training_model, set_size
from training.metrics import accuracy, cross_entropy
from training.networks.build import (
    CONFIG_NAME,
    NETWORK_NAME,
    SAME_CHIPS,
    STATE_NAME,
    check_same_recipe,
    damage_named,
    load_network,
    read_network,
    read_settings,
)
from training.networks.outputs import outputs_of
from training.soft_labels import SoftLabels, mix_targets, read_soft_labels

# Batches from which the statistics of the normalisation layers are taken after averaging.
RECALIBRATION_BATCHES = 100
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
    earlier = _read_earlier(start_from, config, dataset)
    settings = _settings(config, dataset, earlier, taught)
    state = _open_run(run, settings, resume=resume)
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
        _take_earlier(network, start_from, earlier, settings)
        if config.tunes:
            fit_last_layers(network, augment, train=train, targets=targets, val=val)
    if config.tunes:
        freeze_normalisation(network)
    if devices.is_main:
        _write_settings(settings, run)
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
            state = _save_checkpoint(training_model, run, state, devices)
    set_size(training_model, config.sizes[-1][1])
    watcher.finish()
    if not config.tunes:
        _recalibrate(network, augment, train, config)
    _save_network(network, run, devices)
    return network


def _read_earlier(
    start_from: Path | None, config: FitConfig, dataset: Dataset
) -> dict[str, Any] | None:
    """Return the settings of a network to start from, once it is known to fit."""
    if start_from is None:
        if config.tunes:
            raise MienError(
                "A run that tunes goes on from a trained network. Name one with --start-from."
            )
        return None
    earlier = read_settings(start_from)
    earlier_model = FitConfig(**earlier["fit"]).model
    if earlier_model != config.model:
        raise MienError(
            f"{start_from} holds a network {earlier_model!r}, this run is of {config.model!r}. "
            "Start from a run of the same network."
        )
    check_same_recipe(earlier["dataset"], dataset.manifest.recipe, fields=SAME_CHIPS)
    return earlier


def _settings(
    config: FitConfig,
    dataset: Dataset,
    earlier: dict[str, Any] | None,
    taught: SoftLabels | None,
) -> dict[str, Any]:
    """Return what decides a run, as JSON keeps it; `earlier` is of what it starts from."""
    settings: dict[str, Any] = {
        "fit": asdict(config),
        "dataset": asdict(dataset.manifest.recipe),
    }
    if (taught is None) != (config.teacher_weight is None):
        raise MienError(
            "Give a teacher and its weight, or neither. Received: "
            f"teacher={taught and taught.name}, teacher_weight={config.teacher_weight}"
        )
    if taught is not None:
        settings["teacher"] = taught.record()
        settings["ferplus"] = taught.ferplus
    if earlier is not None:
        settings["start_from"] = {
            "fit": earlier["fit"],
            "source": earlier["dataset"]["source"],
            "minutes": earlier["training_minutes"],
        }
        for name in ("start_from", "teacher"):
            if earlier.get(name):
                settings["start_from"][name] = earlier[name]
        if earlier.get("ferplus"):
            settings["ferplus"] = True
    if CROWD in outputs_for(dataset):
        settings["ferplus"] = True
    as_read: dict[str, Any] = json.loads(json.dumps(settings))
    return as_read


def _open_run(run: Path, settings: dict[str, Any], *, resume: bool) -> RunState:
    config_path, state_path = run / CONFIG_NAME, run / STATE_NAME
    if not config_path.exists():
        return RunState()
    if not resume:
        raise MienError(f"{run} holds a run already. Go on with it by --resume, or choose another.")
    started = json.loads(config_path.read_text(encoding="utf-8"))
    # A setting that is younger than the run has its default there.
    started["fit"] = {each.name: each.default for each in fields(FitConfig)} | started["fit"]
    if json.loads(json.dumps(started)) != settings:
        raise MienError(
            f"{run} was started with other settings or another dataset; compare {config_path}. "
            "Resume it with the same, or choose another folder."
        )
    if not state_path.exists():
        return RunState()
    return RunState(**json.loads(state_path.read_text(encoding="utf-8")))


def _write_settings(settings: dict[str, Any], run: Path) -> None:
    run.mkdir(parents=True, exist_ok=True)
    write_whole(run / CONFIG_NAME, json.dumps(settings, indent=2) + "\n")


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


def _take_earlier(
    network: keras.Model, start_from: Path, earlier: dict[str, Any], settings: dict[str, Any]
) -> None:
    """Start with the weights of an earlier network."""
    known = load_network(start_from)
    labels, known_labels = (each["dataset"]["labels"] for each in (settings, earlier))
    _take_weights(network, known, has_same_labels=labels == known_labels)
    if settings["fit"]["tunes"]:
        take_known_labels(network, known, labels=labels, known_labels=known_labels)


def _take_weights(network: keras.Model, earlier: keras.Model, *, has_same_labels: bool) -> None:
    """Copy the weights of all layers that both have; not the last if that is for other labels."""
    for source in earlier.layers:
        if source.name in OUTPUTS and not (has_same_labels and source.name in outputs_of(network)):
            continue
        target, weights = network.get_layer(source.name), source.get_weights()
        if [each.shape for each in weights] != [each.shape for each in target.get_weights()]:
            raise MienError(
                "The network to start from has another width, or takes chips of another side: its "
                f"layer {source.name!r} does not fit. Start from one of the same shape."
            )
        target.set_weights(weights)


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


def _save_checkpoint(
    training_model: keras.Model, run: Path, state: RunState, devices: Devices
) -> RunState:
    """Save weights and optimizer; the state file names the checkpoint and is written last."""
    before = state.checkpoint
    state = replace(state, checkpoint=f"checkpoint-{state.epoch:04d}.keras")
    devices.save(training_model, run / state.checkpoint)
    write_whole(run / STATE_NAME, json.dumps(asdict(state), indent=2) + "\n")
    if before:
        (run / before).unlink(missing_ok=True)
    return state


def _save_network(network: keras.Model, run: Path, devices: Devices) -> None:
    """Save the finished network: its presence says that the run is over."""
    unfinished = run / f"partial-{NETWORK_NAME}"
    devices.save(network, unfinished)
    if devices.is_main:
        unfinished.replace(run / NETWORK_NAME)


def _recalibrate(
    network: keras.Model, augment: Augment, train: Examples, config: FitConfig
) -> None:
    """Take the normalisation statistics anew: those of the last steps fit other weights."""
    generator = np.random.default_rng(config.seed)
    for _ in range(RECALIBRATION_BATCHES):
        rows = generator.choice(len(train.chips), config.batch_size)
        network(augment(train.chips[rows], training=False), training=True)
