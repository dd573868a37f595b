"""Evaluate predictions: one function computes all figures, over every picture of a split."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocessing.bundle.outputs import LABEL, OutputSpec, to_probabilities
from preprocessing.dataset.read import Dataset
from training import metrics
from training.confidence import ReliabilityBin, calibration_error, reliability_bins
from training.evaluation.confident import Coverage, Mistake, coverage_steps, list_mistakes
from training.evaluation.held import Held, hold
from training.evaluation.predict import Predictions, log_test_use
from training.evaluation.slices import Slice, natural_slices
from training.evaluation.truths import (
    LABEL_TRUTH,
    TruthRow,
    VoteRow,
    truth_of,
    truth_rows,
    vote_rows,
)


@dataclass(frozen=True)
class Evaluation:
    """All that is said of a network on one split; fractions from 0 to 1.

    Attributes:
        split: `train`, `val`, `test`, or `all` of them.
        truth: What counts as right: `label`, the dataset's own, or `majority`, what most people
            chose.
        labels: In the order of the class indices.
        images: Rows of the split for which the truth is known; all of them count.
        images_by_label: Likewise, by true class.
        accuracy: With test-time augmentation.
        accuracy_interval_95: By bootstrap over the rows.
        accuracy_one_view: Without it.
        accuracy_without_leaked: On pictures that are not in the training split too.
        images_without_leaked: How many these are; at 0 the accuracy is 0.
        accuracy_two_guesses: The truth is one of the two most probable labels.
        share_sure: Fraction of the predictions whose confidence reaches the threshold of sure ones.
        accuracy_when_sure: Of the sure ones; 0 where there are none.
        precision: By predicted class.
        recall: By true class.
        f1: By class.
        macro_f1: Their mean.
        balanced_accuracy: The mean recall of the classes that occur.
        confusion: Counts by true class (rows) and predicted class (columns).
        ece_15_bins: Expected calibration error after scaling by the temperature.
        ece_15_bins_uncalibrated: Before.
        nll: Mean negative log-likelihood in nats, after scaling.
        nll_uncalibrated: Before.
        brier: Mean squared distance to the one-hot truth, 0 to 2, after scaling.
        brier_uncalibrated: Before.
        found_by: Rows by how their face was found.
        reliability: Confidence against accuracy.
        coverage: Accuracy of the most confident predictions, by their fraction of all.
        slices: Accuracy on parts of the split.
        mistakes: The most confident ones first.
        truths: Each output of the bundle against each truth; empty for other networks.
        votes: Each output, and people, against the votes; likewise, and where there are none.
    """

    split: str
    truth: str
    labels: tuple[str, ...]
    images: int
    images_by_label: dict[str, int]
    accuracy: float
    accuracy_interval_95: tuple[float, float]
    accuracy_one_view: float
    accuracy_without_leaked: float
    images_without_leaked: int
    accuracy_two_guesses: float
    share_sure: float
    accuracy_when_sure: float
    precision: dict[str, float]
    recall: dict[str, float]
    f1: dict[str, float]
    macro_f1: float
    balanced_accuracy: float
    confusion: tuple[tuple[int, ...], ...]
    ece_15_bins: float
    ece_15_bins_uncalibrated: float
    nll: float
    nll_uncalibrated: float
    brier: float
    brier_uncalibrated: float
    found_by: dict[str, int]
    reliability: tuple[ReliabilityBin, ...]
    coverage: tuple[Coverage, ...]
    slices: tuple[Slice, ...]
    mistakes: tuple[Mistake, ...]
    truths: tuple[TruthRow, ...] = ()
    votes: tuple[VoteRow, ...] = ()

    def figures(self) -> dict[str, Any]:
        """Return what a bundle's spec keeps: all but the single pictures."""
        return {name: value for name, value in asdict(self).items() if name != "mistakes"}


def compare(
    predictions: Mapping[str, Predictions],
    dataset: Dataset,
    *,
    dataset_folder: Path,
    output: str = LABEL,
) -> dict[str, Evaluation]:
    """Evaluate networks for one table; note beside the dataset where that used its test split.

    Args:
        predictions: By the name of the network, for the rows of one split; logits are already
            divided by the network's temperature.
        dataset: The dataset.
        dataset_folder: Where it lies.
        output: Of which output they are; `crowd` is compared with what most people chose.
    """
    split = next(iter(predictions.values())).split
    truth = truth_of(output, dataset, split=split)
    evaluations = {
        # Not all know from which confidence on they are sure, so a table leaves that out.
        name: evaluate(each, dataset, temperature=1.0, sure_confidence=1.0, truth=truth)
        for name, each in predictions.items()
    }
    for name, each in evaluations.items():
        if each.split == "test":
            log_test_use(dataset_folder, name=name, exported=None, accuracy=each.accuracy)
    return evaluations


def evaluate_bundle(
    predictions: Mapping[str, Predictions],
    outputs: Mapping[str, OutputSpec],
    dataset: Dataset,
    *,
    answers_with: str,
) -> Evaluation:
    """Evaluate what the product answers, and compare each output with each truth.

    Args:
        predictions: By output, for the rows of the split in `dataset`.
        outputs: Of the bundle.
        dataset: The dataset.
        answers_with: The output that answers, at its default balance. `crowd` is compared with the
            majority where the split has one, else with the labels.
    """
    output, said = outputs[answers_with], predictions[answers_with]
    calibration = output.calibration()
    # Moving the logits does what dividing the probabilities does.
    moved = calibration.balance * calibration.temperature * np.log(output.class_shares)
    evaluation = evaluate(
        Predictions(
            said.split,
            (said.logits - moved).astype(np.float32),
            (said.one_view_logits - moved).astype(np.float32),
        ),
        dataset,
        temperature=calibration.temperature,
        sure_confidence=calibration.sure_confidence,
        truth=truth_of(answers_with, dataset, split=said.split),
    )
    return replace(
        evaluation,
        truths=truth_rows(predictions, outputs, dataset),
        votes=vote_rows(predictions, outputs, dataset),
    )


def evaluate(
    predictions: Predictions,
    dataset: Dataset,
    *,
    temperature: float,
    sure_confidence: float,
    truth: str = LABEL_TRUTH,
) -> Evaluation:
    """Compute all figures.

    Args:
        predictions: For the rows of the split in `dataset`.
        dataset: The dataset.
        temperature: Divides the logits.
        sure_confidence: From this confidence on a prediction counts as sure.
        truth: One of `TRUTHS`.

    Raises:
        DatasetError: The truth is known of no row.
    """
    held = hold(predictions, dataset, truth=truth)
    return _figures(held, dataset, temperature=temperature, sure_confidence=sure_confidence)


def _figures(
    held: Held, dataset: Dataset, *, temperature: float, sure_confidence: float
) -> Evaluation:
    rows, right, logits = held.rows, held.indices, held.logits
    labels = dataset.manifest.recipe.labels
    calibrated, plain = to_probabilities(logits, temperature), to_probabilities(logits, 1.0)
    predicted = logits.argmax(axis=1)
    hits = predicted == right
    is_fresh = ~dataset.in_training_too()[rows]
    is_sure = calibrated.max(axis=1) >= sure_confidence
    matrix = metrics.confusion_matrix(predicted, right, classes=len(labels))
    classes = metrics.class_rows(matrix, labels)
    return Evaluation(
        split=held.split,
        truth=held.truth,
        labels=labels,
        images=len(rows),
        images_by_label={row.label: row.count for row in classes},
        accuracy=float(hits.mean()),
        accuracy_interval_95=metrics.fraction_interval(hits),
        accuracy_one_view=metrics.accuracy(held.one_view_logits, right),
        accuracy_without_leaked=_mean_where(hits, is_fresh),
        images_without_leaked=int(is_fresh.sum()),
        accuracy_two_guesses=float(metrics.in_top_k(logits, right, k=2).mean()),
        share_sure=float(is_sure.mean()),
        accuracy_when_sure=_mean_where(hits, is_sure),
        precision={row.label: row.precision for row in classes},
        recall={row.label: row.recall for row in classes},
        f1={row.label: row.f1 for row in classes},
        macro_f1=float(np.mean([row.f1 for row in classes if row.count])),
        balanced_accuracy=metrics.balanced_accuracy(predicted, right),
        confusion=tuple(map(tuple, matrix.tolist())),
        ece_15_bins=calibration_error(calibrated, right),
        ece_15_bins_uncalibrated=calibration_error(plain, right),
        nll=metrics.cross_entropy(logits, right, temperature=temperature),
        nll_uncalibrated=metrics.cross_entropy(logits, right),
        brier=metrics.brier(calibrated, right),
        brier_uncalibrated=metrics.brier(plain, right),
        found_by=dict(sorted(Counter(dataset.found_by[rows].tolist()).items())),
        reliability=tuple(reliability_bins(calibrated, right)),
        coverage=coverage_steps(calibrated, right),
        slices=tuple(natural_slices(dataset, rows, truth=right, hits=hits)),
        mistakes=list_mistakes(dataset, rows, truth=right, probabilities=calibrated),
    )


def _mean_where(hits: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> float:
    """Return the fraction of hits among the chosen rows; 0 where there are none."""
    return float(hits[chosen].mean()) if chosen.any() else 0.0
