"""The most confident predictions: how often they are right, and which of them are wrong."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preprocessing.dataset.read import Dataset
from training.confidence import confident_mistakes, coverage_curve

COVERAGE_STEPS = 50
MISTAKES = 48


@dataclass(frozen=True)
class Coverage:
    """How often the most confident predictions are right.

    Attributes:
        share: Fraction of all predictions that these are, 0 to 1.
        confidence: The lowest among them, 0 to 1.
        accuracy: Fraction of them that are right, 0 to 1.
    """

    share: float
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Mistake:
    """A wrong prediction.

    Attributes:
        row: Position in the dataset.
        name: Where to find the source picture.
        label: The true one.
        predicted: The most likely one.
        confidence: Its probability, 0 to 1.
    """

    row: int
    name: str
    label: str
    predicted: str
    confidence: float


def coverage_steps(
    probabilities: NDArray[np.float64], truth: NDArray[np.int64]
) -> tuple[Coverage, ...]:
    """Return the accuracy on the most confident predictions, at `COVERAGE_STEPS` fractions of all.

    Args:
        probabilities: (n, labels).
        truth: Class indices, (n,).
    """
    confidence, reached = coverage_curve(probabilities, truth)
    ends = np.unique(np.linspace(0, len(truth), COVERAGE_STEPS + 1).round().astype(int)[1:])
    return tuple(
        Coverage(end / len(truth), float(confidence[end - 1]), float(reached[end - 1]))
        for end in ends.tolist()
        if end
    )


def list_mistakes(
    dataset: Dataset,
    rows: NDArray[np.int64],
    *,
    truth: NDArray[np.int64],
    probabilities: NDArray[np.float64],
) -> tuple[Mistake, ...]:
    """Return at most `MISTAKES` wrong predictions, the most confident first.

    Args:
        dataset: The dataset.
        rows: Positions in it, (n,).
        truth: The class index that counts as right for each, (n,).
        probabilities: Predicted for them, (n, labels).
    """
    labels = dataset.manifest.recipe.labels
    return tuple(
        Mistake(
            row=int(rows[place]),
            name=str(dataset.names[rows[place]]),
            label=labels[truth[place]],
            predicted=labels[probabilities[place].argmax()],
            confidence=float(probabilities[place].max()),
        )
        for place in confident_mistakes(probabilities, truth, count=MISTAKES)
    )
