import numpy as np
import pytest
from keras import ops

from training.networks.resize import resize, resize_weights

# Of 255 grey levels, in float32.
ROUNDING = 0.01


@pytest.mark.parametrize("side_px", [24, 40, 44, 48, 64])
def test_chips_are_resized_as_keras_does_with_antialias(side_px: int) -> None:
    chips = np.random.default_rng(0).uniform(0, 255, (3, 48, 48, 1)).astype(np.float32)
    theirs = ops.image.resize(chips, (side_px, side_px), antialias=True)
    np.testing.assert_allclose(resize(chips, side_px), theirs, atol=ROUNDING)


def test_a_flat_chip_stays_flat_and_all_pixels_count() -> None:
    weights = resize_weights(48, 20)
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-6)
    assert (weights.sum(axis=0) > 0).all()
