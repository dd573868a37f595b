"""What lies in a run's folder, and what a run starts from."""

import json
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import keras

from preprocessing.bundle.outputs import CROWD, OUTPUTS
from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from preprocessing.runtime.files import replacing, write_whole
from training.config import FitConfig
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
    load_network,
    read_settings,
)
from training.networks.outputs import outputs_of
from training.soft_labels import SoftLabels


def read_earlier(
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


def settings_of(
    config: FitConfig,
    dataset: Dataset,
    earlier: dict[str, Any] | None,
    taught: SoftLabels | None,
    other: Dataset | None,
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
    if (other is None) != (config.other_share is None):
        raise MienError(
            "Give a dataset by other landmarks and the share of its chips, or neither. Received: "
            f"other_share={config.other_share}"
        )
    if other is not None:
        settings["other_landmarks"] = asdict(other.manifest.recipe)
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


def open_run(run: Path, settings: dict[str, Any], *, resume: bool) -> RunState:
    """Return how far a run has come; a new one has not begun.

    Args:
        run: Its folder.
        settings: What decides it, as `settings_of` returns them.
        resume: Whether one that is there may be gone on with.

    Raises:
        MienError: There is one and `resume` is false, or it was started with other settings.
    """
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


def write_settings(settings: dict[str, Any], run: Path) -> None:
    """Keep what decides a run in its folder."""
    run.mkdir(parents=True, exist_ok=True)
    write_whole(run / CONFIG_NAME, json.dumps(settings, indent=2) + "\n")


def save_checkpoint(
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


def save_network(network: keras.Model, run: Path, devices: Devices) -> None:
    """Save the finished network: its presence says that the run is over."""
    if devices.is_main:
        with replacing(run / NETWORK_NAME) as unfinished:
            devices.save(network, unfinished)


def take_earlier(
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
