"""Each output is held to each truth: what most people said, and the label."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from preprocessing.bundle.outputs import CROWD, LABEL, OUTPUTS, OutputSpec
from preprocessing.dataset.read import Dataset
from preprocessing.errors import DatasetError
from tests.training.evaluation.drawn_predictions import BALANCE, output_spec, predictions_for
from training.data import rows_of, split_examples, training_examples
from training.evaluation.evaluate import evaluate_bundle
from training.evaluation.predict import Predictions
from training.evaluation.truths import (
    FIRST_CHOICE,
    LABEL_TRUTH,
    MAJORITY,
    ONE_PERSON,
    known_rows,
    truth_of,
    truth_rows,
    vote_rows,
)
from training.votes import vote_shares


def test_each_output_is_held_to_each_truth_as_learnt_and_at_its_balance(
    voted: Dataset, outputs: dict[str, OutputSpec]
) -> None:
    predictions = predictions_for(voted, *OUTPUTS)
    rows = truth_rows(predictions, outputs, voted)
    assert [(row.truth, row.output, row.balance) for row in rows] == [
        (LABEL_TRUTH, CROWD, 0.0),
        (LABEL_TRUTH, CROWD, BALANCE),
        (LABEL_TRUTH, LABEL, 0.0),
        (MAJORITY, CROWD, 0.0),
        (MAJORITY, CROWD, BALANCE),
        (MAJORITY, LABEL, 0.0),
    ]
    val = split_examples(voted, "val")
    for row in rows:
        truth = (val.class_indices if row.truth == LABEL_TRUTH else val.majority).tolist()
        said = outputs[row.output].probabilities(predictions[row.output].logits, row.balance)
        predicted = said.argmax(axis=1).tolist()
        pairs = [(a, b) for a, b in zip(predicted, truth, strict=True) if b >= 0]
        assert row.images == len(pairs) == (12 if row.truth == LABEL_TRUTH else 9)
        assert row.accuracy == pytest.approx(np.mean([a == b for a, b in pairs]))
        recalls = [
            np.mean([a == b for a, b in pairs if b == each]) for each in {b for _, b in pairs}
        ]
        assert row.balanced_accuracy == pytest.approx(np.mean(recalls))
        low, high = row.accuracy_interval_95
        assert low <= row.accuracy <= high


def test_who_says_what_people_say_has_the_most_votes_and_no_calibration_error(
    voted: Dataset,
) -> None:
    val = split_examples(voted, "val")
    shares = vote_shares(val.votes).astype(np.float64)
    logits = np.log(np.maximum(shares, 1e-30)).astype(np.float32)
    oracle = {CROWD: Predictions("val", logits, logits)}
    plain = {CROWD: output_spec(balance=0.0, temperature=1.0)}
    found, person, ceiling = vote_rows(oracle, plain, voted)
    assert (found.who, person.who, ceiling.who) == (CROWD, ONE_PERSON, FIRST_CHOICE)
    assert found.images == person.images == ceiling.images == 10
    known = shares[shares.any(axis=1)]
    assert found.vote_share == ceiling.vote_share == pytest.approx(known.max(axis=1).mean())
    entropy = -np.where(known > 0, known * np.log(np.maximum(known, 1e-30)), 0).sum(axis=1).mean()
    assert found.nll == pytest.approx(entropy, abs=1e-5)
    assert ceiling.nll == pytest.approx(entropy, abs=1e-5)
    assert found.calibration_error == pytest.approx(0, abs=1e-5)
    assert ceiling.calibration_error is person.calibration_error is None
    assert person.vote_share < ceiling.vote_share
    assert person.nll > ceiling.nll


def test_nobody_is_above_the_ceiling(voted: Dataset, outputs: dict[str, OutputSpec]) -> None:
    *others, ceiling = vote_rows(predictions_for(voted, *OUTPUTS), outputs, voted)
    assert [(row.who, row.balance) for row in others] == [
        (CROWD, 0.0),
        (CROWD, BALANCE),
        (LABEL, 0.0),
        (ONE_PERSON, None),
    ]
    for row in others:
        assert row.vote_share <= ceiling.vote_share
        assert row.nll >= ceiling.nll


def test_one_person_is_each_voter_held_to_the_others(
    voted: Dataset, outputs: dict[str, OutputSpec]
) -> None:
    """The formula against voters who are taken out one by one."""

    def people(votes: np.ndarray) -> list[int]:
        return [label for label, count in enumerate(votes) for _ in range(count)]

    # How others vote where one voted so, from the training rows, each pair once more than seen.
    pairs = np.ones((6, 6))
    for votes in training_examples(voted).votes:
        for mine, theirs in permutations(people(votes), 2):
            pairs[mine, theirs] += 1
    others_say = pairs / pairs.sum(axis=1, keepdims=True)
    shares, losses = [], []
    for votes in split_examples(voted, "val").votes:
        voters = people(votes)
        if len(voters) < 2:
            continue
        taken = [(mine, voters[:at] + voters[at + 1 :]) for at, mine in enumerate(voters)]
        shares.append(np.mean([others.count(mine) / len(others) for mine, others in taken]))
        losses.append(np.mean([-np.log(others_say[mine, others]).mean() for mine, others in taken]))
    rows = vote_rows(predictions_for(voted, CROWD), outputs, voted)
    (person,) = (row for row in rows if row.who == ONE_PERSON)
    assert person.images == len(shares)
    assert person.vote_share == pytest.approx(np.mean(shares))
    assert person.nll == pytest.approx(np.mean(losses))


def test_a_face_with_one_vote_says_nothing_of_a_person_held_to_others(
    voted: Dataset, outputs: dict[str, OutputSpec]
) -> None:
    first = np.eye(voted.votes.shape[1], dtype=np.uint8)[voted.votes.argmax(axis=1)]
    alone = replace(voted, votes=first)
    rows = vote_rows(predictions_for(alone, CROWD), outputs, alone)
    assert ONE_PERSON not in {row.who for row in rows}
    assert rows[-1].vote_share == 1


def test_held_out_rows_alone_are_evaluated(voted: Dataset, outputs: dict[str, OutputSpec]) -> None:
    held_out = replace(voted, splits=np.full(len(voted.splits), "test"))
    predictions = predictions_for(held_out, CROWD, split="test")
    (*_, person, _) = vote_rows(predictions, outputs, held_out)
    # Nothing is known of how people vote together, so all six labels are expected alike.
    assert person.nll == pytest.approx(np.log(6))


def test_a_dataset_without_votes_has_one_truth_and_no_people(
    dataset: Dataset, outputs: dict[str, OutputSpec]
) -> None:
    predictions = predictions_for(dataset, *OUTPUTS)
    rows = truth_rows(predictions, outputs, dataset)
    assert {row.truth for row in rows} == {LABEL_TRUTH}
    assert {row.images for row in rows} == {12}
    assert vote_rows(predictions, outputs, dataset) == ()
    assert truth_of(CROWD, dataset, split="val") == LABEL_TRUTH
    with pytest.raises(DatasetError, match="--ferplus"):
        known_rows(dataset, rows_of(dataset, "val"), truth=MAJORITY)
    evaluation = evaluate_bundle(predictions, outputs, dataset, answers_with=CROWD)
    assert (evaluation.truth, evaluation.images, evaluation.votes) == (LABEL_TRUTH, 12, ())


def test_the_crowd_is_held_to_the_majority_and_the_label_to_the_label(voted: Dataset) -> None:
    assert truth_of(CROWD, voted, split="val") == MAJORITY
    assert truth_of(LABEL, voted, split="val") == LABEL_TRUTH
    votes = voted.votes.copy()
    votes[rows_of(voted, "test")] = 0
    partly = replace(voted, votes=votes)
    assert truth_of(CROWD, partly, split="test") == LABEL_TRUTH
    assert truth_of(CROWD, partly, split="all") == MAJORITY
