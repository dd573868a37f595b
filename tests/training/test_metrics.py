import numpy as np
import pytest

from preprocessing.bundle.outputs import to_probabilities
from training import metrics

LABELS = ("one", "two", "three")


def test_accuracy_counts_largest_logits() -> None:
    logits = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]])
    assert metrics.accuracy(logits, np.array([0, 1, 2, 0])) == 0.75


def test_interval_holds_the_share_and_narrows_with_more_rows() -> None:
    hits = np.tile([True, True, True, False], 25)
    low, high = metrics.fraction_interval(hits)
    assert 0.60 < low < 0.75 < high < 0.90
    narrow_low, narrow_high = metrics.fraction_interval(np.tile(hits, 100))
    assert narrow_high - narrow_low < (high - low) / 5


def test_interval_is_that_of_a_bootstrap_over_the_rows() -> None:
    hits = np.arange(500) % 8 > 0
    resampled = np.random.default_rng(0).choice(hits, (4000, len(hits))).mean(axis=1)
    expected = np.percentile(resampled, [2.5, 97.5])
    sampling_noise = 2 / len(hits)
    assert metrics.fraction_interval(hits) == pytest.approx(expected, abs=sampling_noise)


def test_the_top_two_hold_the_truth_more_often_than_the_top_one(
    honest: tuple[np.ndarray, np.ndarray],
) -> None:
    logits, truth = honest
    one, two, three = (metrics.in_top_k(logits, truth, k=count) for count in (1, 2, 3))
    assert one.mean() == metrics.accuracy(logits, truth)
    assert one.mean() < two.mean() < 1
    assert (two | ~one).all()
    assert three.all()


def test_cross_entropy_of_no_opinion_is_the_logarithm_of_the_classes() -> None:
    assert metrics.cross_entropy(np.zeros((5, 3)), np.array([0, 1, 2, 0, 1])) == pytest.approx(
        np.log(3)
    )


def test_brier_is_zero_for_certain_truth_and_two_for_certain_error() -> None:
    certain = np.array([[1.0, 0, 0]])
    assert metrics.brier(certain, np.array([0])) == 0
    assert metrics.brier(certain, np.array([1])) == 2


@pytest.mark.parametrize("classes", [2, 6])
def test_a_set_of_one_row_has_all_figures(classes: int) -> None:
    logits, truth = np.eye(classes)[:1], np.array([0])
    probabilities = to_probabilities(logits, 1.0)
    assert metrics.accuracy(logits, truth) == metrics.balanced_accuracy(truth, truth) == 1
    assert metrics.in_top_k(logits, truth, k=2).all()
    assert metrics.fraction_interval(np.array([True])) == (1, 1)
    assert metrics.brier(probabilities, truth) == pytest.approx(
        ((probabilities - logits) ** 2).sum()
    )
    assert metrics.cross_entropy(logits, truth) == pytest.approx(-np.log(probabilities[0, 0]))


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
