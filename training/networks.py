"""Every network that can be trained, built and read back in one place."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import keras
from keras import Model

from preprocessing.errors import MienError
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
    """Return what decided a finished run: `fit`, `dataset` and perhaps `start_from`.

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


def load_network(run: Path, name: str = NETWORK_NAME) -> Model:
    """Load a network of a finished run, computing in float32 whatever it was trained in.

    Args:
        run: The folder of the run.
        name: The network's file in it.

    Raises:
        MienError: The folder holds no finished run.
    """
    settings = read_settings(run)
    trained = keras.saving.load_model(run / name)
    keras.config.set_dtype_policy("float32")
    network = build_network(FitConfig(**settings["fit"]), classes=trained.output_shape[-1])
    network.set_weights(trained.get_weights())
    return network
