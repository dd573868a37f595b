"""The snapshots of one run as an ensemble (Huang et al. 2017, arXiv:1704.00109)."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from preprocessing.classifier import to_probabilities
from preprocessing.errors import MienError
from training.fit import PREDICT_BATCH
from training.networks import load_network, read_settings
from training.views import Views, with_views


def snapshot_logits(run: Path, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Classify chips by each snapshot of a run, from the whole chip and its mirror image.

    Args:
        run: A finished run of several cycles.
        chips: uint8 (n, size_px, size_px).

    Returns:
        Logits of shape (snapshots, n, labels), the earliest snapshot first.

    Raises:
        MienError: The run is not finished or has no snapshots.
    """
    settings = read_settings(run)
    names = sorted(path.name for path in run.glob("snapshot-*.keras"))
    if not names:
        raise MienError(f"{run} has no snapshots: it was not trained in several cycles.")
    size_px = chips.shape[1]
    views = Views(size_px, settings["fit"]["sizes"][-1][1], mirrored=True)
    return np.stack(
        [
            with_views(load_network(run, name), views, size_px=size_px).predict(
                chips, batch_size=PREDICT_BATCH, verbose=0
            )
            for name in names
        ]
    )


def ensemble_logits(member_logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Average the probabilities of members, (members, n, labels), and return their logarithm."""
    return np.log(to_probabilities(member_logits, 1.0).mean(axis=0))
