from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf

from preprocessing.bundle.outputs import CROWD, LABEL, OUTPUTS
from training.networks.outputs import OutputLoss, loss_weights, output_logits, outputs_of

ROWS, CLASSES = 4, 3
# Float32 sums in another order.
ROUNDING = 1e-6


@pytest.fixture
def logits() -> np.ndarray:
    shape = (ROWS, len(OUTPUTS), CLASSES)
    return np.random.default_rng(0).normal(0, 2, shape).astype(np.float32)


@pytest.fixture
def targets() -> np.ndarray:
    shape = (ROWS, len(OUTPUTS))
    return np.random.default_rng(1).dirichlet(np.ones(CLASSES), shape).astype(np.float32)


def cross_entropy(targets: np.ndarray, logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits.astype(np.float64))
    return -(targets * np.log(exponentials / exponentials.sum(-1, keepdims=True))).sum(-1)


def squared_error(targets: np.ndarray, logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits.astype(np.float64))
    return ((exponentials / exponentials.sum(-1, keepdims=True) - targets) ** 2).mean(-1)


BY_HAND = pytest.mark.parametrize(
    ("squared", "by_hand"), [(False, cross_entropy), (True, squared_error)]
)
Loss = Callable[[np.ndarray, np.ndarray], np.ndarray]


@BY_HAND
def test_the_loss_is_the_weighted_sum_over_the_outputs(
    logits: np.ndarray, targets: np.ndarray, by_hand: Loss, *, squared: bool
) -> None:
    each = by_hand(targets, logits)
    for weights in ((0.5, 0.5), (0.8, 0.2), (0.0, 1.0)):
        loss = OutputLoss(weights=weights, squared=squared, reduction=None)
        np.testing.assert_allclose(loss(targets, logits), each @ np.array(weights), rtol=1e-5)
    mean = OutputLoss(weights=(0.8, 0.2), squared=squared)(targets, logits)
    assert float(mean) == pytest.approx((each @ np.array([0.8, 0.2])).mean(), rel=1e-5)


@BY_HAND
def test_a_row_of_zeros_teaches_its_output_nothing(
    logits: np.ndarray, targets: np.ndarray, by_hand: Loss, *, squared: bool
) -> None:
    targets[1, 0] = targets[3, 1] = 0
    loss = OutputLoss(weights=(0.6, 0.4), squared=squared, reduction=None)
    variable = tf.Variable(logits)
    with tf.GradientTape() as tape:
        losses = loss(targets, variable)
        total = tf.reduce_sum(losses)
    gradient = np.asarray(tape.gradient(total, variable))
    is_silent = ~targets.any(axis=-1)
    assert is_silent.sum() == 2
    assert not gradient[is_silent].any()
    assert (np.abs(gradient[~is_silent]).max(axis=-1) > 1e-3).all()
    each = by_hand(targets, logits)
    each[is_silent] = 0
    np.testing.assert_allclose(losses, each @ np.array([0.6, 0.4]), rtol=1e-5)


def test_the_gradient_of_an_output_is_its_weight_times_what_it_says_too_much(
    logits: np.ndarray, targets: np.ndarray
) -> None:
    weights = (0.7, 0.3)
    variable = tf.Variable(logits)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(OutputLoss(weights=weights, reduction=None)(targets, variable))
    exponentials = np.exp(logits)
    said = exponentials / exponentials.sum(-1, keepdims=True)
    expected = np.array(weights)[:, None] * (said - targets)
    np.testing.assert_allclose(tape.gradient(total, variable), expected, atol=ROUNDING)


def test_a_row_that_has_nothing_to_say_to_an_output_moves_only_the_other(
    targets: np.ndarray,
) -> None:
    """Through the last layers of a network, as a step of training does it."""
    features = keras.Input((5,))
    network = keras.Model(features, output_logits(features, classes=CLASSES, outputs=OUTPUTS))
    seen = np.random.default_rng(2).normal(size=(ROWS, 5)).astype(np.float32)
    targets[:, OUTPUTS.index(CROWD)] = 0
    with tf.GradientTape() as tape:
        loss = OutputLoss(weights=(0.5, 0.5))(targets, network(seen))
    layers = [network.get_layer(output) for output in (CROWD, LABEL)]
    crowd, label = tape.gradient(loss, [layer.kernel.value for layer in layers])
    assert not np.asarray(crowd).any()
    assert np.abs(np.asarray(label)).max() > 1e-3


def test_each_output_is_a_layer_that_bears_its_name() -> None:
    features = keras.Input((5,))
    for outputs in (OUTPUTS, (LABEL,)):
        network = keras.Model(features, output_logits(features, classes=CLASSES, outputs=outputs))
        assert network.output_shape == (None, len(outputs), CLASSES)
        assert outputs_of(network) == outputs
        seen = np.random.default_rng(2).normal(size=(ROWS, 5)).astype(np.float32)
        said = np.asarray(network(seen))
        for place, output in enumerate(outputs):
            layer = network.get_layer(output)
            expected = seen @ np.asarray(layer.kernel) + np.asarray(layer.bias)
            np.testing.assert_allclose(said[:, place], expected, atol=ROUNDING)


def test_a_loss_comes_back_as_it_was(logits: np.ndarray, targets: np.ndarray) -> None:
    loss = OutputLoss(weights=(0.7, 0.3), squared=True)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert float(again(targets, logits)) == float(loss(targets, logits))


def test_a_single_output_has_all_of_the_loss() -> None:
    assert loss_weights((LABEL,), crowd_weight=0.7) == (1.0,)
    assert loss_weights((CROWD, LABEL), crowd_weight=0.75) == (0.75, 0.25)
