"""Predictions with the truth of each row."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preprocessing.dataset.read import Dataset
from training.data import rows_of
from training.evaluation.predict import Predictions
from training.evaluation.truths import known_rows, true_indices


@dataclass(frozen=True, eq=False)
class Held:
    """Predictions for the n rows of a split whose truth is known.

    Attributes:
        split: `train`, `val`, `test`, or `all` of them.
        truth: One of `TRUTHS`.
        rows: Positions in the dataset, (n,).
        indices: The class index that counts as right for each, (n,).
        logits: float32 (n, labels), mean over the versions of a chip (test-time augmentation).
        one_view_logits: float32 (n, labels), from the chip as it is.
    """

    split: str
    truth: str
    rows: NDArray[np.int64]
    indices: NDArray[np.int64]
    logits: NDArray[np.float32]
    one_view_logits: NDArray[np.float32]


def hold(predictions: Predictions, dataset: Dataset, *, truth: str) -> Held:
    """Join predictions with a truth; leave out the rows for which it is not known.

    Args:
        predictions: For the rows of a split.
        dataset: The dataset.
        truth: One of `TRUTHS`.

    Raises:
        DatasetError: The truth is known of no row.
    """
    places, rows = known_rows(dataset, rows_of(dataset, predictions.split), truth=truth)
    return Held(
        split=predictions.split,
        truth=truth,
        rows=rows,
        indices=true_indices(dataset, rows, truth=truth),
        logits=predictions.logits[places],
        one_view_logits=predictions.one_view_logits[places],
    )
