import numpy as np
import pytest

from preprocessing.bundle.outputs import to_probabilities
from training import metrics
from training.confidence import (
    calibration_error,
    confident_mistakes,
    coverage_curve,
    fit_temperature,
    reliability_bins,
    sure_confidence,
    vote_calibration_error,
)


def test_reliability_bins_hold_every_answer_within_their_edges(
    honest: tuple[np.ndarray, np.ndarray],
) -> None:
    logits, truth = honest
    probabilities = to_probabilities(logits, 1.0)
    bins = reliability_bins(probabilities, truth)
    assert sum(each.count for each in bins) == len(truth)
    assert all(each.low <= each.confidence <= each.high for each in bins)
    # Of three classes the likeliest has a third at least, so the lowest bins are empty.
    assert bins[0].high > 1 / 3
    mean = sum(each.count * each.accuracy for each in bins) / len(truth)
    assert mean == pytest.approx(metrics.accuracy(logits, truth))


def test_coverage_ends_at_the_accuracy_on_all_answers(
    honest: tuple[np.ndarray, np.ndarray],
) -> None:
    logits, truth = honest
    confidence, reached = coverage_curve(to_probabilities(logits, 1.0), truth)
    assert (np.diff(confidence) <= 0).all()
    assert reached[-1] == pytest.approx(metrics.accuracy(logits, truth))
    assert reached[len(truth) // 4] > reached[-1]


def test_mistakes_come_most_confident_first() -> None:
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]])
    mistakes = confident_mistakes(probabilities, np.array([0, 1, 0, 0]), count=2)
    assert mistakes.tolist() == [2, 3]


def test_honest_probabilities_have_no_calibration_error(
    honest: tuple[np.ndarray, np.ndarray],
) -> None:
    logits, truth = honest
    sampling_noise = 0.01
    assert calibration_error(to_probabilities(logits, 1.0), truth) < sampling_noise
    assert calibration_error(to_probabilities(logits, 0.3), truth) > 5 * sampling_noise


@pytest.mark.parametrize("temperature", [0.25, 1.0, 3.0])
def test_temperature_is_found_again(
    honest: tuple[np.ndarray, np.ndarray], temperature: float
) -> None:
    logits, truth = honest
    shares = (1 / 3,) * 3
    for targets in (np.eye(3)[truth], to_probabilities(logits, 1.0)):
        found = fit_temperature(logits * temperature, targets, class_shares=shares, balance=1.0)
        assert found == pytest.approx(temperature, rel=0.05)


def test_temperature_is_fitted_after_the_classes_are_balanced(
    honest: tuple[np.ndarray, np.ndarray],
) -> None:
    logits, truth = honest
    shares = (0.7, 0.2, 0.1)
    # What a network says that saw the first class seven times as often as the last.
    learnt = logits + np.log(shares)
    options = {"class_shares": shares, "balance": 1.0}
    assert fit_temperature(learnt, np.eye(3)[truth], **options) == pytest.approx(1, rel=0.05)


def test_what_it_is_sure_of_is_right_as_often_as_wanted(
    honest: tuple[np.ndarray, np.ndarray],
) -> None:
    logits, truth = honest
    probabilities = to_probabilities(logits, 1.0)
    confidence = probabilities.max(axis=1)
    thresholds = [
        sure_confidence(probabilities, truth, wanted=wanted) for wanted in (0.8, 0.9, 0.95)
    ]
    assert thresholds == sorted(thresholds)
    for wanted, threshold in zip((0.8, 0.9, 0.95), thresholds, strict=True):
        taken = confidence >= threshold
        assert metrics.accuracy(logits[taken], truth[taken]) == pytest.approx(wanted, abs=0.001)


def test_answers_of_one_confidence_are_taken_together() -> None:
    probabilities = np.array([[0.8, 0.2], [0.8, 0.2]])
    assert sure_confidence(probabilities, np.array([0, 1]), wanted=0.9) == 1.0


def test_a_few_right_predictions_make_no_threshold() -> None:
    confidence = np.linspace(0.6, 0.9, 8)
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    right = np.zeros(8, np.int64)
    assert sure_confidence(probabilities[1:], right[1:], wanted=0.9) == 1.0
    assert sure_confidence(probabilities, right, wanted=0.9) == 0.6


@pytest.mark.parametrize("count", [1, 2, 5, 20])
def test_a_few_right_predictions_are_no_reason_to_be_certain(count: int) -> None:
    logits = np.tile([0.5, 0.0, 0.0], (count, 1))
    truth = np.zeros(count, np.int64)
    options = {"class_shares": (1 / 3,) * 3, "balance": 0.0}
    temperature = fit_temperature(logits, np.eye(3)[truth], **options)
    confidence = to_probabilities(logits, temperature).max()
    assert confidence == pytest.approx((count + 1) / (count + 2), abs=0.02)


def test_nothing_is_sure_where_even_the_best_is_wrong() -> None:
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2]])
    assert sure_confidence(probabilities, np.array([1, 1]), wanted=0.9) == 1.0


def test_confidence_that_is_the_share_of_votes_has_no_calibration_error(
    honest: tuple[np.ndarray, np.ndarray],
) -> None:
    logits, _ = honest
    shares = to_probabilities(logits, 1.0)
    assert vote_calibration_error(shares, shares) == pytest.approx(0, abs=1e-12)
    # Ten people draw their votes from it.
    generator = np.random.default_rng(1)
    votes = generator.multinomial(10, shares) / 10
    sampling_noise = 0.01
    assert vote_calibration_error(shares, votes) < sampling_noise
    too_sure = to_probabilities(logits, 0.3)
    assert vote_calibration_error(too_sure, votes) > 5 * sampling_noise


def test_with_votes_of_one_person_both_calibration_errors_are_the_same(
    honest: tuple[np.ndarray, np.ndarray],
) -> None:
    logits, truth = honest
    probabilities = to_probabilities(logits, 0.5)
    error = calibration_error(probabilities, truth)
    assert vote_calibration_error(probabilities, np.eye(3)[truth]) == pytest.approx(error)
