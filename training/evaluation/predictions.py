"""Faces with their true labels and a network's predictions, to be counted and shown."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preprocessing.images.montage import draw_sheet, prediction_tiles
from preprocessing.images.types import RgbImage
from training.confidence import confident_mistakes
from training.data import Examples
from training.metrics import confusion_matrix


@dataclass(frozen=True, eq=False)
class LabelledPredictions:
    """Predictions for n faces whose labels are known.

    Attributes:
        examples: The faces, with the true class indices.
        probabilities: (n, labels).
        labels: In the order of the class indices.
    """

    examples: Examples
    probabilities: NDArray[np.floating]
    labels: tuple[str, ...]

    def right(self) -> NDArray[np.bool_]:
        """Say of each face whether its likeliest label is the true one."""
        likeliest = self.probabilities.argmax(axis=1)
        return np.asarray(likeliest == self.examples.class_indices, np.bool_)

    def accuracy(self) -> float:
        """Return the fraction of correct predictions, 0 to 1."""
        return float(self.right().mean())

    def counts(self) -> NDArray[np.int64]:
        """Count faces by true class (rows) and predicted class (columns)."""
        predicted = self.probabilities.argmax(axis=1)
        return confusion_matrix(predicted, self.examples.class_indices, classes=len(self.labels))

    def mistakes(self, count: int) -> list[int]:
        """List up to `count` faces with a wrong prediction, the most confident first.

        A picture that is in the set more than once is listed once.
        """
        truth = self.examples.class_indices
        first: dict[bytes, int] = {}
        for row in confident_mistakes(self.probabilities, truth, count=len(truth)).tolist():
            first.setdefault(self.examples.raw[row].tobytes(), row)
        return list(first.values())[:count]

    def wall(self, rows: Iterable[int]) -> RgbImage:
        """Draw some of the faces, at least one, with true and predicted label."""
        chosen = list(rows)
        return draw_sheet(
            prediction_tiles(
                self.examples.chips[chosen],
                self.examples.class_indices[chosen],
                probabilities=self.probabilities[chosen],
                labels=self.labels,
            )
        )
