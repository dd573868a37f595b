"""Write the predictions of teachers for the training rows of a dataset as soft labels."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from preprocessing.bundle.outputs import CROWD, OUTPUTS, to_probabilities
from preprocessing.dataset.read import Dataset
from preprocessing.errors import MienError
from training.config import FitConfig
from training.data import chips_by_other_landmarks, outputs_for, training_rows
from training.distillation.ensemble import learnt_from_ferplus, open_member, open_network
from training.fitting.fit import fit
from training.networks.build import NETWORK_NAME
from training.soft_labels import write_soft_labels


def teach_by_members(
    dataset: Dataset, path: Path, *, members: Sequence[Path], other: Dataset | None = None
) -> int:
    """Write the mean probabilities of an ensemble, for each output of the members that have it.

    Each member sees a face aligned, as the source frames it where that is kept, and by other
    landmarks where there are some, each also mirrored: the mean of these has more correct
    predictions than any one.

    A network that learns from them approaches the whole ensemble (Hinton et al. 2015,
    arXiv:1503.02531). Members that were trained on these rows know them by heart, so their
    probabilities there say less than on new rows.

    Args:
        dataset: The dataset.
        path: The file of soft labels.
        members: Runs, snapshots of runs, and bundles.
        other: The same source, aligned by other landmarks.

    Returns:
        The number of rows that were given soft labels.

    Raises:
        MienError: A member is none of these, or of other chips or labels than the dataset's; or
            `other` is of other pictures.
    """
    rows, recipe = training_rows(dataset), dataset.manifest.recipe
    opened = [open_member(member, recipe) for member in members]
    shown = _in_all_ways(dataset, rows, other)
    said = [member(chips[rows], one_view=True) for member in opened for chips in shown]
    names = ["/".join(member.parts[-2:]) for member in members]
    write_soft_labels(
        path,
        dataset,
        rows=rows,
        probabilities={
            output: np.mean(
                [to_probabilities(each[output], 1.0) for each in said if output in each], axis=0
            )
            for output in OUTPUTS
            if any(output in each for each in said)
        },
        origin=f"mean probabilities of {', '.join(names)}",
        ferplus=any(map(learnt_from_ferplus, members)),
    )
    return len(rows)


def _in_all_ways(
    dataset: Dataset, rows: NDArray[np.int64], other: Dataset | None
) -> list[NDArray[np.uint8]]:
    """Return the chips of all faces in each way that there is of these rows, and mirrored."""
    kinds = [dataset.chips]
    if dataset.has_raw[rows].all():
        kinds.append(dataset.raw)
    if other is not None:
        kinds.append(chips_by_other_landmarks(dataset, other))
    return [chips[:, :, ::direction] for chips in kinds for direction in (1, -1)]


def teach_by_folds(
    dataset: Dataset, path: Path, *, runs: Path, config: FitConfig, folds: int
) -> int:
    """Train a network for each fold of the training rows on the others; write its predictions.

    So the soft labels of a row come from a network that has not seen it. Val and test rows are in
    no fold.

    Args:
        dataset: The dataset.
        path: The file of soft labels.
        runs: A folder for the runs, one a fold; those that are there are resumed.
        config: Of every run; its seed also deals the rows to the folds.
        folds: How many, at least 2.

    Returns:
        The number of rows that were given soft labels.

    Raises:
        MienError: There are fewer pictures than folds, or a run in `runs` was started
            with other settings.
    """
    rows, recipe = training_rows(dataset), dataset.manifest.recipe
    fold_of = deal_folds(dataset.duplicate_groups[rows], folds=folds, seed=config.seed)
    probabilities = {
        output: np.empty((len(rows), len(recipe.labels)), np.float32)
        for output in outputs_for(dataset)
    }
    for fold in range(1, folds + 1):
        run, is_held = runs / f"fold-{fold}", fold_of == fold
        others = _without(dataset, rows[is_held], f"held-out fold {fold} of {folds}")
        fit(others, run, config=config, resume=True)
        logits = open_network(run / NETWORK_NAME)(dataset.chips[rows[is_held]])
        for output, soft in probabilities.items():
            soft[is_held] = to_probabilities(logits[output], 1.0)
    origin = f"answers of {folds} networks {config.model}, each to the fold it was not trained on"
    write_soft_labels(
        path,
        dataset,
        rows=rows,
        probabilities=probabilities,
        origin=origin,
        ferplus=CROWD in probabilities,
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
    most = len(np.unique(groups))
    if not 2 <= folds <= most:
        raise MienError(
            f"The number of folds must be from 2 to {most}, the number of different "
            f"training pictures. Received: {folds}"
        )
    splitter = GroupKFold(folds, shuffle=True, random_state=seed)
    fold_of = np.empty(len(groups), np.int64)
    for fold, (_, held_out) in enumerate(splitter.split(groups, groups=groups), start=1):
        fold_of[held_out] = fold
    return fold_of


def _without(dataset: Dataset, rows: NDArray[np.int64], name: str) -> Dataset:
    """Take rows out of all splits, and say so in the recipe, which a run keeps."""
    recipe = dataset.manifest.recipe
    recipe = replace(recipe, source=f"{recipe.source} without {name}")
    splits = dataset.splits.copy()
    splits[rows] = ""
    return replace(dataset, manifest=replace(dataset.manifest, recipe=recipe), splits=splits)
