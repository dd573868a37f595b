"""Choose on val the test-time augmentation of a bundle."""

import sys

import keras
import numpy as np
from numpy.typing import NDArray

from training.data import Examples
from training.export.litert import output_accuracies
from training.export.tta import Views, candidate_views, with_views
from training.fitting.epoch import PREDICT_BATCH
from training.networks.outputs import outputs_of


def choose_views(
    network: keras.Model, val: Examples, *, trained_px: int, most: int
) -> tuple[Views, NDArray[np.float32]]:
    """Choose the views with the best val accuracy of the output that answers.

    Of equals it takes the cheapest.

    Args:
        network: From chips (n, height, width, 1) to logits.
        val: The val rows.
        trained_px: Side of the chips that the network saw at the end of its training.
        most: How many views it may look at, one of `MOST_VIEWS`.

    Returns:
        The views, and what the network says of the val rows with them, (n, outputs, classes).
    """
    size_px = val.chips.shape[1]
    answers_with = outputs_of(network)[0]
    tried: dict[Views, tuple[float, NDArray[np.float32]]] = {}
    for views in candidate_views(size_px, trained_px=trained_px, most=most):
        if network.input_shape[1] not in (None, views.input_px):
            continue
        model = with_views(network, views, size_px=size_px)
        logits = model.predict(val.chips, batch_size=PREDICT_BATCH, verbose=0)
        reached = output_accuracies(network, logits, val)
        words = ", ".join(f"{output} {accuracy:.1%}" for output, accuracy in reached.items())
        print(
            f"val accuracy: {words}, from {views.count()} view(s) of {views.input_px} px",
            file=sys.stderr,
        )
        tried[views] = (reached[answers_with], logits)
    best = max(tried, key=lambda views: tried[views][0])
    return best, tried[best][1]
