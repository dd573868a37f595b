"""The fused normalisation does what Keras's own does."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from training.networks.normalization import FusedBatchNormalization

# Float32 sums in another order.
ROUNDING = 1e-5
SETTINGS = {"momentum": 0.9, "epsilon": 1e-3}


@pytest.fixture
def batch() -> np.ndarray:
    return np.random.default_rng(0).normal(3, 2, (8, 5, 5, 4)).astype(np.float32)


@pytest.fixture
def layers(batch: np.ndarray) -> list[keras.layers.BatchNormalization]:
    """Both layers, with the same weights, none of which is what it starts as."""
    generator = np.random.default_rng(1)
    values = [generator.uniform(0.5, 2, batch.shape[-1]) for _ in range(4)]
    both = [FusedBatchNormalization(**SETTINGS), keras.layers.BatchNormalization(**SETTINGS)]
    for layer in both:
        layer.build(batch.shape)
        layer.set_weights(values)
    return both


@pytest.mark.parametrize("training", [True, False])
def test_outputs_gradients_and_moving_statistics_are_those_of_keras(
    layers: list[keras.layers.BatchNormalization], batch: np.ndarray, *, training: bool
) -> None:
    outputs, gradients = [], []
    before = np.asarray(layers[0].moving_variance)
    weight = tf.constant(np.random.default_rng(2).normal(size=batch.shape), tf.float32)
    for layer in layers:
        with tf.GradientTape() as tape:
            inputs = tf.Variable(batch)
            output = layer(inputs, training=training)
            loss = tf.reduce_sum(output * weight)
        outputs.append(output)
        gradients.append(tape.gradient(loss, [inputs, layer.gamma.value, layer.beta.value]))
    np.testing.assert_allclose(*outputs, atol=ROUNDING)
    for ours, theirs in zip(*gradients, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=50 * ROUNDING)
    np.testing.assert_allclose(*(layer.moving_mean for layer in layers), atol=ROUNDING)
    # Ours takes the variance of a sample.
    values = batch.size // batch.shape[-1]
    sample = values / (values - 1) if training else 1
    kept = SETTINGS["momentum"] * before if training else 0
    ours, theirs = (np.asarray(layer.moving_variance) - kept for layer in layers)
    np.testing.assert_allclose(ours, theirs * sample, atol=ROUNDING)


def test_a_step_in_bfloat16_stays_in_bfloat16(batch: np.ndarray) -> None:
    layer = FusedBatchNormalization(dtype="mixed_bfloat16")
    output = layer(batch, training=True)
    assert output.dtype == "bfloat16"
    assert layer.moving_mean.dtype == "float32"
    plain = keras.layers.BatchNormalization()(batch, training=True)
    np.testing.assert_allclose(np.asarray(output, np.float32), plain, atol=0.05)


def test_a_saved_network_is_read_back(batch: np.ndarray, tmp_path: Path) -> None:
    chips = keras.Input(batch.shape[1:])
    network = keras.Model(chips, FusedBatchNormalization(**SETTINGS)(chips))
    network.save(tmp_path / "network.keras")
    again = keras.saving.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(again(batch), network(batch))
