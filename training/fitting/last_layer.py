"""Fit only the last layers of a network, on the features of a trained trunk.

A last layer that starts at random would first pull the trunk along in all directions; fitted
beforehand, it leaves what was learnt in place (Kumar et al. 2022, arXiv:2202.10054).
"""

from collections.abc import Sequence

import keras
import numpy as np
from keras import Model, layers
from numpy.typing import NDArray

from training.data import Examples, truth_for
from training.fitting.augment import Augment
from training.metrics import cross_entropy
from training.networks.outputs import outputs_of

# By how much weights that leave their start cost; the best on val is taken.
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
STEPS = 300
_BATCH_ROWS = 256

Weights = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Kernel, (features, classes), and bias, (classes,)."""


def fit_last_layers(
    network: Model,
    augment: Augment,
    *,
    train: Examples,
    targets: NDArray[np.float32],
    val: Examples,
) -> None:
    """Fit the last layer of each output by multinomial logistic regression, starting as it is.

    Args:
        network: Its last layers are changed, the rest is not.
        augment: Brings chips to the network's input.
        train: The training rows; each counts twice, with its mirror image.
        targets: What the outputs are to say of them, (n, outputs, classes), not negative; a row
            whose targets are larger counts for more.
        val: By these rows the penalty is chosen.
    """
    trunk = Model(network.input, network.get_layer(outputs_of(network)[0]).input)
    both = np.concatenate([train.chips, train.chips[:, :, ::-1]])
    seen, held = (_features(trunk, augment, chips) for chips in (both, val.chips))
    mean, spread = seen.mean(axis=0), np.maximum(seen.std(axis=0), 1e-3)
    seen, held = ((each - mean) / spread for each in (seen, held))
    for place, output in enumerate(outputs_of(network)):
        layer = network.get_layer(output)
        kernel, bias = (each.astype(np.float64) for each in layer.get_weights())
        start = (kernel * spread[:, None], bias + mean @ kernel)
        wanted = np.tile(targets[:, place].astype(np.float64), (2, 1))
        truth = truth_for(output, val)
        known = truth >= 0
        tried = [regress(seen, wanted, start=start, penalty=penalty) for penalty in PENALTIES]
        losses = [
            cross_entropy(held[known] @ kernel + bias, truth[known]) for kernel, bias in tried
        ]
        kernel, bias = tried[int(np.argmin(losses))]
        kernel = kernel / spread[:, None]
        layer.set_weights([kernel, bias - mean @ kernel])


def regress(
    features: NDArray[np.floating],
    targets: NDArray[np.floating],
    *,
    start: Weights,
    penalty: float,
) -> Weights:
    """Minimise the cross-entropy, and the squared way from the start, by accelerated descent.

    Args:
        features: (n, features), each of about mean 0 and variance 1.
        targets: (n, classes), not negative.
        start: From where to begin, and to stay near.
        penalty: Half of it times the squared distance of the kernel from its start is added.
    """
    with_one = np.column_stack([features, np.ones(len(features))])
    origin = np.vstack([start[0], start[1]])
    held = np.full((len(origin), 1), penalty)
    held[-1] = 0.0  # the bias is free
    weight_of = targets.sum(axis=1, keepdims=True)
    # Nesterov 1983, with the step that the curvature allows; that of a softmax is at most a half.
    curvature = np.linalg.norm(with_one * np.sqrt(weight_of), ord=2) ** 2 / len(features) / 2
    step = 1 / (curvature + penalty)
    weights = ahead = origin
    for number in range(1, STEPS + 1):
        logits = with_one @ ahead
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = odds / odds.sum(axis=1, keepdims=True)
        slope = with_one.T @ (probabilities * weight_of - targets) / len(features)
        after = ahead - step * (slope + held * (ahead - origin))
        ahead = after + (number - 1) / (number + 2) * (after - weights)
        weights = after
    return weights[:-1], weights[-1]


def _features(trunk: Model, augment: Augment, chips: NDArray[np.uint8]) -> NDArray[np.float64]:
    parts = [
        keras.ops.convert_to_numpy(
            trunk(augment(chips[start : start + _BATCH_ROWS], training=False), training=False)
        )
        for start in range(0, len(chips), _BATCH_ROWS)
    ]
    return np.concatenate(parts).astype(np.float64)


def take_known_labels(
    network: Model, known: Model, *, labels: Sequence[str], known_labels: Sequence[str]
) -> None:
    """Start the last layers with what another network knows of the same labels; others with 0.

    Args:
        network: The last layer of each output that both networks have is changed.
        known: The other network, with a trunk of the same width.
        labels: Of the network.
        known_labels: Of the other.
    """
    places = [known_labels.index(each) if each in known_labels else -1 for each in labels]
    is_known = np.array(places) >= 0
    for output in set(outputs_of(network)) & set(outputs_of(known)):
        weights = known.get_layer(output).get_weights()
        network.get_layer(output).set_weights(
            [np.where(is_known, each[..., places], 0.0) for each in weights]
        )


def freeze_normalisation(network: Model) -> None:
    """Keep batch normalisation as it is: the statistics of few pictures would be worse."""
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
