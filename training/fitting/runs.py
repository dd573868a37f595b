"""What lies in a run's folder, and what a run starts from."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import keras

from preprocessing.bundle.outputs import CROWD, OUTPUTS
from preprocessing.bundle.spec import SPEC_NAME
from preprocessing.dataset.manifest import MANIFEST_NAME
from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from preprocessing.runtime.files import replacing, write_whole
from training.config import DLIB, FitConfig
from training.data import outputs_for
from training.fitting.devices import Devices
from training.fitting.last_layer import take_known_labels
from training.fitting.schedule import RunState
from training.networks.build import (
    CONFIG_NAME,
    NETWORK_NAME,
    SAME_CHIPS,
    STATE_NAME,
    check_same_recipe,
    damage_named,
    load_network,
    read_settings,
)
from training.networks.outputs import outputs_of
from training.records import RunSettings, TrainedNetwork, parse_record
from training.soft_labels import SoftLabels


def read_earlier(
    start_from: Path | None, config: FitConfig, dataset: Dataset
) -> TrainedNetwork | None:
    """Return what decided a network to start from, once it is known to fit."""
    if start_from is None:
        if config.tunes:
            raise MienError(
                "A run that tunes goes on from a trained network. Name one with --start-from."
            )
        return None
    if config.initial_weights == DLIB:
        raise MienError(
            "A run begins with dlib's weights or with those of another run, not with both. Leave "
            "out --start-from, or take the preset face-longer."
        )
    earlier = read_settings(start_from)
    if earlier.fit.model != config.model:
        raise MienError(
            f"{start_from} holds a network {earlier.fit.model!r}, this run is of "
            f"{config.model!r}. Start from a run of the same network."
        )
    check_same_recipe(earlier.dataset, dataset.manifest.recipe, fields=SAME_CHIPS)
    return earlier


def in_the_shape_of(earlier: FitConfig, config: FitConfig) -> FitConfig:
    """Return the settings of a run for a network as an earlier one has it, of whatever shape."""
    return replace(
        config,
        width=earlier.width,
        stem_stride=earlier.stem_stride,
        stem_pool=earlier.stem_pool,
        sizes=((0.0, earlier.sizes[-1][1]),),
    )


def settings_of(
    config: FitConfig,
    dataset: Dataset,
    earlier: TrainedNetwork | None,
    soft_labels: SoftLabels | None,
    other: Dataset | None,
) -> RunSettings:
    """Return what decides a run; `earlier` is of what it starts from."""
    if (soft_labels is None) != (config.teacher_weight is None):
        raise MienError(
            "Give a teacher and its weight, or neither. Received: "
            f"teacher={soft_labels and soft_labels.name}, teacher_weight={config.teacher_weight}"
        )
    if (other is None) != (config.other_share is None):
        raise MienError(
            "Give a dataset by other landmarks and the share of its chips, or neither. Received: "
            f"other_share={config.other_share}"
        )
    return RunSettings(
        fit=config,
        dataset=dataset.manifest.recipe,
        start_from=None if earlier is None else earlier.as_earlier(),
        other_landmarks=None if other is None else other.manifest.recipe,
        teacher=None if soft_labels is None else soft_labels.record(),
        ferplus=(soft_labels is not None and soft_labels.ferplus)
        or (earlier is not None and earlier.ferplus)
        or CROWD in outputs_for(dataset),
    )


def open_run(run: Path, settings: RunSettings, *, resume: bool) -> RunState:
    """Return how far a run has come; a new one has not begun.

    Args:
        run: Its folder.
        settings: What decides it.
        resume: Whether one that is there may be resumed.

    Raises:
        MienError: There is one and `resume` is false, or it was started with other settings, or
            its files are damaged; or the folder holds a dataset or a bundle.
    """
    config_path, state_path = run / CONFIG_NAME, run / STATE_NAME
    if not config_path.exists():
        if (run / MANIFEST_NAME).exists() or (run / SPEC_NAME).exists():
            raise MienError(
                f"{run} holds a dataset or a bundle. Choose another folder for the run."
            )
        return RunState()
    if not resume:
        raise MienError(f"{run} holds a run already. Go on with it by --resume, or choose another.")
    with damage_named(config_path):
        started = parse_record(RunSettings, json.loads(config_path.read_text(encoding="utf-8")))
    if started.to_json() != settings.to_json():
        raise MienError(
            f"{run} was started with other settings or another dataset; compare {config_path}. "
            "Resume it with the same, or choose another folder."
        )
    if not state_path.exists():
        return RunState()
    with damage_named(state_path):
        return RunState(**json.loads(state_path.read_text(encoding="utf-8")))


def write_settings(settings: RunSettings, run: Path) -> None:
    """Keep what decides a run in its folder."""
    run.mkdir(parents=True, exist_ok=True)
    write_whole(run / CONFIG_NAME, json.dumps(settings.to_json(), indent=2) + "\n")


def save_checkpoint(
    training_model: keras.Model, run: Path, state: RunState, devices: Devices
) -> RunState:
    """Save weights and optimizer; the state file names the checkpoint and is written last."""
    before = state.checkpoint
    state = replace(state, checkpoint=f"checkpoint-{state.epoch:04d}.keras")
    with replacing(run / state.checkpoint) as unfinished:
        devices.save(training_model, unfinished)
    write_whole(run / STATE_NAME, json.dumps(asdict(state), indent=2) + "\n")
    if before:
        (run / before).unlink(missing_ok=True)
    return state


def save_network(network: keras.Model, run: Path, devices: Devices) -> None:
    """Save the finished network: its presence says that the run is over."""
    if devices.is_main:
        with replacing(run / NETWORK_NAME) as unfinished:
            devices.save(network, unfinished)


def take_earlier(
    network: keras.Model, start_from: Path, earlier: TrainedNetwork, settings: RunSettings
) -> None:
    """Start with the weights of an earlier network."""
    known = load_network(start_from)
    labels, known_labels = settings.dataset.labels, earlier.dataset.labels
    _take_weights(network, known, has_same_labels=labels == known_labels)
    if settings.fit.tunes:
        take_known_labels(network, known, labels=labels, known_labels=known_labels)


def _take_weights(network: keras.Model, earlier: keras.Model, *, has_same_labels: bool) -> None:
    """Copy the weights of all layers that both have; not the last if that is for other labels."""
    for source in earlier.layers:
        if source.name in OUTPUTS and not (has_same_labels and source.name in outputs_of(network)):
            continue
        target, weights = network.get_layer(source.name), source.get_weights()
        if [each.shape for each in weights] != [each.shape for each in target.get_weights()]:
            raise MienError(
                "The network to start from has another width or another stem, or takes chips of "
                f"another side: its layer {source.name!r} does not fit. Start from one of the "
                "same shape."
            )
        target.set_weights(weights)
