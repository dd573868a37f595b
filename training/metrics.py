"""How often a classifier is right, and how well its probabilities fit what is true.

The computing is scikit-learn's and SciPy's; here their results get types, and their arguments the
order in which the rest of the package has them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from scipy.stats import binom
from sklearn import metrics


@dataclass(frozen=True)
class ClassRow:
    """How one class fares.

    Attributes:
        label: Of the class.
        count: Rows that truly belong to it.
        precision: Fraction of the rows predicted as this class that belong to it, 0 to 1; 0 where
            there are none.
        recall: Fraction of the rows of this class that were predicted as it, 0 to 1; 0 likewise.
        f1: Harmonic mean of the two, 0 to 1; 0 likewise.
    """

    label: str
    count: int
    precision: float
    recall: float
    f1: float


def accuracy(logits: NDArray[np.floating], truth: NDArray[np.integer]) -> float:
    """Return the fraction of rows whose largest logit is the true class, 0 to 1.

    Args:
        logits: (n, labels), n at least 1.
        truth: Class indices, (n,).
    """
    return float(metrics.accuracy_score(truth, logits.argmax(axis=1)))


def balanced_accuracy(predicted: NDArray[np.integer], truth: NDArray[np.integer]) -> float:
    """Return the mean recall of the classes that occur, 0 to 1: each class counts alike.

    Args:
        predicted: Class indices, (n,), n at least 1.
        truth: Likewise.
    """
    # balanced_accuracy_score does the same, and warns where a predicted class never occurs.
    recall = metrics.recall_score(truth, predicted, labels=np.unique(truth), average="macro")
    return float(recall)


def fraction_interval(hits: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the fraction of hits, 0 to 1.

    How many hits a resample of the rows holds is binomial, so the percentiles are known exactly and
    nothing is drawn at random.

    Args:
        hits: (n,), n at least 1.
    """
    low, high = binom.interval(0.95, len(hits), hits.mean())
    return float(low / len(hits)), float(high / len(hits))


def in_top_k(
    logits: NDArray[np.floating], truth: NDArray[np.integer], *, k: int
) -> NDArray[np.bool_]:
    """Say of each row whether the true class is among the k most likely ones.

    Args:
        logits: (n, labels).
        truth: Class indices, (n,).
        k: From 1 to the number of labels. (scikit-learn's `top_k_accuracy_score` refuses two
            labels.)
    """
    last = np.sort(logits, axis=1)[:, -k]
    return np.asarray(logits[np.arange(len(truth)), truth] >= last, np.bool_)


def cross_entropy(
    logits: NDArray[np.floating], truth: NDArray[np.integer], *, temperature: float = 1.0
) -> float:
    """Return the mean negative log-likelihood, in nats.

    Args:
        logits: (n, labels).
        truth: Class indices, (n,).
        temperature: Divides the logits.
    """
    # From logits, because log_loss takes probabilities and would clip the smallest of them.
    logs = log_softmax(logits.astype(np.float64) / temperature, axis=1)
    return float(-logs[np.arange(len(truth)), truth].mean())


def soft_cross_entropy(probabilities: NDArray[np.floating], targets: NDArray[np.floating]) -> float:
    """Return the mean cross-entropy against distributions, in nats.

    Args:
        probabilities: (n, labels).
        targets: Of the same shape, each row summing to 1.
    """
    least = np.finfo(np.float64).tiny
    return float(-(targets * np.log(np.maximum(probabilities, least))).sum(axis=1).mean())


def brier(probabilities: NDArray[np.floating], truth: NDArray[np.integer]) -> float:
    """Return the mean squared distance between probabilities and the one-hot truth, 0 to 2.

    Args:
        probabilities: (n, labels), each row summing to 1.
        truth: Class indices, (n,).
    """
    labels = np.arange(probabilities.shape[1])
    loss = metrics.brier_score_loss(truth, probabilities, labels=labels, scale_by_half=False)
    return float(loss)


def vote_share(predicted: NDArray[np.integer], shares: NDArray[np.floating]) -> float:
    """Return the mean share of people's votes for what was predicted, 0 to 1.

    Args:
        predicted: Class indices, (n,).
        shares: Of the votes on each row, (n, labels).
    """
    return float(shares[np.arange(len(predicted)), predicted].mean())


def confusion_matrix(
    predicted: NDArray[np.integer], truth: NDArray[np.integer], *, classes: int
) -> NDArray[np.int64]:
    """Count rows by true class (rows) and predicted class (columns), (classes, classes).

    Args:
        predicted: Class indices, (n,), n at least 1.
        truth: Likewise.
        classes: How many there are.
    """
    matrix = metrics.confusion_matrix(truth, predicted, labels=np.arange(classes))
    return np.asarray(matrix, np.int64)


def class_rows(matrix: NDArray[np.integer], labels: tuple[str, ...]) -> list[ClassRow]:
    """Compute precision, recall and F1 of each class.

    Args:
        matrix: As `confusion_matrix` counts it.
        labels: Of the classes.
    """
    # Each cell is one pair of true and predicted class, which counts as often as it occurred.
    true, predicted = np.indices(matrix.shape).reshape(2, -1)
    columns = metrics.precision_recall_fscore_support(
        true,
        predicted,
        labels=np.arange(len(labels)),
        sample_weight=matrix.ravel(),
        zero_division=0,
    )
    return [
        ClassRow(label, int(count), float(precision), float(recall), float(f1))
        for label, precision, recall, f1, count in zip(labels, *columns, strict=True)
    ]
