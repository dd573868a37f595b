"""What people voted: the FER+ votes of a dataset's rows, counted for its labels."""

import numpy as np
from numpy.typing import NDArray

from preprocessing.dataset.fer2013 import FERPLUS_WORDS, VOTE_COLUMNS, majority_label
from preprocessing.dataset.labels import resolve_label
from preprocessing.dataset.manifest import Recipe
from preprocessing.dataset.read import Dataset

NO_MAJORITY = -1


def label_votes(dataset: Dataset) -> NDArray[np.int64]:
    """Count the votes for the labels of a dataset (Barsoum et al. 2016, arXiv:1608.01041).

    Votes for anything else (unknown, no face, perhaps disgust or contempt) are left out.

    Returns:
        Votes, (n, labels). A row is all 0 where at least half of its votes were for something else,
        or where it has none.
    """
    votes = dataset.votes.astype(np.int64)
    ours = votes @ _labels_of_votes(dataset.manifest.recipe)
    is_known = ours.sum(axis=1) * 2 >= votes.sum(axis=1)
    kept: NDArray[np.int64] = ours * is_known[:, None]
    return kept


def vote_shares(votes: NDArray[np.integer]) -> NDArray[np.float32]:
    """Turn votes, (n, labels), into the share of each label; rows without votes stay 0."""
    shares: NDArray[np.float32] = (votes / np.maximum(votes.sum(axis=1, keepdims=True), 1)).astype(
        np.float32
    )
    return shares


def majority_indices(dataset: Dataset, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the label that most people chose for some rows, by the rule of FER+'s authors.

    Args:
        dataset: The dataset.
        rows: Positions in it, (n,).

    Returns:
        Class indices, (n,); -1 where there is no majority (`majority_label`), or one for something
        that is no label of the dataset.
    """
    recipe = dataset.manifest.recipe
    index_of = {label: index for index, label in enumerate(recipe.labels)}
    chosen = [majority_label(votes) for votes in dataset.votes[rows]]
    resolved = [label and resolve_label(label, recipe.disgust) for label in chosen]
    indices = [index_of.get(label, NO_MAJORITY) if label else NO_MAJORITY for label in resolved]
    return np.array(indices, np.int64)


def _labels_of_votes(recipe: Recipe) -> NDArray[np.int64]:
    """Return 1 where a vote (10 rows, `VOTE_COLUMNS`) counts for a label (columns), else 0."""
    counts_for = np.zeros((len(VOTE_COLUMNS), len(recipe.labels)), np.int64)
    for voted, word in FERPLUS_WORDS.items():
        label = resolve_label(voted, recipe.disgust)
        if label in recipe.labels:
            counts_for[VOTE_COLUMNS.index(word), recipe.labels.index(label)] = 1
    return counts_for
