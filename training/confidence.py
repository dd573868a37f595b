"""The calibration of a classifier: how its confidence compares with its accuracy.

Confidence is the probability of the most likely label.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from preprocessing.bundle.outputs import balanced_probabilities
from training.metrics import soft_cross_entropy

ECE_BINS = 15
LEAST_TEMPERATURE, MOST_TEMPERATURE = 0.05, 20.0


@dataclass(frozen=True)
class ReliabilityBin:
    """The predictions whose confidence lies in a range.

    Attributes:
        low: Lower edge of the range, 0 to 1.
        high: Upper edge, 0 to 1.
        count: Predictions in it, at least 1.
        confidence: Their mean confidence, 0 to 1.
        accuracy: Fraction of them that are right, 0 to 1.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability_bins(
    probabilities: NDArray[np.floating], truth: NDArray[np.integer], *, bins: int = ECE_BINS
) -> list[ReliabilityBin]:
    """Compare confidence with accuracy in bins of equal width; empty ones are left out."""
    confidence = probabilities.max(axis=1)
    hits = probabilities.argmax(axis=1) == truth
    placed = _bin_of(confidence, bins=bins)
    return [
        ReliabilityBin(
            low=place / bins,
            high=(place + 1) / bins,
            count=int((placed == place).sum()),
            confidence=float(confidence[placed == place].mean()),
            accuracy=float(hits[placed == place].mean()),
        )
        for place in np.unique(placed).tolist()
    ]


def calibration_error(probabilities: NDArray[np.floating], truth: NDArray[np.integer]) -> float:
    """Return the expected calibration error (Guo et al. 2017, arXiv:1706.04599), 0 to 1."""
    gaps = [
        each.count * abs(each.confidence - each.accuracy)
        for each in reliability_bins(probabilities, truth)
    ]
    return sum(gaps) / len(truth)


def vote_calibration_error(
    probabilities: NDArray[np.floating], shares: NDArray[np.floating]
) -> float:
    """Return how far the confidence is from the share of votes for the most likely label, 0 to 1.

    As `calibration_error`, with the share of votes in place of right and wrong.

    Args:
        probabilities: (n, labels).
        shares: Of the votes on each row, (n, labels).
    """
    confidence = probabilities.max(axis=1)
    voted = shares[np.arange(len(shares)), probabilities.argmax(axis=1)]
    placed = _bin_of(confidence, bins=ECE_BINS)
    gaps = [abs((confidence - voted)[placed == place].sum()) for place in np.unique(placed)]
    return float(sum(gaps) / len(shares))


def coverage_curve(
    probabilities: NDArray[np.floating], truth: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Take predictions from the most confident down (El-Yaniv & Wiener 2010).

    Returns:
        Two arrays, (n,): the confidence of each prediction, falling, and the accuracy on all
        predictions down to it.
    """
    confidence = probabilities.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    hits = probabilities.argmax(axis=1)[order] == truth[order]
    return confidence[order], np.cumsum(hits) / np.arange(1, len(hits) + 1)


def confident_mistakes(
    probabilities: NDArray[np.floating], truth: NDArray[np.integer], *, count: int
) -> NDArray[np.int64]:
    """List the rows of at most `count` wrong predictions, the most confident first."""
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != truth)
    return wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")][:count]


def sure_confidence(
    probabilities: NDArray[np.floating], truth: NDArray[np.integer], *, wanted: float
) -> float:
    """Return the lowest threshold of confidence at which accuracy is still `wanted`.

    Accuracy is estimated by the rule of succession, as if of two more predictions one were right:
    from one or two right ones nothing follows. Eight are the fewest that make 0.9.

    Args:
        probabilities: Shape (n, labels).
        truth: Shape (n,).
        wanted: The accuracy, 0 to 1, on all predictions with at least that confidence.

    Returns:
        A confidence from 0 to 1; 1 where the most confident predictions do not reach it.
    """
    confidence, reached = coverage_curve(probabilities, truth)
    taken = np.arange(1, len(reached) + 1)
    expected = (reached * taken + 1) / (taken + 2)
    # Predictions of one confidence are taken together or not at all.
    is_last = np.append(np.diff(confidence) < 0, np.True_)
    enough = np.flatnonzero((expected >= wanted) & is_last)
    return float(confidence[enough[-1]]) if len(enough) else 1.0


def fit_temperature(
    logits: NDArray[np.floating],
    targets: NDArray[np.floating],
    *,
    class_shares: Sequence[float],
    balance: float,
) -> float:
    """Find the temperature, from 0.05 to 20, with the least cross-entropy against the targets.

    The search is for its logarithm, to within 1e-4, by Brent's method. The targets are taken as
    (n + 1) / (n + 2) sure (Platt 1999): a few pictures that are all read rightly would else ask for
    the least temperature, and every confidence would be 1.

    Args:
        logits: (n, labels).
        targets: Of the same shape, each row summing to 1; one-hot where one label is true.
        class_shares: As in `balanced_probabilities`.
        balance: Likewise.
    """
    count, labels = targets.shape
    smoothing = labels / ((labels - 1) * (count + 2))
    smooth = targets * (1 - smoothing) + smoothing / labels

    def loss(log_temperature: float) -> float:
        probabilities = balanced_probabilities(
            logits,
            temperature=math.exp(log_temperature),
            class_shares=class_shares,
            balance=balance,
        )
        return soft_cross_entropy(probabilities, smooth)

    bounds = math.log(LEAST_TEMPERATURE), math.log(MOST_TEMPERATURE)
    best = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    return math.exp(best.x)


def _bin_of(confidence: NDArray[np.floating], *, bins: int) -> NDArray[np.int64]:
    """Return the bin of equal width, counted from 0, in which each confidence lies."""
    return np.minimum((confidence * bins).astype(np.int64), bins - 1)
