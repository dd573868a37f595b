"""dlib's face recognition network, read from its file, and a network that starts with it."""

from pathlib import Path

import dlib
import keras
import numpy as np
import pytest
from keras import ops

from preprocessing.bundle.outputs import OUTPUTS
from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from preprocessing.faces.model_files import FACE_RECOGNITION_FILE
from tests.training.depth import WHOLE_DEPTH, depth
from training.fitting.fit import fit
from training.networks.build import build_network
from training.networks.dlib_start import (
    MEANS,
    DlibLayer,
    read_dlib_layers,
    take_dlib_weights,
    tensor_at,
)
from training.presets import PRESETS

SIDE_PX = 150
# Blocks in its stages, each of which but the first halves the picture.
ALL_BLOCKS = (3, 4, 3, 3, 1)
NUMBERS = 128


@pytest.fixture(scope="module")
def layers() -> list[DlibLayer]:
    return read_dlib_layers(FACE_RECOGNITION_FILE.path())


def test_the_layers_are_those_of_dlib(layers: list[DlibLayer]) -> None:
    """Put together as dlib does, they give its 128 numbers of a face."""
    picture = np.random.default_rng(0).integers(0, 256, (SIDE_PX, SIDE_PX, 3)).astype(np.uint8)
    x = (picture[None].astype(np.float32) - np.array(MEANS, np.float32)) / 256
    first, *others = layers
    x = ops.max_pool(ops.relu(_scaled(x, first, stride=2)), 3, 2)
    remaining = iter(others)
    for stage, blocks in enumerate(ALL_BLOCKS):
        for block in range(blocks):
            x = _block(x, next(remaining), next(remaining), halves=stage > 0 and block == 0)
    assert next(remaining, None) is None
    model = FACE_RECOGNITION_FILE.path()
    data = model.read_bytes()
    place = data.index(b"fc_2") + len(b"fc_2")
    for _ in ("outputs", "inputs"):
        place += 1 + data[place]
    numbers = np.asarray(ops.mean(x, axis=(1, 2)))[0] @ tensor_at(data, place).reshape(-1, NUMBERS)
    expected = dlib.face_recognition_model_v1(str(model)).compute_face_descriptor(picture)
    np.testing.assert_allclose(numbers, np.array(expected), atol=1e-5)


def _scaled(x: keras.KerasTensor, layer: DlibLayer, *, stride: int) -> keras.KerasTensor:
    padding = "same" if stride == 1 else "valid"
    return ops.conv(x, layer.kernel, stride, padding) * layer.scale + layer.shift


def _block(
    x: keras.KerasTensor, one: DlibLayer, two: DlibLayer, *, halves: bool
) -> keras.KerasTensor:
    shortcut = ops.average_pool(x, 2, 2) if halves else x
    x = _scaled(ops.relu(_scaled(x, one, stride=2 if halves else 1)), two, stride=1)
    height, width = (max(x.shape[axis], shortcut.shape[axis]) for axis in (1, 2))
    x, shortcut = (
        ops.pad(each, ((0, 0), (0, height - each.shape[1]), (0, width - each.shape[2]), (0, 0)))
        for each in (x, shortcut)
    )
    shortcut = ops.pad(shortcut, ((0, 0), (0, 0), (0, 0), (0, x.shape[3] - shortcut.shape[3])))
    return ops.relu(x + shortcut)


@pytest.mark.slow
def test_a_network_begins_as_dlib_ends(layers: list[DlibLayer], dataset: Dataset) -> None:
    """Its stem sees the chip as dlib's sees it enlarged, and a step of training changes little."""
    with depth(WHOLE_DEPTH):
        network = build_network(PRESETS["face"], classes=6, outputs=OUTPUTS)
    take_dlib_weights(network, dataset.chips)
    chips = dataset.chips[:32, ..., None].astype(np.float32)
    stem = keras.Model(network.input, network.get_layer("stem_relu").output)(chips)
    enlarged = ops.image.resize(chips, (96, 96), interpolation="bilinear")[:, 1:, 1:]
    colours = (ops.repeat(enlarged, 3, axis=3) - np.array(MEANS, np.float32)) / 256
    expected = ops.relu(_scaled(colours, layers[0], stride=2))
    # The first of dlib's places has the third pixel of the chip in its middle.
    np.testing.assert_allclose(stem[:, 2:46, 2:46], expected[:, :44, :44], atol=1e-3)
    features = keras.Model(network.input, network.get_layer("pool").output)
    at_rest, in_training = (np.asarray(features(chips, training=is_on)) for is_on in (False, True))
    assert np.corrcoef(at_rest.ravel(), in_training.ravel())[0, 1] > 0.9


def test_a_run_begins_with_dlib_s_weights_or_with_those_of_another(
    dataset: Dataset, run: Path, tmp_path: Path
) -> None:
    with pytest.raises(MienError, match="face-longer"):
        fit(dataset, tmp_path / "run", config=PRESETS["face"], start_from=run)
