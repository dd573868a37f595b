"""Compare each output of a network with each truth: label, majority and votes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preprocessing.bundle.outputs import CROWD, OutputSpec
from preprocessing.dataset.read import Dataset
from preprocessing.errors import DatasetError
from training import metrics
from training.confidence import vote_calibration_error
from training.data import has_majority, rows_of
from training.evaluation.predict import Predictions
from training.votes import label_votes, majority_indices, vote_shares

LABEL_TRUTH, MAJORITY = "label", "majority"
TRUTHS = (LABEL_TRUTH, MAJORITY)
"""What counts as right: the dataset's own label, or what most people chose."""
DATASET_LABEL, ONE_PERSON, FIRST_CHOICE = "the data set", "one person", "most people's choice"


@dataclass(frozen=True)
class TruthRow:
    """How often one output is right; fractions from 0 to 1.

    Attributes:
        output: Its name.
        balance: Exponent of the class shares.
        truth: One of `TRUTHS`.
        images: Rows of the split for which the truth is known.
        accuracy: Over them.
        accuracy_interval_95: By bootstrap.
        balanced_accuracy: Mean recall of the classes.
    """

    output: str
    balance: float
    truth: str
    images: int
    accuracy: float
    accuracy_interval_95: tuple[float, float]
    balanced_accuracy: float


@dataclass(frozen=True)
class VoteRow:
    """How well an output, or a person, predicts the votes on the faces of a split.

    Attributes:
        who: An output, `the data set` (its own labels), `one person`, or `most people's choice`.
        balance: Of an output, the exponent of the class shares; None of people.
        images: Rows of the split that have votes.
        vote_share: Mean share of the votes for the label said, 0 to 1. For one person, the share
            of the other people's votes for what this one said.
        nll: Cross-entropy against the distribution of the votes, in nats. For the data set and one
            person, by how people vote where the label, or one of them, said so: counted on the
            training rows by Laplace's rule, which without such rows expects all votes alike. For
            most people's choice, that of the votes themselves: nobody can do better.
        calibration_error: Between confidence and share of votes (ECE, 15 bins); None of people.
    """

    who: str
    balance: float | None
    images: int
    vote_share: float
    nll: float
    calibration_error: float | None


def truth_of(output: str, dataset: Dataset, *, split: str) -> str:
    """Return the truth of an output on a split: for `crowd` the majority where there is one."""
    return MAJORITY if output == CROWD and has_majority(dataset, split) else LABEL_TRUTH


def true_indices(dataset: Dataset, rows: NDArray[np.int64], *, truth: str) -> NDArray[np.int64]:
    """Return the class index that counts as right for some rows, (n,); -1 where there is none."""
    return majority_indices(dataset, rows) if truth == MAJORITY else dataset.class_indices[rows]


def known_rows(
    dataset: Dataset, rows: NDArray[np.int64], *, truth: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which of some rows have a truth: their places among the rows, and themselves.

    Raises:
        DatasetError: None has.
    """
    places = np.flatnonzero(true_indices(dataset, rows, truth=truth) >= 0)
    if not len(places):
        raise DatasetError(
            f"No row from {dataset.manifest.recipe.source} has votes. Align the source with "
            "--ferplus fer2013new.csv."
        )
    return places, rows[places]


def truth_rows(
    predictions: Mapping[str, Predictions], outputs: Mapping[str, OutputSpec], dataset: Dataset
) -> tuple[TruthRow, ...]:
    """Compare each output, as learnt and at its default balance, with each truth.

    Args:
        predictions: By output, for the rows of one split.
        outputs: Of the bundle.
        dataset: The dataset; without a majority of votes, only its labels are a truth.
    """
    split, rows = next(iter(predictions.values())).split, []
    for truth in TRUTHS if has_majority(dataset, split) else TRUTHS[:1]:
        for output, said in predictions.items():
            places, known = known_rows(dataset, rows_of(dataset, split), truth=truth)
            right = true_indices(dataset, known, truth=truth)
            for balance in sorted({0.0, outputs[output].balance}):
                logits = said.logits[places]
                predicted = outputs[output].probabilities(logits, balance).argmax(axis=1)
                hits = predicted == right
                rows.append(
                    TruthRow(
                        output=output,
                        balance=balance,
                        truth=truth,
                        images=len(known),
                        accuracy=float(hits.mean()),
                        accuracy_interval_95=metrics.fraction_interval(hits),
                        balanced_accuracy=metrics.balanced_accuracy(predicted, right),
                    )
                )
    return tuple(rows)


def vote_rows(
    predictions: Mapping[str, Predictions], outputs: Mapping[str, OutputSpec], dataset: Dataset
) -> tuple[VoteRow, ...]:
    """Compare each output, and people, with the votes; nothing where the dataset has none."""
    split = next(iter(predictions.values())).split
    votes = label_votes(dataset)[rows_of(dataset, split)]
    places = np.flatnonzero(votes.any(axis=1))
    if not len(places):
        return ()
    shares = vote_shares(votes[places])
    rows = []
    for output, said in predictions.items():
        for balance in sorted({0.0, outputs[output].balance}):
            probabilities = outputs[output].probabilities(said.logits[places], balance)
            rows.append(
                VoteRow(
                    who=output,
                    balance=balance,
                    images=len(places),
                    vote_share=metrics.vote_share(probabilities.argmax(axis=1), shares),
                    nll=metrics.soft_cross_entropy(probabilities, shares),
                    calibration_error=vote_calibration_error(probabilities, shares),
                )
            )
    if (votes.sum(axis=1) > 1).any():
        rows.append(_one_person(votes, label_votes(dataset)[_learnt_from(dataset)]))
    return (*rows, _first_choice(shares))


def people_rows(dataset: Dataset, *, split: str) -> tuple[VoteRow, ...]:
    """Compare the data set's labels, one person, and most people's choice with the votes.

    Args:
        dataset: With votes.
        split: With votes, several on a face.
    """
    rows, learnt_from = rows_of(dataset, split), _learnt_from(dataset)
    votes = label_votes(dataset)
    rows = rows[votes[rows].any(axis=1)]
    return (
        _data_set(
            votes[rows],
            dataset.class_indices[rows],
            training_votes=votes[learnt_from],
            training_labels=dataset.class_indices[learnt_from],
        ),
        _one_person(votes[rows], votes[learnt_from]),
        _first_choice(vote_shares(votes[rows])),
    )


def _learnt_from(dataset: Dataset) -> NDArray[np.bool_]:
    """Mark the training rows; unlike `training_rows`, a set of held-out rows alone has none."""
    return dataset.labelled_in("train") & ~dataset.leaks()


def _data_set(
    votes: NDArray[np.int64],
    labels: NDArray[np.int64],
    *,
    training_votes: NDArray[np.int64],
    training_labels: NDArray[np.int64],
) -> VoteRow:
    shares = vote_shares(votes)
    learnt = np.ones((votes.shape[1], votes.shape[1]))  # Laplace's rule
    np.add.at(learnt, training_labels, training_votes)
    people_say = learnt / learnt.sum(axis=1, keepdims=True)
    return VoteRow(
        who=DATASET_LABEL,
        balance=None,
        images=len(votes),
        vote_share=metrics.vote_share(labels, shares),
        nll=metrics.soft_cross_entropy(people_say[labels], shares),
        calibration_error=None,
    )


def _one_person(votes: NDArray[np.int64], training_votes: NDArray[np.int64]) -> VoteRow:
    """Take out each vote in turn, and compare it with the others on the same face."""
    # Laplace's rule: no pair of votes is impossible.
    pairs = _pairs(training_votes).sum(axis=0) + 1.0
    others_say = pairs / pairs.sum(axis=1, keepdims=True)
    counts = votes.sum(axis=1)
    is_shared = counts > 1
    each = _pairs(votes[is_shared]) / (counts * (counts - 1))[is_shared][:, None, None]
    return VoteRow(
        who=ONE_PERSON,
        balance=None,
        images=int(is_shared.sum()),
        vote_share=float(np.trace(each, axis1=1, axis2=2).mean()),
        nll=float(-(each * np.log(others_say)).sum(axis=(1, 2)).mean()),
        calibration_error=None,
    )


def _pairs(votes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the ordered pairs of different people by their two votes, (n, labels, labels)."""
    same = np.eye(votes.shape[1], dtype=np.int64) * votes[:, :, None]
    pairs: NDArray[np.int64] = votes[:, :, None] * votes[:, None, :] - same
    return pairs


def _first_choice(shares: NDArray[np.float32]) -> VoteRow:
    return VoteRow(
        who=FIRST_CHOICE,
        balance=None,
        images=len(shares),
        vote_share=float(shares.max(axis=1).mean()),
        nll=metrics.soft_cross_entropy(shares, shares),
        calibration_error=None,
    )
