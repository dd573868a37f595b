"""Average the weights of several runs into one network.

Runs that began with the same network, or with one another, lie in one valley of the loss, and their
mean is often better than each, at the price of one (Wortsman et al. 2022, arXiv:2203.05482).
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np

from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from preprocessing.runtime.files import write_whole
from training.data import training_examples
from training.fitting.devices import ONE_DEVICE
from training.fitting.recalibrate import recalibrate
from training.fitting.runs import save_network, write_settings
from training.fitting.schedule import RunState
from training.fitting.training_model import build_augment
from training.networks.build import (
    STATE_NAME,
    check_same_recipe,
    load_network,
    read_settings,
)
from training.networks.outputs import outputs_of
from training.records import AveragedStage, RunSettings, TrainedNetwork


def average_runs(
    dataset: Dataset, run: Path, *, members: Sequence[Path], weights: Sequence[float] | None = None
) -> keras.Model:
    """Write a run whose network has the mean of the weights of others.

    The statistics of normalisation are computed again, on the training rows. The run can be
    exported, started from and learnt from as any other; its settings are those of the last member,
    and say what went into the mean.

    Args:
        dataset: The dataset that the members were trained on.
        run: The folder to write; it must not hold a run.
        members: Finished runs or bundles, two or more, of networks of the same shape.
        weights: One for each member, above 0; they are divided by their sum. None for alike.

    Returns:
        The network, from chips (n, height, width, 1) to logits (n, outputs, classes).

    Raises:
        MienError: There are fewer than two members, or one is named twice; there is not one weight
            above 0 for each; a member is neither run nor bundle, or its chips, labels or shape are
            not those of the others; or `run` holds something.
    """
    weights = [1.0] * len(members) if weights is None else weights
    if len(set(members)) < max(2, len(members)):
        raise MienError("Name two members or more, each once.")
    if len(weights) != len(members) or not (min(weights) > 0 and math.isfinite(sum(weights))):
        raise MienError(
            f"Give a weight above 0 for each of the {len(members)} members. Received: {weights}"
        )
    if run.exists() and any(run.iterdir()):
        raise MienError(f"{run} is not empty. Choose another folder.")
    fractions = [weight / sum(weights) for weight in weights]
    settings = [read_settings(member) for member in members]
    for each in settings:
        check_same_recipe(each.dataset, dataset.manifest.recipe)
    networks = [load_network(member) for member in members]
    network, config = networks[-1], settings[-1].fit
    _set_mean(network, networks, fractions)
    augment = build_augment(config, size_px=config.sizes[-1][1])
    recalibrate(network, augment, training_examples(dataset).chips, seed=config.seed)
    _write(run, network, settings, fractions)
    return network


def _set_mean(
    network: keras.Model, networks: Sequence[keras.Model], fractions: Sequence[float]
) -> None:
    """Give a network the mean of the weights of several, itself among them."""
    shapes = [[each.shape for each in other.get_weights()] for other in networks]
    if any(
        outputs_of(other) != outputs_of(network) or shape != shapes[-1]
        for other, shape in zip(networks, shapes, strict=True)
    ):
        raise MienError(
            "The members are networks of different shapes or outputs. Name such as began with the "
            "same network."
        )
    together = zip(*(other.get_weights() for other in networks), strict=True)
    network.set_weights([np.average(each, axis=0, weights=fractions) for each in together])


def _settings_of(members: Sequence[TrainedNetwork], fractions: Sequence[float]) -> RunSettings:
    """Return the settings of the last, with what each member brought."""
    last = members[-1]
    return RunSettings(
        fit=last.fit,
        start_from=last.start_from,
        teacher=last.teacher,
        dataset=last.dataset,
        average=tuple(
            AveragedStage(
                fit=each.fit,
                start_from=each.start_from,
                teacher=each.teacher,
                weight=fraction,
                minutes=each.training_minutes,
                epochs=each.epochs,
            )
            for each, fraction in zip(members, fractions, strict=True)
        ),
        ferplus=any(each.ferplus for each in members),
    )


def _write(
    run: Path, network: keras.Model, members: Sequence[TrainedNetwork], fractions: Sequence[float]
) -> None:
    run.mkdir(parents=True, exist_ok=True)
    last = members[-1]
    own_minutes = last.training_minutes - (last.start_from.minutes if last.start_from else 0.0)
    state = RunState(epoch=last.epochs, elapsed_s=own_minutes * 60)
    write_settings(_settings_of(members, fractions), run)
    write_whole(run / STATE_NAME, json.dumps(asdict(state), indent=2) + "\n")
    save_network(network, run, ONE_DEVICE)
