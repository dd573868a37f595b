"""Every network that can be trained, built and read back in one place."""

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import keras
from keras import Model

from preprocessing.errors import MienError
from preprocessing.manifest import Recipe
from training.config import FitConfig
from training.earlier_networks import alexlike, shallow, vgg, wide
from training.resnet import resnet34

CONFIG_NAME = "config.json"
NETWORK_NAME = "network.keras"
BUILDERS: dict[str, Callable[..., Model]] = {
    "resnet34": resnet34,
    "shallow": shallow,
    "wide": wide,
    "vgg": vgg,
    "alexlike": alexlike,
}
"""By the name in `FitConfig.model`."""


def build_network(config: FitConfig, *, classes: int) -> Model:
    """Build the untrained network of a config, named after its model.

    Returns:
        A model from chips (n, height, width, 1), 0 to 255, to float32 logits (n, classes).
    """
    build = BUILDERS[config.model]
    if config.model == "resnet34":
        build = partial(build, width=config.width, stem_stride=config.stem_stride)
    else:
        build = partial(build, side_px=config.sizes[0][1])
    return build(classes, dropout=config.dropout)


def read_settings(run: Path) -> dict[str, Any]:
    """Return what decided a finished run.

    It holds `fit` and `dataset`, where there were any `start_from` and `teacher`, and in `ferplus`
    whether FER+ votes went into the network; without it, none did.

    Raises:
        MienError: The folder holds no finished run.
    """
    if not (run / NETWORK_NAME).is_file():
        raise MienError(
            f"{run} is no finished run: it has no {NETWORK_NAME}. Make one with "
            "python -m training fit, or finish this one with --resume."
        )
    settings: dict[str, Any] = json.loads((run / CONFIG_NAME).read_text(encoding="utf-8"))
    return settings


def check_trained_on(trained_on: dict[str, Any], recipe: Recipe) -> None:
    """Make sure that a dataset's chips and labels are those that a run was trained on.

    Args:
        trained_on: `dataset` in the settings of the run.
        recipe: Of the dataset.

    Raises:
        MienError: They are not.
    """
    for name in ("labels", "geometry_digest", "landmark_model_sha256", "detector"):
        here = asdict(recipe)[name]
        if json.dumps(trained_on.get(name)) != json.dumps(here):
            raise MienError(
                f"The run was trained on a dataset with another {name}: {trained_on.get(name)}. "
                f"Received: {here}"
            )


def load_network(run: Path, name: str = NETWORK_NAME) -> Model:
    """Load a network of a finished run, computing in float32 whatever it was trained in.

    Args:
        run: The folder of the run.
        name: The network's file in it.

    Raises:
        MienError: The folder holds no finished run, or no such file.
    """
    settings = read_settings(run)
    if not (run / name).is_file():
        raise MienError(f"{run} has no network {name}.")
    trained = keras.saving.load_model(run / name)
    keras.config.set_dtype_policy("float32")
    network = build_network(FitConfig(**settings["fit"]), classes=trained.output_shape[-1])
    network.set_weights(trained.get_weights())
    return network
