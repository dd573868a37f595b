"""Train a network: one loop, a schedule that always ends, a checkpoint every epoch."""

from contextlib import nullcontext
from functools import partial
from pathlib import Path

import keras

from preprocessing.dataset.read import Dataset
from training.config import DLIB, FitConfig
from training.fitting.curves import Curves
from training.fitting.devices import ONE_DEVICE, Devices
from training.fitting.early_stop import Watcher
from training.fitting.epoch import record_epoch, train_epoch, val_figures
from training.fitting.job import Job, Sources, open_job
from training.fitting.last_layer import fit_last_layers, freeze_normalisation
from training.fitting.recalibrate import recalibrate
from training.fitting.runs import save_checkpoint, save_network, take_earlier, write_settings
from training.fitting.schedule import RunState, cycle_at
from training.fitting.training_model import build_training_model, set_size
from training.networks.build import NETWORK_NAME, damage_named, read_network
from training.networks.dlib_start import take_dlib_weights


def fit(
    dataset: Dataset,
    run: Path,
    *,
    config: FitConfig,
    start_from: Path | None = None,
    teacher: Path | None = None,
    other: Dataset | None = None,
    resume: bool = False,
    devices: Devices = ONE_DEVICE,
) -> keras.Model:
    """Train a network on the training rows of a dataset.

    Writes into `run`: `config.json`, a checkpoint an epoch, `curves.csv`, TensorBoard's events, a
    snapshot at the end of each of several cycles, and last, with averaged weights, `network.keras`.

    Args:
        dataset: The aligned dataset; its val rows are watched, and never trained on.
        run: A folder that does not exist yet, or one to go on with.
        config: The settings; a resumed run must have been started with the same.
        start_from: A finished run, or a bundle, whose network this one starts with, to train it
            longer or on other pictures. The last layer of an output that it does not have, or has
            for other labels, starts from random weights; where `config.tunes`, with what it knows
            of the labels.
        teacher: A file of soft labels for this dataset, mixed in by `config.teacher_weight`.
        other: The same source aligned by other landmarks; `config.other_share` of the chips are
            its.
        resume: Go on from the last checkpoint; a run that is over is returned as it is.
        devices: What `open_devices` gave; a run may go on with another number of them.

    Returns:
        The trained network, from chips (n, height, width, 1) to logits (n, outputs, classes).

    Raises:
        MienError: `run`, `start_from`, `teacher`, `other` or `devices` do not fit what is to be
            trained, a file of theirs is damaged, or the loss is no number any more.
    """
    sources = Sources(dataset, start_from=start_from, teacher=teacher, other=other)
    job, state = open_job(sources, run, config=config, resume=resume, devices=devices)
    keras.utils.set_random_seed(job.config.seed + state.epoch)
    keras.config.set_dtype_policy(job.config.precision)
    if job.is_over(state) and (run / NETWORK_NAME).is_file():
        classes = len(dataset.manifest.recipe.labels)
        return read_network(run / NETWORK_NAME, job.config, classes=classes)
    training_model = _begin(job, state)
    _train(training_model, job, state)
    return _finish(training_model, job)


def _begin(job: Job, state: RunState) -> keras.Model:
    """Build the model as it is before the first step, or as the last checkpoint has it."""
    config = job.config
    training_model = build_training_model(
        config,
        classes=job.targets.shape[2],
        outputs=job.outputs,
        side_px=job.train.chips.shape[1],
    )
    network, augment = training_model.get_layer(config.model), training_model.get_layer("augment")
    if job.start_from is not None and job.earlier is not None and not state.checkpoint:
        take_earlier(network, job.start_from, job.earlier, job.settings)
        if config.tunes:
            fit_last_layers(network, augment, train=job.train, targets=job.targets, val=job.val)
    elif config.initial_weights == DLIB and not state.checkpoint:
        take_dlib_weights(network, job.train.chips)
    if config.tunes:
        freeze_normalisation(network)
    if job.devices.is_main:
        write_settings(job.settings, job.run)
    training_model.optimizer.build(training_model.trainable_variables)
    if state.checkpoint:
        # Not the whole model: Keras would forget which weights do not decay.
        with damage_named(job.run / state.checkpoint):
            job.devices.load_weights(training_model, job.run / state.checkpoint)
    job.devices.prepare(training_model)
    return training_model


def _train(training_model: keras.Model, job: Job, state: RunState) -> None:
    """Train to the end of the run, and give the network its last weights."""
    run, config, devices = job.run, job.config, job.devices
    network = training_model.get_layer(config.model)
    watcher = Watcher(training_model, network, run, config=config)
    evaluate = partial(val_figures, training_model, job.val, job.outputs, devices)
    with Curves(run, epochs=state.epoch) if devices.is_main else nullcontext() as curves:
        state = watcher.begin(state, evaluate)
        while not job.is_over(state):
            cycle = cycle_at(job.progress(state), config)
            state, loss = train_epoch(training_model, job.batches, state, config, devices)
            fraction = job.progress(state)
            state, figures = watcher.evaluate(state, evaluate)
            if cycle_at(fraction, config) > cycle and config.cycles > 1:
                devices.save(network, run / f"snapshot-{cycle + 1:02d}.keras")
            if curves is None:
                continue
            record_epoch(curves, training_model, state, fraction, {"train_loss": loss, **figures})
            state = save_checkpoint(training_model, run, state, devices)
    set_size(training_model, config.sizes[-1][1])
    watcher.finish()


def _finish(training_model: keras.Model, job: Job) -> keras.Model:
    """Bring normalisation up to date with the last weights, and save the network."""
    network = training_model.get_layer(job.config.model)
    if not job.config.tunes:
        augment = training_model.get_layer("augment")
        recalibrate(network, augment, job.train.chips, seed=job.config.seed)
    save_network(network, job.run, job.devices)
    return network
