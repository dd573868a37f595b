"""What can be said of a classifier from its logits and the true class indices."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preprocessing.bundle.outputs import balanced_probabilities

ECE_BINS = 15
BOOTSTRAP_ROUNDS = 2000


@dataclass(frozen=True)
class ClassRow:
    """How one class fares; shares from 0 to 1."""

    label: str
    count: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class ReliabilityBin:
    """The answers of which the confidence lies in a range; shares from 0 to 1.

    Attributes:
        low: Of the range.
        high: Likewise.
        count: Answers in it.
        confidence: Their mean.
        accuracy: How many of them are right.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def accuracy(logits: NDArray[np.floating], truth: NDArray[np.integer]) -> float:
    """Return the share of rows whose largest logit is the true class."""
    return float((logits.argmax(axis=1) == truth).mean())


def share_interval(hits: NDArray[np.bool_], *, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the share of hits (percentiles over resampled rows)."""
    generator = np.random.default_rng(seed)
    # How many hits a resample of the rows holds is binomial, so none need be drawn row by row.
    counts = generator.binomial(len(hits), hits.mean(), size=BOOTSTRAP_ROUNDS)
    low, high = np.percentile(counts / len(hits), [2.5, 97.5])
    return float(low), float(high)


def in_guesses(
    logits: NDArray[np.floating], truth: NDArray[np.integer], *, guesses: int
) -> NDArray[np.bool_]:
    """Say of each row whether the true class is among the so many likeliest."""
    last = np.sort(logits, axis=1)[:, -guesses]
    return np.asarray(logits[np.arange(len(truth)), truth] >= last, np.bool_)


def cross_entropy(
    logits: NDArray[np.floating], truth: NDArray[np.integer], *, temperature: float = 1.0
) -> float:
    """Return the mean negative log-likelihood, in nats."""
    scaled = logits.astype(np.float64) / temperature
    peak = scaled.max(axis=1)
    log_sum = peak + np.log(np.exp(scaled - peak[:, None]).sum(axis=1))
    return float((log_sum - scaled[np.arange(len(truth)), truth]).mean())


def brier(probabilities: NDArray[np.floating], truth: NDArray[np.integer]) -> float:
    """Return the mean squared distance between probabilities and the one-hot truth, 0 to 2."""
    one_hot = np.eye(probabilities.shape[1])[truth]
    return float(((probabilities - one_hot) ** 2).sum(axis=1).mean())


def reliability(
    probabilities: NDArray[np.floating], truth: NDArray[np.integer], *, bins: int = ECE_BINS
) -> list[ReliabilityBin]:
    """Compare confidence with accuracy in bins of equal width; empty ones are left out."""
    confidence = probabilities.max(axis=1)
    hits = probabilities.argmax(axis=1) == truth
    placed = np.minimum((confidence * bins).astype(int), bins - 1)
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
        for each in reliability(probabilities, truth)
    ]
    return sum(gaps) / len(truth)


def coverage_curve(
    probabilities: NDArray[np.floating], truth: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Take answers from the most confident down (El-Yaniv & Wiener 2010).

    Returns:
        Two arrays, (n,): the confidence of each answer, falling, and the accuracy on all answers
        down to it.
    """
    confidence = probabilities.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    hits = probabilities.argmax(axis=1)[order] == truth[order]
    return confidence[order], np.cumsum(hits) / np.arange(1, len(hits) + 1)


def confident_mistakes(
    probabilities: NDArray[np.floating], truth: NDArray[np.integer], *, count: int
) -> NDArray[np.int64]:
    """List the rows of so many wrong answers, the most confident first."""
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != truth)
    return wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")][:count]


def sure_confidence(
    probabilities: NDArray[np.floating], truth: NDArray[np.integer], *, wanted: float
) -> float:
    """Return the least confidence from which on a share of the answers is right.

    Of the answers along the `coverage_curve` as many are taken as leave the accuracy on all of them
    at what is wanted.

    Args:
        probabilities: Shape (n, labels).
        truth: Shape (n,).
        wanted: The share, 0 to 1.

    Returns:
        A confidence from 0 to 1; 1 where not even the most confident answers are right so often.
    """
    confidence, reached = coverage_curve(probabilities, truth)
    # Answers of one confidence are taken together or not at all.
    is_last = np.append(np.diff(confidence) < 0, np.True_)
    enough = np.flatnonzero((reached >= wanted) & is_last)
    return float(confidence[enough[-1]]) if len(enough) else 1.0


def balanced_accuracy(predicted: NDArray[np.integer], truth: NDArray[np.integer]) -> float:
    """Return the mean recall of the classes that occur: each class counts alike."""
    return float(np.mean([(predicted[truth == each] == each).mean() for each in np.unique(truth)]))


def soft_cross_entropy(probabilities: NDArray[np.floating], targets: NDArray[np.floating]) -> float:
    """Return the mean cross-entropy against distributions, in nats.

    Args:
        probabilities: (n, labels).
        targets: Of the same shape, each row summing to 1.
    """
    least = np.finfo(np.float64).tiny
    return float(-(targets * np.log(np.maximum(probabilities, least))).sum(axis=1).mean())


def vote_share(predicted: NDArray[np.integer], shares: NDArray[np.floating]) -> float:
    """Return the mean share of people's votes for what was predicted.

    Args:
        predicted: Class indices, (n,).
        shares: Of the votes on each row, (n, labels).
    """
    return float(shares[np.arange(len(predicted)), predicted].mean())


def vote_calibration_error(
    probabilities: NDArray[np.floating], shares: NDArray[np.floating]
) -> float:
    """Return how far the confidence is from the share of votes for the likeliest label, 0 to 1.

    As `calibration_error`, with the share of votes in place of right and wrong.

    Args:
        probabilities: (n, labels).
        shares: Of the votes on each row, (n, labels).
    """
    confidence = probabilities.max(axis=1)
    voted = shares[np.arange(len(shares)), probabilities.argmax(axis=1)]
    placed = np.minimum((confidence * ECE_BINS).astype(int), ECE_BINS - 1)
    gaps = [abs((confidence - voted)[placed == place].sum()) for place in np.unique(placed)]
    return float(sum(gaps) / len(shares))


def fit_temperature(
    logits: NDArray[np.floating],
    targets: NDArray[np.floating],
    *,
    class_shares: Sequence[float],
    balance: float,
) -> float:
    """Find the temperature, from 0.05 to 20, with the least cross-entropy against the targets.

    Golden-section search over its logarithm.

    Args:
        logits: (n, labels).
        targets: Of the same shape, each row summing to 1; one-hot where one label is true.
        class_shares: As in `balanced_probabilities`.
        balance: Likewise.
    """

    def loss(log_temperature: float) -> float:
        probabilities = balanced_probabilities(
            logits,
            temperature=math.exp(log_temperature),
            class_shares=class_shares,
            balance=balance,
        )
        return soft_cross_entropy(probabilities, targets)

    golden = (math.sqrt(5) - 1) / 2
    low, high = math.log(0.05), math.log(20.0)
    while high - low > 1e-4:
        span = golden * (high - low)
        left, right = high - span, low + span
        if loss(left) < loss(right):
            high = right
        else:
            low = left
    return math.exp((low + high) / 2)


def confusion_matrix(
    predicted: NDArray[np.integer], truth: NDArray[np.integer], *, classes: int
) -> NDArray[np.int64]:
    """Count rows by true class (rows) and predicted class (columns)."""
    pairs = np.bincount(truth * classes + predicted, minlength=classes * classes)
    return pairs.reshape(classes, classes).astype(np.int64)


def class_rows(matrix: NDArray[np.integer], labels: tuple[str, ...]) -> list[ClassRow]:
    """Read precision, recall and F1 of each class off a confusion matrix."""
    rows = []
    for index, label in enumerate(labels):
        hits = int(matrix[index, index])
        count, claimed = int(matrix[index].sum()), int(matrix[:, index].sum())
        precision, recall = hits / max(claimed, 1), hits / max(count, 1)
        f1 = 2 * hits / max(count + claimed, 1)
        rows.append(ClassRow(label, count, precision, recall, f1))
    return rows
