"""Judge answers by the rules that make a number honest: one function computes all figures."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocessing.bundle.outputs import LABEL, OutputSpec, to_probabilities
from preprocessing.dataset.read import Dataset
from training import metrics
from training.confidence import (
    ReliabilityBin,
    calibration_error,
    confident_mistakes,
    coverage_curve,
    reliability_bins,
)
from training.data import rows_of
from training.evaluation.predict import Answers, log_test_use
from training.evaluation.slices import Slice, natural_slices
from training.evaluation.truths import (
    LABEL_TRUTH,
    TruthRow,
    VoteRow,
    known_rows,
    true_indices,
    truth_of,
    truth_rows,
    vote_rows,
)

COVERAGE_STEPS = 50
MISTAKES = 48


@dataclass(frozen=True)
class Coverage:
    """How often the most confident answers are right.

    Attributes:
        share: Of all answers, 0 to 1.
        confidence: The least among them.
        accuracy: On them, 0 to 1.
    """

    share: float
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Mistake:
    """A wrong answer.

    Attributes:
        row: In the dataset.
        name: Where to find the source picture.
        label: The true one.
        predicted: The likeliest one.
        confidence: In that, 0 to 1.
    """

    row: int
    name: str
    label: str
    predicted: str
    confidence: float


@dataclass(frozen=True)
class Evaluation:
    """All that is said of a network on one split; shares from 0 to 1.

    Attributes:
        split: `train`, `val`, `test`, or `all` of them.
        truth: What counts as right: `label`, the dataset's own, or `majority`, what most people
            chose.
        labels: In the order of the class indices.
        images: Rows of the split for which the truth is known; all of them count.
        images_by_label: Likewise, by true class.
        accuracy: With views.
        accuracy_interval_95: By bootstrap over the rows.
        accuracy_one_view: Without views.
        accuracy_without_leaked: On pictures that are not in the training split too.
        images_without_leaked: How many these are; at 0 the accuracy is 0.
        accuracy_two_guesses: The truth is one of the two most probable labels.
        share_sure: Answers with at least the confidence from which on it is sure.
        accuracy_when_sure: On those; 0 where there are none.
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
        coverage: Accuracy on the most confident answers, by their share.
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
    answers: Mapping[str, Answers],
    dataset: Dataset,
    *,
    dataset_folder: Path,
    output: str = LABEL,
) -> dict[str, Evaluation]:
    """Evaluate networks for one table; note beside the dataset where that used its test split.

    Args:
        answers: By the name of the network, all to the rows of one split; logits already divided by
            the network's temperature.
        dataset: The dataset.
        dataset_folder: Where it lies.
        output: Whose answers they are: those of `crowd` are held to what most people chose.
    """
    split = next(iter(answers.values())).split
    truth = truth_of(output, dataset, split=split)
    evaluations = {
        # Not all know from which confidence on they are sure, so a table leaves that out.
        name: evaluate(each, dataset, temperature=1.0, sure_confidence=1.0, truth=truth)
        for name, each in answers.items()
    }
    for name, each in evaluations.items():
        if each.split == "test":
            log_test_use(dataset_folder, name=name, exported=None, accuracy=each.accuracy)
    return evaluations


def evaluate_bundle(
    answers: Mapping[str, Answers],
    outputs: Mapping[str, OutputSpec],
    dataset: Dataset,
    *,
    answers_with: str,
) -> Evaluation:
    """Evaluate what the product answers, and hold each output to each truth.

    Args:
        answers: To the rows of the split in `dataset`, by output.
        outputs: Of the bundle.
        dataset: The dataset.
        answers_with: The output that answers, at its default balance. `crowd` is held to the
            majority where the split has one, else to the labels.
    """
    output, said = outputs[answers_with], answers[answers_with]
    calibration = output.calibration()
    # Moving the logits does what dividing the probabilities does.
    moved = calibration.balance * calibration.temperature * np.log(output.class_shares)
    evaluation = evaluate(
        Answers(
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
        truths=truth_rows(answers, outputs, dataset),
        votes=vote_rows(answers, outputs, dataset),
    )


def evaluate(
    answers: Answers,
    dataset: Dataset,
    *,
    temperature: float,
    sure_confidence: float,
    truth: str = LABEL_TRUTH,
) -> Evaluation:
    """Compute all figures.

    Args:
        answers: To the rows of the split in `dataset`.
        dataset: The dataset.
        temperature: Divides the logits.
        sure_confidence: From this confidence on an answer counts as sure.
        truth: One of `TRUTHS`.

    Raises:
        DatasetError: The truth is known of no row.
    """
    labels = dataset.manifest.recipe.labels
    every_row = rows_of(dataset, answers.split)
    known, rows = known_rows(dataset, every_row, truth=truth)
    truth_indices = true_indices(dataset, rows, truth=truth)
    logits, one_view_logits = answers.logits[known], answers.one_view_logits[known]
    calibrated, plain = to_probabilities(logits, temperature), to_probabilities(logits, 1.0)
    predicted, confidence = logits.argmax(axis=1), calibrated.max(axis=1)
    hits = predicted == truth_indices
    is_fresh = ~dataset.in_training_too()[rows]
    is_sure = confidence >= sure_confidence
    matrix = metrics.confusion_matrix(predicted, truth_indices, classes=len(labels))
    classes = metrics.class_rows(matrix, labels)
    names, counts = np.unique(dataset.found_by[rows], return_counts=True)
    return Evaluation(
        split=answers.split,
        truth=truth,
        labels=labels,
        images=len(rows),
        images_by_label={row.label: row.count for row in classes},
        accuracy=float(hits.mean()),
        accuracy_interval_95=metrics.share_interval(hits),
        accuracy_one_view=metrics.accuracy(one_view_logits, truth_indices),
        accuracy_without_leaked=float(hits[is_fresh].mean()) if is_fresh.any() else 0.0,
        images_without_leaked=int(is_fresh.sum()),
        accuracy_two_guesses=float(metrics.in_top_k(logits, truth_indices, k=2).mean()),
        share_sure=float(is_sure.mean()),
        accuracy_when_sure=float(hits[is_sure].mean()) if is_sure.any() else 0.0,
        precision={row.label: row.precision for row in classes},
        recall={row.label: row.recall for row in classes},
        f1={row.label: row.f1 for row in classes},
        macro_f1=float(np.mean([row.f1 for row in classes if row.count])),
        balanced_accuracy=metrics.balanced_accuracy(predicted, truth_indices),
        confusion=tuple(map(tuple, matrix.tolist())),
        ece_15_bins=calibration_error(calibrated, truth_indices),
        ece_15_bins_uncalibrated=calibration_error(plain, truth_indices),
        nll=metrics.cross_entropy(logits, truth_indices, temperature=temperature),
        nll_uncalibrated=metrics.cross_entropy(logits, truth_indices),
        brier=metrics.brier(calibrated, truth_indices),
        brier_uncalibrated=metrics.brier(plain, truth_indices),
        found_by=dict(zip(names.tolist(), counts.tolist(), strict=True)),
        reliability=tuple(reliability_bins(calibrated, truth_indices)),
        coverage=_coverage(calibrated, truth_indices),
        slices=tuple(natural_slices(dataset, rows, truth=truth_indices, hits=hits)),
        mistakes=_mistakes(dataset, rows, truth_indices, calibrated),
    )


def _coverage(probabilities: NDArray[np.float64], truth: NDArray[np.int64]) -> tuple[Coverage, ...]:
    confidence, reached = coverage_curve(probabilities, truth)
    ends = np.unique(np.linspace(0, len(truth), COVERAGE_STEPS + 1).round().astype(int)[1:])
    return tuple(
        Coverage(end / len(truth), float(confidence[end - 1]), float(reached[end - 1]))
        for end in ends.tolist()
        if end
    )


def _mistakes(
    dataset: Dataset,
    rows: NDArray[np.int64],
    truth: NDArray[np.int64],
    probabilities: NDArray[np.float64],
) -> tuple[Mistake, ...]:
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
