from dataclasses import replace

import numpy as np
import pytest

from preprocessing.bundle.outputs import CROWD, LABEL, balanced_probabilities
from training.confidence import sure_confidence
from training.data import Examples
from training.export.calibrate import (
    BALANCES,
    LEAST_GAIN,
    LEAST_SHARE,
    LEAST_SURE,
    SURE_ACCURACY,
    calibrate,
)
from training.votes import vote_shares

PEOPLE = 10
# The first label is seen nine times as often as the second; the third never.
SEEN = np.array([0.9, 0.1])
VAL_ROWS = 4000


def examples(votes: np.ndarray, labels: np.ndarray) -> Examples:
    """Faces of which only votes and labels matter; the majority is the first choice."""
    chips = np.zeros((len(votes), 1, 1), np.uint8)
    majority = np.where(votes.max(axis=1) * 2 > PEOPLE, votes.argmax(axis=1), -1)
    return Examples(chips, chips, labels, votes, majority)


@pytest.fixture(scope="module")
def drawn() -> tuple[Examples, np.ndarray]:
    """Faces, and logits that say of each with what probability a person chooses each label."""
    generator = np.random.default_rng(0)
    shown = generator.choice(2, VAL_ROWS, p=SEEN)
    # Signs of the second label, blurred so much that the prior decides many faces.
    sign = generator.normal(2.0 * shown - 1, 1.2)
    odds = SEEN[1] / SEEN[0] * np.exp(2 * sign / 1.2**2)
    chosen = odds / (1 + odds)
    votes = np.zeros((VAL_ROWS, 3), np.int64)
    votes[:, 1] = generator.binomial(PEOPLE, chosen)
    votes[:, 0] = PEOPLE - votes[:, 1]
    logits = np.stack([np.log(1 - chosen), np.log(chosen), np.full(VAL_ROWS, -20.0)], axis=1)
    return examples(votes, shown), logits.astype(np.float32)


@pytest.fixture(scope="module")
def train() -> Examples:
    votes = np.array([[9, 1, 0]] * 10 + [[0, 0, 0]] * 5)
    labels = np.array([0] * 5 + [1] * 10)
    return examples(votes, labels)


def test_class_shares_are_those_of_what_an_output_learnt(
    drawn: tuple[Examples, np.ndarray], train: Examples
) -> None:
    val, logits = drawn
    for output, expected in ((CROWD, (0.9, 0.1)), (LABEL, (1 / 3, 2 / 3))):
        shares = calibrate(output, logits, val=val, train=train).class_shares
        assert sum(shares) == pytest.approx(1)
        assert shares[:2] == pytest.approx(expected, rel=1e-3)
        # A label that no training row has may not divide by zero.
        assert shares[2] == pytest.approx(LEAST_SHARE, rel=1e-3)


def test_honest_logits_need_no_temperature_and_others_get_theirs_back(
    drawn: tuple[Examples, np.ndarray], train: Examples
) -> None:
    val, logits = drawn
    for scale in (1.0, 2.5):
        output = calibrate(CROWD, logits * np.float32(scale), val=val, train=train)
        assert output.calibration(0.0).temperature == pytest.approx(scale, rel=0.05)


@pytest.mark.parametrize("output", [CROWD, LABEL])
def test_at_each_balance_no_other_temperature_is_nearer_to_the_targets(
    drawn: tuple[Examples, np.ndarray], train: Examples, output: str
) -> None:
    val, logits = drawn
    found = calibrate(output, logits, val=val, train=train)
    targets = vote_shares(val.votes) if output == CROWD else np.eye(3)[val.class_indices]
    assert [each.balance for each in found.calibrations] == list(BALANCES)
    for each in found.calibrations:

        def loss(temperature: float, balance: float = each.balance) -> float:
            probabilities = balanced_probabilities(
                logits, temperature=temperature, class_shares=found.class_shares, balance=balance
            )
            return float(-(targets * np.log(probabilities)).sum(axis=1).mean())

        best = loss(each.temperature)
        assert best < min(loss(0.97 * each.temperature), loss(1.03 * each.temperature))


def test_nine_of_ten_are_right_where_it_is_sure(
    drawn: tuple[Examples, np.ndarray], train: Examples
) -> None:
    val, logits = drawn
    found = calibrate(CROWD, logits, val=val, train=train)
    known = val.majority >= 0
    for each in found.calibrations:
        probabilities = found.probabilities(logits[known], each.balance)
        is_sure = probabilities.max(axis=1) >= each.sure_confidence
        right = probabilities.argmax(axis=1)[is_sure] == val.majority[known][is_sure]
        assert right.mean() >= SURE_ACCURACY
        # Of all such confidences it is the lowest: all are sure, or one more would be too many.
        is_least = each.sure_confidence == LEAST_SURE
        assert is_least or is_sure.all() or right.mean() < SURE_ACCURACY + 0.01


def test_a_word_that_fewer_than_half_would_choose_is_never_sure(train: Examples) -> None:
    votes = np.array([[4, 3, 3]] * 100)
    always_right = replace(
        examples(votes, np.zeros(100, np.int64)), majority=np.zeros(100, np.int64)
    )
    logits = np.log(votes / PEOPLE).astype(np.float32)
    found = calibrate(CROWD, logits, val=always_right, train=train)
    assert found.probabilities(logits, 0.0)[0, 0] == pytest.approx(0.4, abs=0.01)
    assert found.calibrations[0].sure_confidence == LEAST_SURE


def test_the_default_balance_is_the_least_that_is_as_good_as_the_best_by_both_together(
    drawn: tuple[Examples, np.ndarray], train: Examples
) -> None:
    val, logits = drawn
    found = calibrate(CROWD, logits, val=val, train=train)
    known = val.majority >= 0
    truth, plain, recalls = val.majority[known], [], []
    for balance in BALANCES:
        predicted = found.probabilities(logits[known], balance).argmax(axis=1)
        plain.append((predicted == truth).mean())
        recalls.append(np.mean([(predicted[truth == each] == each).mean() for each in (0, 1)]))
    # The case is one in which the two criteria disagree: neither end is best by both.
    assert np.argmax(plain) == 0
    assert np.argmax(recalls) > 0
    together = np.add(plain, recalls) / 2
    place = BALANCES.index(found.balance)
    assert place > 0
    assert together[place] > together.max() - LEAST_GAIN
    assert (together[:place] <= together.max() - LEAST_GAIN).all()


def test_what_a_constructed_network_says_decides_the_default() -> None:
    """One frequent label and a rare one that only balance brings out."""
    # 16 faces of the first label and 4 of the second, as in training.
    votes = np.zeros((20, 2), np.int64)
    votes[:16, 0] = votes[16:, 1] = PEOPLE
    faces = examples(votes, votes.argmax(axis=1))
    logits = np.zeros((20, 2), np.float32)
    # All but one of the first are certain; the second are told by prior alone.
    logits[:15, 0], logits[15:, 0] = 9.0, 0.4
    found = calibrate(CROWD, logits, val=faces, train=faces)
    assert found.class_shares == pytest.approx((0.8, 0.2))
    # Without balance no face of the second label is found; with any that finds them the five
    # doubtful faces are taken for the second: 19 of 20 right, and mean recall 0.97 instead of 0.5.
    assert found.balance > 0
    predicted = found.probabilities(logits).argmax(axis=1)
    assert predicted.tolist() == [0] * 15 + [1] * 5
    assert found.probabilities(logits, 0.0).argmax(axis=1).tolist() == [0] * 20


def test_where_balance_gains_nothing_the_answer_stays_as_it_was_learnt() -> None:
    votes = np.repeat(PEOPLE * np.eye(2, dtype=np.int64), [16, 4], axis=0)
    faces = examples(votes, votes.argmax(axis=1))
    logits = np.where(votes > 0, np.float32(5), np.float32(0))
    assert calibrate(CROWD, logits, val=faces, train=faces).balance == 0


def test_the_label_is_left_as_it_was_learnt(
    drawn: tuple[Examples, np.ndarray], train: Examples
) -> None:
    val, logits = drawn
    by_majority = replace(val, class_indices=np.maximum(val.majority, 0))
    assert calibrate(LABEL, logits, val=by_majority, train=train).balance == 0


def test_rows_without_votes_or_majority_count_for_nothing_that_needs_them(
    drawn: tuple[Examples, np.ndarray], train: Examples
) -> None:
    val, logits = drawn
    found = calibrate(CROWD, logits, val=val, train=train)
    silent = np.arange(500)
    votes, majority, moved = val.votes.copy(), val.majority.copy(), logits.copy()
    votes[silent], majority[silent], moved[silent] = 0, -1, 7.0
    heard = calibrate(CROWD, moved, val=replace(val, votes=votes, majority=majority), train=train)
    rest = np.s_[len(silent) :]
    alone = calibrate(
        CROWD,
        logits[rest],
        val=replace(
            val,
            chips=val.chips[rest],
            raw=val.raw[rest],
            class_indices=val.class_indices[rest],
            votes=val.votes[rest],
            majority=val.majority[rest],
        ),
        train=train,
    )
    assert heard == alone != found
    # Without a majority a row still says how people's votes are spread.
    undecided = calibrate(CROWD, logits, val=replace(val, majority=majority), train=train)
    for ours, theirs in zip(undecided.calibrations, found.calibrations, strict=True):
        assert ours.temperature == theirs.temperature
    known = majority >= 0
    probabilities = undecided.probabilities(logits[known], 0.0)
    assert undecided.calibrations[0].sure_confidence == sure_confidence(
        probabilities, majority[known], wanted=SURE_ACCURACY
    )
