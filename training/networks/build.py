"""Every network that can be trained, built and read back in one place."""

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import keras
import numpy as np
from keras import Model

from preprocessing.bundle.outputs import OUTPUTS
from preprocessing.bundle.spec import SPEC_NAME, ModelSpec, read_spec
from preprocessing.dataset.manifest import Recipe
from preprocessing.errors import MienError
from preprocessing.faces.landmarks import LANDMARK_SCHEMES, geometry_by
from preprocessing.runtime.typed_json import parse_json
from training.config import FitConfig
from training.networks.legacy import alexlike, shallow, vgg, wide
from training.networks.outputs import outputs_of
from training.networks.resnet import resnet34
from training.records import TrainedNetwork, parse_record

CONFIG_NAME = "config.json"
STATE_NAME = "state.json"
NETWORK_NAME = "network.keras"
# More than any network has; a small file may unpack to gigabytes.
MOST_BYTES = 1_000_000_000
SAME_CHIPS = ("geometry_digest",)
SAME_ANSWERS = ("labels", "disgust", *SAME_CHIPS)
"""Fields of a dataset's recipe: with the same, a network can be trained on, or be judged."""
BUILDERS: dict[str, Callable[..., Model]] = {
    "resnet34": resnet34,
    "shallow": shallow,
    "wide": wide,
    "vgg": vgg,
    "alexlike": alexlike,
}
"""By the name in `FitConfig.model`."""


def build_network(config: FitConfig, *, classes: int, outputs: tuple[str, ...]) -> Model:
    """Build the untrained network of a config, named after its model.

    Returns:
        A model from chips (n, height, width, 1), 0 to 255, to float32 logits
        (n, outputs, classes).
    """
    build = BUILDERS[config.model]
    if config.model == "resnet34":
        build = partial(
            build,
            width=config.width,
            stem_stride=config.stem_stride,
            stem_pool=config.stem_pool,
        )
    else:
        build = partial(build, side_px=config.sizes[0][1])
    return build(classes, outputs=outputs, dropout=config.dropout)


def read_settings(source: Path) -> TrainedNetwork:
    """Return what decided the network of a finished run or of a bundle.

    Raises:
        MienError: The folder is neither, or its files are damaged or of another version.
    """
    if (source / SPEC_NAME).is_file():
        return settings_in(read_spec(source))
    if not (source / NETWORK_NAME).is_file():
        raise MienError(
            f"{source} is no bundle and no finished run: it has no {NETWORK_NAME}. Make a run "
            "with python -m training fit, or finish this one with --resume."
        )
    with damage_named(source):
        settings = parse_json((source / CONFIG_NAME).read_text(encoding="utf-8"))
        state = parse_json((source / STATE_NAME).read_text(encoding="utf-8"))
        earlier = settings["start_from"]["minutes"] if settings.get("start_from") else 0.0
        minutes = earlier + state["elapsed_s"] / 60
        had = {"epochs": state["epoch"], "training_minutes": minutes}
        return parse_record(TrainedNetwork, settings | had)


def settings_in(spec: ModelSpec) -> TrainedNetwork:
    """Return what decided the network of a bundle.

    Raises:
        MienError: Its provenance is damaged or of another version.
    """
    with damage_named(Path(SPEC_NAME)):
        return parse_record(TrainedNetwork, spec.provenance)


def check_same_recipe(
    trained_on: Recipe, recipe: Recipe, *, fields: tuple[str, ...] = SAME_ANSWERS
) -> None:
    """Make sure that a dataset was made as the one that a network was trained on.

    Args:
        trained_on: The recipe of that one.
        recipe: Of the dataset.
        fields: Of the recipes; those that must be the same.

    Raises:
        MienError: They are not.
    """
    for name in fields:
        there, here = getattr(trained_on, name), getattr(recipe, name)
        if name == "geometry_digest" and here in _digests_by_landmarks(trained_on):
            continue
        if there != here:
            raise MienError(
                f"The network was trained on a dataset that differs in {name}: {there}. Received: "
                f"{here}. Align the source as that was, with this version of Mien: the same "
                "--disgust, --labels or --ferplus-labels, and --landmarks."
            )


def _digests_by_landmarks(trained_on: Recipe) -> set[str]:
    """Return the digests of the geometries by which any landmarks cut much the same chips.

    Empty where the network's own geometry is none of these.
    """
    geometry = trained_on.geometry
    digests = {geometry_by(scheme, geometry).digest() for scheme in LANDMARK_SCHEMES.values()}
    return digests if geometry.digest() in digests else set()


def load_network(source: Path, name: str = NETWORK_NAME) -> Model:
    """Load a network, computing in float32 whatever it was trained or stored in.

    Args:
        source: A finished run, or a bundle.
        name: The network's file in it.

    Raises:
        MienError: The folder is neither, or has no such file, as a bundle that was too large to
            keep its Keras network.
    """
    settings = read_settings(source)
    if not (source / name).is_file():
        raise MienError(f"{source} has no network {name}.")
    with _dtype_policy("float32"):
        return read_network(source / name, settings.fit, classes=len(settings.dataset.labels))


def read_network(path: Path, config: FitConfig, *, classes: int) -> Model:
    """Build a network, and give it the weights of a file.

    Only its outputs are told by the file: layers that a stranger describes could take any time and
    memory.

    Args:
        path: A `.keras` file.
        config: By which its network was trained.
        classes: Number of labels.

    Raises:
        MienError: It is damaged, of another version, or not the network of the config.
    """
    with damage_named(path):
        with zipfile.ZipFile(path) as packed:
            if sum(each.file_size for each in packed.infolist()) > MOST_BYTES:
                raise ValueError(f"it unpacks to more than {MOST_BYTES:,} bytes")
            layers = parse_json(packed.read("config.json"))["config"]["layers"]
        names = {layer["config"]["name"] for layer in layers}
        outputs = tuple(output for output in OUTPUTS if output in names)
        if not outputs:
            raise ValueError(f"it has no output {' or '.join(OUTPUTS)}")
        network = build_network(config, classes=classes, outputs=outputs)
        network.load_weights(path)
    return network


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Turn what goes wrong while a file of a run is read into a `MienError` that names it."""
    try:
        yield
    except (MienError, MemoryError):
        raise
    except Exception as error:  # Keras raises almost anything
        raise MienError(
            f"{path} cannot be read: {error}. It is damaged, or from another version of Mien or "
            "Keras; train again, or use the version that wrote it."
        ) from error


def save_half(network: Model, path: Path, *, config: FitConfig) -> None:
    """Save a float32 network with float16 weights: half the size, and as accurate.

    Raises:
        MienError: A weight is too large for float16, 65,504 at most.
    """
    half = _with_precision(network, "float16", config)
    if not all(np.isfinite(weights).all() for weights in half.get_weights()):
        raise MienError("A weight of the network is too large for float16.")
    half.save(path)


def _with_precision(network: Model, precision: str, config: FitConfig) -> Model:
    with _dtype_policy(precision):
        copy = build_network(config, classes=network.output_shape[-1], outputs=outputs_of(network))
    copy.set_weights(network.get_weights())
    return copy


@contextmanager
def _dtype_policy(precision: str) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
