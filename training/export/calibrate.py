"""Fit on val how an output's logits become probabilities."""

import numpy as np
from numpy.typing import NDArray

from preprocessing.bundle.outputs import CROWD, Calibration, OutputSpec, balanced_probabilities
from training.confidence import fit_temperature, sure_confidence
from training.data import Examples, row_weights, targets_for, truth_for
from training.metrics import balanced_accuracy

BALANCES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""At these the temperature and the sure confidence are fitted."""
# Where the product says that it is sure, this fraction of its predictions shall be right.
SURE_ACCURACY = 0.9
# A word that fewer than half of the people would choose is never sure, however often such words
# were right: another may be as likely.
LEAST_SURE = 0.5
# On some thousand pictures a difference of less than this says nothing, and what is nearer to the
# network as it learnt keeps its confidences truer.
LEAST_GAIN = 0.0025
# Keeps the share of a label that no training row has above 0.
LEAST_SHARE = 1e-4


def calibrate(
    output: str,
    logits: NDArray[np.float32],
    *,
    val: Examples,
    train: Examples,
    class_weight: float = 0.0,
) -> OutputSpec:
    """Fit temperature and sure confidence at each balance, and choose the default balance.

    The temperature brings the probabilities nearest to the distribution of people's votes, or to
    the labels, by cross-entropy. The sure confidence makes nine of ten predictions right, and is
    at least `LEAST_SURE`. The default balance of `crowd` is the least of `BALANCES` whose mean of
    accuracy and balanced accuracy is the highest or less than `LEAST_GAIN` below it: people's
    pictures are neither as the training pictures nor evenly mixed. `label` is there for comparison
    with others, and is left as it was learnt.

    Args:
        output: Its name.
        logits: Of the val rows, (n, labels).
        val: The val rows.
        train: The training rows: their targets give the class shares.
        class_weight: Of the run: rows of rare labels counted for more, so the network takes these
            to be less rare.
    """
    class_shares = _class_shares(output, train, classes=logits.shape[1], weight=class_weight)
    targets = targets_for(output, val, classes=logits.shape[1])
    has_target = targets.any(axis=1)
    truth = truth_for(output, val)
    known = truth >= 0
    calibrations, worth = [], []
    for balance in BALANCES:
        temperature = fit_temperature(
            logits[has_target], targets[has_target], class_shares=class_shares, balance=balance
        )
        probabilities = balanced_probabilities(
            logits[known], temperature=temperature, class_shares=class_shares, balance=balance
        )
        nine_of_ten = sure_confidence(probabilities, truth[known], wanted=SURE_ACCURACY)
        sure_from = max(nine_of_ten, LEAST_SURE)
        calibrations.append(
            Calibration(balance=balance, temperature=temperature, sure_confidence=sure_from)
        )
        worth.append(_worth(probabilities, truth[known]))
    good = np.asarray(worth) > max(worth) - LEAST_GAIN
    default = BALANCES[int(good.argmax())] if output == CROWD else 0.0
    return OutputSpec(class_shares, balance=default, calibrations=tuple(calibrations))


def _class_shares(
    output: str, train: Examples, *, classes: int, weight: float
) -> tuple[float, ...]:
    """Return how frequent each label was in what an output learnt; they sum to 1."""
    learnt = targets_for(output, train, classes=classes)
    weights = row_weights(train, classes=classes, exponent=weight)
    learnt *= weights[:, None]
    has_target = learnt.any(axis=1)
    shares = learnt[has_target].sum(axis=0) / weights[has_target].sum()
    shares = np.maximum(shares, LEAST_SHARE)
    return tuple((shares / shares.sum()).tolist())


def _worth(probabilities: NDArray[np.float64], truth: NDArray[np.int64]) -> float:
    """Return the mean of accuracy and balanced accuracy, 0 to 1."""
    predicted = probabilities.argmax(axis=1)
    plain = float((predicted == truth).mean())
    return (plain + balanced_accuracy(predicted, truth)) / 2
