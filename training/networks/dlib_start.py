"""A start from dlib's face recognition network, which has seen three million faces.

Its author trained `dlib_face_recognition_resnet_model_v1.dat` on VGG-Face, FaceScrub and pictures
from the web, and put it into the public domain (README of davisking/dlib-models). Up to its last
stage it is a residual network of width 32 with 3, 4, 3 and 3 blocks, so its weights fit into
`resnet34` with a pooled stem; the three blocks that this has more in its third stage start as if
they were not there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from keras import Model
from numpy.typing import NDArray

from preprocessing.faces.model_files import FACE_RECOGNITION_FILE

BLOCKS = (3, 4, 3, 3)
"""Blocks in those of its stages that are taken."""
# What it takes from red, green and blue, 0 to 255, before it divides by 256.
MEANS = (122.782, 117.001, 104.298)
# Those of `resnet34`, which takes chips by (chip - 128) / 64.
CHIP_MEAN, CHIP_SCALE = 128.0, 64.0
# Chips that tell how far each layer's values spread.
SAMPLE = 512


@dataclass(frozen=True, eq=False)
class DlibLayer:
    """A convolution without bias, after which each channel is scaled and shifted.

    Attributes:
        kernel: float32 (height, width, channels in, channels out).
        scale: float32 (channels out,).
        shift: Likewise.
    """

    kernel: NDArray[np.float32]
    scale: NDArray[np.float32]
    shift: NDArray[np.float32]


def read_dlib_layers(path: Path) -> list[DlibLayer]:
    """Read the convolutions of a network that dlib stored, in the order of the data.

    dlib writes the name of each layer's kind before its weights. The first convolution is 7 x 7, on
    three channels, the others are 3 x 3.
    """
    data = path.read_bytes()
    found = re.finditer(rb"(?:con_4|affine_)", data)
    weights = [tensor_at(data, name.end()) for name in found]
    layers: list[DlibLayer] = []
    for values, affine in zip(weights[::2], weights[1::2], strict=True):
        scale, shift = affine.reshape(2, -1)
        channels, side = len(scale), 3 if layers else 7
        kernel, bias = values[:-channels], values[-channels:]
        by_channel = kernel.reshape(channels, -1, side, side).transpose(2, 3, 1, 0)
        layers.append(DlibLayer(by_channel, scale, shift + scale * bias))
    return layers


def take_dlib_weights(network: Model, chips: NDArray[np.uint8]) -> None:
    """Start a network with dlib's weights, in place; its last layers stay as they are.

    Args:
        network: `resnet34` of width 32 with a pooled stem.
        chips: Of the training rows, uint8 (n, size_px, size_px). The first of them tell how far
            each layer's values spread, for a step of training normalises by those of its batch.
    """
    first, *layers = read_dlib_layers(FACE_RECOGNITION_FILE.path())
    _set(network, "stem", _for_grey_chips(first))
    for name, layer in zip(_names(), layers, strict=False):
        _set(network, name, layer)
    for layer in network.layers:
        if layer.name.endswith("_shortcut_conv"):
            _pass_on(network, layer.name.removesuffix("_conv"))
    for block in range(BLOCKS[2] + 1, _blocks_of(network, stage=3) + 1):
        normalization = network.get_layer(f"stage3_block{block}_2_norm")
        normalization.gamma.assign(np.zeros(normalization.gamma.shape))
    _normalise_by(network, np.asarray(chips[:SAMPLE, ..., None], np.float32))


def tensor_at(data: bytes, place: int) -> NDArray[np.float32]:
    """Read the tensor that dlib wrote there: a version and four sizes, then its values.

    Returns:
        float32 (n,).
    """
    sizes = []
    for _ in range(5):
        # How many bytes the number has.
        length = data[place] & 0x0F
        sizes.append(int.from_bytes(data[place + 1 : place + 1 + length], "little"))
        place += 1 + length
    return np.frombuffer(data, "<f4", int(np.prod(sizes[1:])), place)


def _names() -> Iterator[str]:
    for stage, blocks in enumerate(BLOCKS, start=1):
        for block in range(1, blocks + 1):
            yield f"stage{stage}_block{block}_1"
            yield f"stage{stage}_block{block}_2"


def _for_grey_chips(first: DlibLayer) -> DlibLayer:
    """Make of dlib's first convolution, of stride 2 on colours, one of stride 1 on grey chips.

    It gives what dlib's would, of a chip that is enlarged twice by bilinear interpolation.
    """
    offsets = (CHIP_MEAN - np.array(MEANS)) / 256
    shift = first.shift + first.scale * (first.kernel.sum(axis=(0, 1)) * offsets[:, None]).sum(0)
    grey = first.kernel.sum(axis=2, keepdims=True) * CHIP_SCALE / 256
    taps = len(grey)
    enlarged = np.zeros((taps, taps))
    for tap in range(taps):
        # A chip's pixel becomes two of the enlarged chip; its middle one is the first of them.
        place = (2 * (taps // 2) + tap - taps // 2 + 0.5) / 2 - 0.5
        left = int(place)
        enlarged[tap, left : left + 2] += (left + 1 - place, place - left)
    kernel = np.einsum("ta,sb,tsio->abio", enlarged, enlarged, grey).astype(np.float32)
    return DlibLayer(kernel, first.scale, shift.astype(np.float32))


def _set(network: Model, name: str, layer: DlibLayer) -> None:
    network.get_layer(f"{name}_conv").kernel.assign(layer.kernel)
    _scale_only(network.get_layer(f"{name}_norm"), layer.scale, layer.shift)


def _pass_on(network: Model, name: str) -> None:
    """Let a shortcut pass its channels on, and add empty ones, as dlib's does."""
    kernel = network.get_layer(f"{name}_conv").kernel
    _, _, before, after = kernel.shape
    kernel.assign(np.eye(before, after)[None, None])
    _scale_only(network.get_layer(f"{name}_norm"), np.ones(after), np.zeros(after))


def _scale_only(
    normalization: keras.layers.BatchNormalization,
    scale: NDArray[np.floating],
    shift: NDArray[np.floating],
) -> None:
    spread = np.full(len(scale), 1 - normalization.epsilon)
    normalization.set_weights([scale, shift, np.zeros(len(scale)), spread])


def _blocks_of(network: Model, *, stage: int) -> int:
    return sum(
        re.fullmatch(rf"stage{stage}_block\d+_add", layer.name) is not None
        for layer in network.layers
    )


def _normalise_by(network: Model, chips: NDArray[np.float32]) -> None:
    """Let every normalisation know the spread of its input, and change nothing that it gives."""
    names = [
        layer.name.removesuffix("_norm") for layer in network.layers if layer.name.endswith("_norm")
    ]
    outputs = [network.get_layer(f"{name}_conv").output for name in names]
    for name, values in zip(
        names, Model(network.input, outputs).predict(chips, verbose=0), strict=True
    ):
        normalization = network.get_layer(f"{name}_norm")
        gamma, beta, mean, variance = normalization.get_weights()
        scale = gamma / np.sqrt(variance + normalization.epsilon)
        shift = beta - scale * mean
        mean, variance = (
            np.asarray(of(np.asarray(values, np.float32), axis=(0, 1, 2)))
            for of in (np.mean, np.var)
        )
        gamma = scale * np.sqrt(variance + normalization.epsilon)
        normalization.set_weights([gamma, shift + scale * mean, mean, variance])
