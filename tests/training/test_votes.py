from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from preprocessing.bundle.outputs import CROWD, LABEL
from preprocessing.dataset.fer2013 import VOTE_COLUMNS
from preprocessing.dataset.labels import FERPLUS_LABELS, DisgustPolicy, labels_for
from preprocessing.dataset.read import Dataset
from training.data import (
    has_majority,
    outputs_for,
    rows_of,
    split_examples,
    targets_for,
    training_examples,
    training_rows,
    truth_for,
)
from training.votes import NO_MAJORITY, label_votes, majority_indices, vote_shares

SIX = labels_for(DisgustPolicy.DROP)
SEVEN = labels_for(DisgustPolicy.KEEP)


def with_votes(
    dataset: Dataset,
    *votes: dict[str, int],
    disgust: DisgustPolicy = DisgustPolicy.DROP,
    labels: tuple[str, ...] = SIX,
) -> Dataset:
    """Give the first rows of a dataset these votes, by the words of FER+; the others have none."""
    counted = np.zeros((len(dataset.chips), len(VOTE_COLUMNS)), np.uint8)
    for row, each in enumerate(votes):
        counted[row] = [each.get(column, 0) for column in VOTE_COLUMNS]
    recipe = replace(dataset.manifest.recipe, disgust=disgust, labels=labels)
    return replace(dataset, votes=counted, manifest=replace(dataset.manifest, recipe=recipe))


@pytest.mark.parametrize(
    ("votes", "shares"),
    [
        ({"anger": 3, "happiness": 3}, {"angry": "1/2", "happy": "1/2"}),
        ({"sadness": 10}, {"sad": "1"}),
        # Contempt and disgust are no labels; half of the votes are for labels, which is enough.
        ({"sadness": 5, "contempt": 2, "disgust": 3}, {"sad": "1"}),
        ({"sadness": 4, "fear": 2, "unknown": 4}, {"sad": "2/3", "fear": "1/3"}),
        # More than half are for something else.
        ({"sadness": 4, "contempt": 3, "NF": 3}, {}),
        ({"disgust": 10}, {}),
        ({"NF": 10}, {}),
        ({}, {}),
    ],
)
def test_votes_are_shared_out_among_the_labels(
    dataset: Dataset, votes: dict[str, int], shares: dict[str, str]
) -> None:
    found = vote_shares(label_votes(with_votes(dataset, votes)))
    assert found.dtype == np.float32
    assert found.shape == (len(dataset.chips), len(SIX))
    expected = [float(Fraction(shares.get(label, "0"))) for label in SIX]
    np.testing.assert_allclose(found[0], expected, rtol=1e-6)
    assert not found[1:].any()


@pytest.mark.parametrize(
    ("policy", "labels", "shares"),
    [
        (DisgustPolicy.DROP, SIX, {"angry": 0.5, "happy": 0.5}),
        (DisgustPolicy.MERGE, labels_for(DisgustPolicy.MERGE), {"angry": 0.75, "happy": 0.25}),
        (DisgustPolicy.KEEP, SEVEN, {"angry": 0.25, "disgust": 0.5, "happy": 0.25}),
    ],
)
def test_disgust_is_voted_for_as_the_policy_says(
    dataset: Dataset,
    policy: DisgustPolicy,
    labels: tuple[str, ...],
    shares: dict[str, float],
) -> None:
    voted = with_votes(
        dataset,
        {"anger": 2, "disgust": 4, "happiness": 2},
        {"disgust": 10},
        disgust=policy,
        labels=labels,
    )
    found = vote_shares(label_votes(voted))
    assert found[0].tolist() == [shares.get(label, 0.0) for label in labels]
    only_disgust = {
        DisgustPolicy.DROP: {},
        DisgustPolicy.MERGE: {"angry": 1.0},
        DisgustPolicy.KEEP: {"disgust": 1.0},
    }[policy]
    assert found[1].tolist() == [only_disgust.get(label, 0.0) for label in labels]
    expected = [labels.index(label) for label in only_disgust] or [NO_MAJORITY]
    assert majority_indices(voted, np.array([1])).tolist() == expected


def test_contempt_is_voted_for_where_it_is_a_label(dataset: Dataset) -> None:
    voted = with_votes(
        dataset,
        {"contempt": 6, "sadness": 2, "NF": 2},
        disgust=DisgustPolicy.KEEP,
        labels=FERPLUS_LABELS,
    )
    shares = dict(zip(FERPLUS_LABELS, vote_shares(label_votes(voted))[0].tolist(), strict=True))
    assert {label: share for label, share in shares.items() if share} == {
        "contempt": 0.75,
        "sad": 0.25,
    }
    assert majority_indices(voted, np.array([0])) == [FERPLUS_LABELS.index("contempt")]


@pytest.mark.parametrize(
    ("votes", "label"),
    [
        ({"happiness": 10}, "happy"),
        ({"happiness": 6, "neutral": 4}, "happy"),
        # Half is no majority.
        ({"happiness": 5, "neutral": 5}, None),
        ({"happiness": 4, "neutral": 3, "sadness": 3}, None),
        # A choice that only one person made does not count, so four of seven win.
        ({"fear": 4, "surprise": 3, "anger": 1, "sadness": 1, "neutral": 1}, "fear"),
        # A majority for a word that is no label of the dataset.
        ({"NF": 10}, None),
        ({"unknown": 6, "sadness": 4}, None),
        ({"disgust": 6, "anger": 4}, None),
        ({"contempt": 6, "neutral": 4}, None),
        ({}, None),
    ],
)
def test_the_majority_is_that_of_ferplus_authors(
    dataset: Dataset, votes: dict[str, int], label: str | None
) -> None:
    voted = with_votes(dataset, {"sadness": 10}, votes)
    found = majority_indices(voted, np.array([1, 0])).tolist()
    assert found == [NO_MAJORITY if label is None else SIX.index(label), SIX.index("sad")]


def test_a_dataset_keeps_the_votes_that_were_aligned_with_it(
    voted: Dataset, dataset: Dataset
) -> None:
    np.testing.assert_array_equal(voted.chips, dataset.chips)
    assert (voted.votes.sum(axis=1) == 10).all()
    val = split_examples(voted, "val")
    # By the place in the split: 3 and 11 show no face to most, 5 has no majority, and 6 one for
    # another label.
    known = np.ones(12, np.bool_)
    known[[3, 11]] = False
    np.testing.assert_array_equal(val.votes.any(axis=1), known)
    known[5] = False
    np.testing.assert_array_equal(val.majority != NO_MAJORITY, known)
    differs = known & (val.majority != val.class_indices)
    assert np.flatnonzero(differs).tolist() == [6]


def test_each_output_has_targets_and_a_truth_of_its_own(voted: Dataset) -> None:
    examples = training_examples(voted)
    shares = targets_for(CROWD, examples, classes=6)
    one_hot = targets_for(LABEL, examples, classes=6)
    np.testing.assert_array_equal(shares, vote_shares(label_votes(voted))[training_rows(voted)])
    np.testing.assert_array_equal(one_hot.argmax(axis=1), examples.class_indices)
    assert (one_hot.sum(axis=1) == 1).all()
    assert one_hot.dtype == shares.dtype == np.float32
    assert set(shares.sum(axis=1).round(5).tolist()) == {0.0, 1.0}
    np.testing.assert_array_equal(truth_for(CROWD, examples), examples.majority)
    np.testing.assert_array_equal(truth_for(LABEL, examples), examples.class_indices)


def test_a_network_has_a_crowd_where_there_are_votes_to_learn_from_and_to_judge_it_by(
    voted: Dataset, dataset: Dataset
) -> None:
    assert outputs_for(voted) == (CROWD, LABEL)
    assert outputs_for(dataset) == (LABEL,)
    assert has_majority(voted, "test")
    assert not has_majority(dataset, "test")
    for split in ("train", "val"):
        votes = voted.votes.copy()
        votes[rows_of(voted, split)] = 0
        assert outputs_for(replace(voted, votes=votes)) == (LABEL,)
    elsewhere = np.zeros_like(voted.votes)
    elsewhere[:, VOTE_COLUMNS.index("contempt")] = 10
    assert outputs_for(replace(voted, votes=elsewhere)) == (LABEL,)
