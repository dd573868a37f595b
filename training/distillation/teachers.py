"""The teachers: each writes what it says of the training rows of a dataset as soft targets."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from preprocessing.bundle.classifier import to_probabilities
from preprocessing.dataset.fer2013 import FERPLUS_WORDS, VOTE_COLUMNS
from preprocessing.dataset.labels import labelled_by_ferplus, resolve_label
from preprocessing.dataset.manifest import Recipe
from preprocessing.dataset.read import Dataset
from preprocessing.errors import DatasetError, MienError
from training.config import FitConfig
from training.data import training_rows
from training.distillation.ensemble import learnt_from_ferplus, open_member, open_network
from training.fitting.fit import fit
from training.networks.build import NETWORK_NAME
from training.soft_labels import write_soft_targets


def teach_by_members(dataset: Dataset, path: Path, *, members: Sequence[Path]) -> int:
    """Write the mean probabilities of an ensemble.

    A network taught by them becomes like all of it (Hinton et al. 2015, arXiv:1503.02531). Members
    that were trained on these rows know them by heart, and say less of them than of new ones.

    Args:
        dataset: The dataset.
        path: The file of soft targets.
        members: Runs, snapshots of runs, and bundles.

    Returns:
        The number of rows taught.

    Raises:
        MienError: A member is none of these, or of other chips or labels than the dataset's.
    """
    rows, recipe = training_rows(dataset), dataset.manifest.recipe
    logits = [open_member(member, recipe)(dataset.chips[rows]) for member in members]
    names = ["/".join(member.parts[-2:]) for member in members]
    write_soft_targets(
        path,
        dataset,
        rows=rows,
        probabilities=to_probabilities(np.stack(logits), 1.0).mean(axis=0),
        origin=f"mean probabilities of {', '.join(names)}",
        ferplus=any(map(learnt_from_ferplus, members)),
    )
    return len(rows)


def teach_by_folds(
    dataset: Dataset, path: Path, *, runs: Path, config: FitConfig, folds: int
) -> int:
    """Train a network for each fold of the training rows on the others; write its answers.

    So every row is answered by a network that has not seen it. Val and test rows are in no fold.

    Args:
        dataset: The dataset.
        path: The file of soft targets.
        runs: A folder for the runs, one a fold; what is there is gone on with.
        config: Of every run; its seed also deals the rows to the folds.
        folds: How many, at least 2.

    Returns:
        The number of rows taught.

    Raises:
        MienError: There are too few pictures for so many folds, or a run in `runs` was started
            with other settings.
    """
    rows, recipe = training_rows(dataset), dataset.manifest.recipe
    fold_of = deal_folds(dataset.duplicate_groups[rows], folds=folds, seed=config.seed)
    probabilities = np.empty((len(rows), len(recipe.labels)), np.float32)
    for fold in range(1, folds + 1):
        run, is_held = runs / f"fold-{fold}", fold_of == fold
        others = _without(dataset, rows[is_held], f"fold {fold} of {folds}")
        fit(others, run, config=config, resume=True)
        logits = open_network(run / NETWORK_NAME)(dataset.chips[rows[is_held]])
        probabilities[is_held] = to_probabilities(logits, 1.0)
    origin = f"answers of {folds} networks {config.model}, each to the fold it was not trained on"
    write_soft_targets(
        path,
        dataset,
        rows=rows,
        probabilities=probabilities,
        origin=origin,
        ferplus=labelled_by_ferplus(recipe.source_kind, recipe.labels),
    )
    return len(rows)


def deal_folds(groups: NDArray[np.integer], *, folds: int, seed: int) -> NDArray[np.int64]:
    """Deal rows to folds at random, so that rows of one group are in one fold.

    Args:
        groups: Equal for rows that belong together, shape (n,).
        folds: How many; they differ by no more than one group.
        seed: Decides which group comes where.

    Returns:
        The fold of each row, from 1, shape (n,).

    Raises:
        MienError: There are fewer than 2 folds, or fewer groups than folds.
    """
    names, group_of = np.unique(groups, return_inverse=True)
    if not 2 <= folds <= len(names):
        raise MienError(
            f"The number of folds must be from 2 to {len(names)}, the number of different "
            f"training pictures. Received: {folds}"
        )
    places = np.random.default_rng(seed).permutation(len(names))
    return places[group_of] % folds + 1


def _without(dataset: Dataset, rows: NDArray[np.int64], name: str) -> Dataset:
    """Take rows out of all splits, and say so in the recipe, which a run keeps."""
    recipe = dataset.manifest.recipe
    recipe = replace(recipe, source=f"{recipe.source} without {name}")
    splits = dataset.splits.copy()
    splits[rows] = ""
    return replace(dataset, manifest=replace(dataset.manifest, recipe=recipe), splits=splits)


def teach_by_votes(dataset: Dataset, path: Path) -> int:
    """Write the shares of the FER+ votes (Barsoum et al. 2016, arXiv:1608.01041).

    Votes for what is no label of the dataset (unknown, no face, perhaps disgust or contempt) are
    left out; a row that has more than half of its votes there is not taught.

    Returns:
        The number of rows taught.

    Raises:
        DatasetError: No training row has votes for its labels.
    """
    rows = training_rows(dataset)
    votes = dataset.votes[rows].astype(np.float64)
    ours = votes @ _labels_of_votes(dataset.manifest.recipe)
    is_taught = (ours.sum(axis=1) * 2 >= votes.sum(axis=1)) & ours.any(axis=1)
    if not is_taught.any():
        raise DatasetError(
            f"No training row from {dataset.manifest.recipe.source} has FER+ votes. Align the "
            "source with --ferplus fer2013new.csv."
        )
    shares = ours[is_taught] / ours[is_taught].sum(axis=1, keepdims=True)
    write_soft_targets(
        path,
        dataset,
        rows=rows[is_taught],
        probabilities=shares,
        origin="shares of FER+ votes",
        ferplus=True,
    )
    return int(is_taught.sum())


def _labels_of_votes(recipe: Recipe) -> NDArray[np.float64]:
    """Return 1 where a vote (10 rows, `VOTE_COLUMNS`) counts for a label (columns), else 0."""
    counts_for = np.zeros((len(VOTE_COLUMNS), len(recipe.labels)))
    for voted, word in FERPLUS_WORDS.items():
        label = resolve_label(voted, recipe.disgust)
        if label in recipe.labels:
            counts_for[VOTE_COLUMNS.index(word), recipe.labels.index(label)] = 1
    return counts_for
