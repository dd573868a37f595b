"""Compute the statistics of normalisation again, for averaged weights."""

import keras
import numpy as np
from numpy.typing import NDArray

from training.fitting.augment import Augment

BATCHES, BATCH_SIZE = 100, 64


def recalibrate(
    network: keras.Model, augment: Augment, chips: NDArray[np.uint8], *, seed: int
) -> None:
    """Take the moving mean and variance of every batch normalisation from chips, in place.

    A mean of weights, over steps or over runs, has other activations than any of them (Izmailov et
    al. 2018, arXiv:1803.05407).

    Args:
        network: From float32 chips (n, side, side, 1), 0 to 255, to logits.
        augment: Brings chips to the network's side, and changes nothing else here.
        chips: Of the training rows, uint8 (n, size_px, size_px).
        seed: Decides which of them are taken, with replacement.
    """
    generator = np.random.default_rng(seed)
    for _ in range(BATCHES):
        rows = generator.choice(len(chips), BATCH_SIZE)
        network(augment(chips[rows], training=False), training=True)
