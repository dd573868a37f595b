import numpy as np
import pytest

from preprocessing.bundle.outputs import to_probabilities
from training import metrics

LABELS = ("one", "two", "three")


@pytest.fixture
def honest() -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax is the true distribution from which the classes are drawn."""
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (20_000, 3))
    probabilities = to_probabilities(logits, 1.0)
    truth = (generator.random(len(logits))[:, None] > probabilities.cumsum(axis=1)).sum(axis=1)
    return logits, np.minimum(truth, 2)


def test_accuracy_counts_largest_logits() -> None:
    logits = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]])
    assert metrics.accuracy(logits, np.array([0, 1, 2, 0])) == 0.75


def test_interval_holds_the_share_and_narrows_with_more_rows() -> None:
    hits = np.tile([True, True, True, False], 25)
    low, high = metrics.share_interval(hits)
    assert 0.60 < low < 0.75 < high < 0.90
    narrow_low, narrow_high = metrics.share_interval(np.tile(hits, 100))
    assert narrow_high - narrow_low < (high - low) / 5


def test_two_guesses_hold_the_truth_at_least_as_often_as_one(
    honest: tuple[np.ndarray, np.ndarray],
) -> None:
    logits, truth = honest
    one, two, three = (metrics.in_guesses(logits, truth, guesses=count) for count in (1, 2, 3))
    assert one.mean() == metrics.accuracy(logits, truth)
    assert one.mean() < two.mean() < 1
    assert (two | ~one).all()
    assert three.all()


def test_reliability_bins_hold_every_answer_within_their_edges(
    honest: tuple[np.ndarray, np.ndarray],
) -> None:
    logits, truth = honest
    probabilities = to_probabilities(logits, 1.0)
    bins = metrics.reliability(probabilities, truth)
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
    confidence, reached = metrics.coverage_curve(to_probabilities(logits, 1.0), truth)
    assert (np.diff(confidence) <= 0).all()
    assert reached[-1] == pytest.approx(metrics.accuracy(logits, truth))
    assert reached[len(truth) // 4] > reached[-1]


def test_mistakes_come_most_confident_first() -> None:
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]])
    mistakes = metrics.confident_mistakes(probabilities, np.array([0, 1, 0, 0]), count=2)
    assert mistakes.tolist() == [2, 3]


def test_cross_entropy_of_no_opinion_is_the_logarithm_of_the_classes() -> None:
    assert metrics.cross_entropy(np.zeros((5, 3)), np.array([0, 1, 2, 0, 1])) == pytest.approx(
        np.log(3)
    )


def test_honest_probabilities_have_no_calibration_error(
    honest: tuple[np.ndarray, np.ndarray],
) -> None:
    logits, truth = honest
    sampling_noise = 0.01
    assert metrics.calibration_error(to_probabilities(logits, 1.0), truth) < sampling_noise
    assert metrics.calibration_error(to_probabilities(logits, 0.3), truth) > 5 * sampling_noise


@pytest.mark.parametrize("temperature", [0.25, 1.0, 3.0])
def test_temperature_is_found_again(
    honest: tuple[np.ndarray, np.ndarray], temperature: float
) -> None:
    logits, truth = honest
    shares = (1 / 3,) * 3
    for targets in (np.eye(3)[truth], to_probabilities(logits, 1.0)):
        found = metrics.fit_temperature(
            logits * temperature, targets, class_shares=shares, balance=1.0
        )
        assert found == pytest.approx(temperature, rel=0.05)


def test_temperature_is_fitted_after_the_classes_are_balanced(
    honest: tuple[np.ndarray, np.ndarray],
) -> None:
    logits, truth = honest
    shares = (0.7, 0.2, 0.1)
    # What a network says that saw the first class seven times as often as the last.
    learnt = logits + np.log(shares)
    options = {"class_shares": shares, "balance": 1.0}
    assert metrics.fit_temperature(learnt, np.eye(3)[truth], **options) == pytest.approx(
        1, rel=0.05
    )


def test_brier_is_zero_for_certain_truth_and_two_for_certain_error() -> None:
    certain = np.array([[1.0, 0, 0]])
    assert metrics.brier(certain, np.array([0])) == 0
    assert metrics.brier(certain, np.array([1])) == 2


def test_class_rows_read_a_confusion_matrix() -> None:
    truth = np.array([0, 0, 0, 1, 1, 2])
    predicted = np.array([0, 0, 1, 1, 0, 2])
    matrix = metrics.confusion_matrix(predicted, truth, classes=3)
    assert matrix.tolist() == [[2, 1, 0], [1, 1, 0], [0, 0, 1]]
    one, two, three = metrics.class_rows(matrix, LABELS)
    assert (one.count, one.precision, one.recall) == (3, pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert two.f1 == pytest.approx(0.5)
    assert three.f1 == 1


def test_a_class_never_seen_nor_claimed_has_zeros() -> None:
    matrix = metrics.confusion_matrix(np.array([0]), np.array([0]), classes=3)
    assert metrics.class_rows(matrix, LABELS)[2].f1 == 0


def test_what_it_is_sure_of_is_right_as_often_as_wanted(
    honest: tuple[np.ndarray, np.ndarray],
) -> None:
    logits, truth = honest
    probabilities = to_probabilities(logits, 1.0)
    confidence = probabilities.max(axis=1)
    thresholds = [
        metrics.sure_confidence(probabilities, truth, wanted=wanted) for wanted in (0.8, 0.9, 0.95)
    ]
    assert thresholds == sorted(thresholds)
    for wanted, threshold in zip((0.8, 0.9, 0.95), thresholds, strict=True):
        taken = confidence >= threshold
        assert metrics.accuracy(logits[taken], truth[taken]) == pytest.approx(wanted, abs=0.001)


def test_answers_of_one_confidence_are_taken_together() -> None:
    probabilities = np.array([[0.8, 0.2], [0.8, 0.2]])
    assert metrics.sure_confidence(probabilities, np.array([0, 1]), wanted=0.9) == 1.0


def test_nothing_is_sure_where_even_the_best_is_wrong() -> None:
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2]])
    assert metrics.sure_confidence(probabilities, np.array([1, 1]), wanted=0.9) == 1.0


def test_each_class_that_occurs_counts_alike_in_the_balanced_accuracy() -> None:
    truth = np.array([0] * 8 + [2] * 2)
    predicted = np.array([0] * 8 + [2, 1])
    assert metrics.balanced_accuracy(predicted, truth) == pytest.approx((1 + 0.5) / 2)
    assert metrics.balanced_accuracy(np.zeros(10, int), truth) == pytest.approx(0.5)


def test_soft_cross_entropy_is_least_for_the_targets_themselves(
    honest: tuple[np.ndarray, np.ndarray],
) -> None:
    logits, truth = honest
    targets = to_probabilities(logits, 1.0)
    entropy = float(-(targets * np.log(targets)).sum(axis=1).mean())
    assert metrics.soft_cross_entropy(targets, targets) == pytest.approx(entropy)
    for temperature in (0.8, 1.25):
        assert metrics.soft_cross_entropy(to_probabilities(logits, temperature), targets) > entropy
    # Against one true class it is the cross-entropy.
    assert metrics.soft_cross_entropy(targets, np.eye(3)[truth]) == pytest.approx(
        metrics.cross_entropy(logits, truth)
    )


def test_a_share_of_zero_may_be_predicted_with_no_probability() -> None:
    certain = np.array([[1.0, 0.0]])
    assert metrics.soft_cross_entropy(certain, certain) == 0
    assert np.isfinite(metrics.soft_cross_entropy(certain, np.array([[0.5, 0.5]])))


def test_vote_share_is_the_mean_share_for_what_was_said() -> None:
    shares = np.array([[0.7, 0.2, 0.1], [0.0, 0.4, 0.6]])
    assert metrics.vote_share(np.array([0, 1]), shares) == pytest.approx((0.7 + 0.4) / 2)


def test_confidence_that_is_the_share_of_votes_has_no_calibration_error(
    honest: tuple[np.ndarray, np.ndarray],
) -> None:
    logits, _ = honest
    shares = to_probabilities(logits, 1.0)
    assert metrics.vote_calibration_error(shares, shares) == pytest.approx(0, abs=1e-12)
    # Ten people draw their votes from it.
    generator = np.random.default_rng(1)
    votes = generator.multinomial(10, shares) / 10
    sampling_noise = 0.01
    assert metrics.vote_calibration_error(shares, votes) < sampling_noise
    too_sure = to_probabilities(logits, 0.3)
    assert metrics.vote_calibration_error(too_sure, votes) > 5 * sampling_noise


def test_with_votes_of_one_person_both_calibration_errors_are_the_same(
    honest: tuple[np.ndarray, np.ndarray],
) -> None:
    logits, truth = honest
    probabilities = to_probabilities(logits, 0.5)
    error = metrics.calibration_error(probabilities, truth)
    assert metrics.vote_calibration_error(probabilities, np.eye(3)[truth]) == pytest.approx(error)
