"""Chips brought to another side, the same way in training, in evaluation and in a bundle."""

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray


def resize(chips: keras.KerasTensor, side_px: int) -> keras.KerasTensor:
    """Bring chips to a side; each pixel of a smaller one is a weighted mean of all that it covers.

    What `keras.ops.image.resize` does with `antialias`, which LiteRT has no operation for, written
    as two products of matrices.

    Args:
        chips: Float (n, side, side, 1).
        side_px: Of the result.

    Returns:
        Chips (n, side_px, side_px, 1), or as they are where they have that side.
    """
    before_px = chips.shape[1]
    if before_px == side_px:
        return chips
    weights = resize_weights(before_px, side_px)
    narrowed = ops.matmul(chips[..., 0], weights.T)
    return ops.expand_dims(ops.matmul(weights, narrowed), -1)


def resize_weights(before_px: int, after_px: int) -> NDArray[np.float32]:
    """Return what each pixel of a line brings to each of the resized line.

    Returns:
        Float32 (after_px, before_px); each row is a triangle about the pixel's place, as wide as
        two pixels of the coarser line, and sums to 1.
    """
    scale = before_px / after_px
    places = (np.arange(after_px) + 0.5) * scale - 0.5
    distances = np.abs(places[:, None] - np.arange(before_px)) / max(scale, 1.0)
    weights = np.maximum(0.0, 1.0 - distances)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)
