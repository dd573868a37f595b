"""Filters and feature maps of a network, and Grad-CAM: which regions speak for a class."""

import keras
import numpy as np
from keras import Model, layers
from numpy.typing import NDArray

from preprocessing.errors import MienError


def first_filters(network: Model) -> NDArray[np.float32]:
    """Return the kernels of the first convolution, (filters, kernel, kernel)."""
    first = next(layer for layer in network.layers if isinstance(layer, layers.Conv2D))
    return np.asarray(first.kernel)[:, :, 0].transpose(2, 0, 1)


def feature_maps(network: Model, seen: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Return what comes out of each stage of a network.

    Args:
        network: One of `training.networks`.
        seen: What the network sees, (1, height, width, 1), 0 to 255.

    Returns:
        By the name of the stage, maps of shape (channels, height, width).
    """
    ends = _stage_ends(network)
    outputs = [network.get_layer(name).output for name in ends.values()]
    maps = Model(network.input, outputs)(seen, training=False)
    return {
        stage: np.asarray(each)[0].transpose(2, 0, 1)
        for stage, each in zip(ends, maps, strict=True)
    }


def grad_cam(network: Model, seen: NDArray[np.float32], *, output: int = 0) -> NDArray[np.float32]:
    """Weigh the last stage's maps by the mean gradient of each logit (Selvaraju et al. 2017).

    arXiv:1610.02391, equations 1 and 2.

    Args:
        network: One of `training.networks`.
        seen: What the network sees, (1, height, width, 1), 0 to 255.
        output: Place of the output among those of the network.

    Returns:
        How much each place speaks for each class, from 0, shape (classes, rows, columns) with the
        rows and columns of the last stage.

    Raises:
        MienError: Keras runs on another backend than TensorFlow.
    """
    if keras.backend.backend() != "tensorflow":
        raise MienError(
            "Grad-CAM takes its gradients from TensorFlow. Start again with "
            f"KERAS_BACKEND=tensorflow. Received: {keras.backend.backend()}"
        )
    import tensorflow as tf

    *_, last = _stage_ends(network).values()
    end = network.get_layer(last).output
    maps = Model(network.input, end)(seen, training=False)
    # Only what follows the maps is recorded: else each gradient goes through the whole network.
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(maps)
        logits = Model(end, network.output)(maps, training=False)
        each = tf.unstack(logits[0, output])
    gradients = tf.concat([tape.gradient(logit, maps) for logit in each], axis=0)
    weights = tf.reduce_mean(gradients, axis=(1, 2), keepdims=True)
    return np.asarray(tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1)), np.float32)


def _stage_ends(network: Model) -> dict[str, str]:
    """Name the last layer of each stage, by the prefix that all its layers share."""
    prefixes = ((layer.name.partition("_")[0], layer.name) for layer in network.layers)
    return {prefix: name for prefix, name in prefixes if prefix.startswith(("stem", "stage"))}
