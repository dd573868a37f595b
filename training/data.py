"""Prepare the rows of a dataset for training and evaluation."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import keras
import numpy as np
from numpy.typing import NDArray

from preprocessing.bundle.outputs import CROWD, LABEL
from preprocessing.dataset.read import UNLABELLED, Dataset
from preprocessing.errors import DatasetError
from training.votes import label_votes, majority_indices, vote_shares

ALL_SPLITS = "all"


@dataclass(frozen=True, eq=False)
class Examples:
    """Chips with what is known of them, n rows.

    Attributes:
        chips: uint8 (n, size_px, size_px).
        raw: The same faces unaligned, same shape.
        class_indices: int64 (n,).
        votes: int64 (n, labels), people's votes for each label; all 0 where there are none.
        majority: int64 (n,), the class index that most people chose; -1 where there is none.
    """

    chips: NDArray[np.uint8]
    raw: NDArray[np.uint8]
    class_indices: NDArray[np.int64]
    votes: NDArray[np.int64]
    majority: NDArray[np.int64]


def rows_of(dataset: Dataset, split: str) -> NDArray[np.int64]:
    """List the labelled rows of a split, or with `all` every labelled row.

    Raises:
        DatasetError: There are none.
    """
    if split == ALL_SPLITS:
        return _not_empty(np.flatnonzero(dataset.class_indices != UNLABELLED), dataset, split)
    return _not_empty(np.flatnonzero(dataset.labelled_in(split)), dataset, split)


def chips_by_other_landmarks(dataset: Dataset, other: Dataset) -> NDArray[np.uint8]:
    """Return the chips of the same faces, row for row, aligned by other landmarks.

    Args:
        dataset: The dataset.
        other: The same source, aligned with another choice of `--landmarks`.

    Returns:
        uint8 of the shape of `dataset.chips`.

    Raises:
        DatasetError: Its faces are other ones, or their crops are not kept, as photos' are not.
    """
    is_same = (
        other.chips.shape == dataset.chips.shape
        and other.manifest.recipe.labels == dataset.manifest.recipe.labels
        and bool((other.has_raw & dataset.has_raw).all())
        and np.array_equal(other.raw, dataset.raw)
    )
    if not is_same:
        raise DatasetError(
            f"The dataset from {other.manifest.recipe.source} by other landmarks is not of the "
            f"same crops as that from {dataset.manifest.recipe.source}. Align the same source "
            "twice, with the same options but --landmarks."
        )
    return other.chips


def training_rows(dataset: Dataset) -> NDArray[np.int64]:
    """List the labelled training rows, without those that are pixel for pixel in val or test.

    Rows without any contrast are left out too: they show no face.

    Raises:
        DatasetError: There are none.
    """
    has_content = dataset.chips.max(axis=(1, 2)) > dataset.chips.min(axis=(1, 2))
    labelled, leaks = dataset.labelled_in("train"), dataset.leaks()
    if labelled.any() and leaks[labelled].all():
        raise DatasetError(
            f"All {labelled.sum():,} training pictures of the dataset from "
            f"{dataset.manifest.recipe.source} are in val or test too, so nothing is left to train "
            "on. Give val and test pictures of their own."
        )
    return _not_empty(np.flatnonzero(labelled & ~leaks & has_content), dataset, "train")


def _not_empty(rows: NDArray[np.int64], dataset: Dataset, split: str) -> NDArray[np.int64]:
    if len(rows):
        return rows
    hint = " Align it again with --split-off val=0.2." if split == "val" else ""
    if (dataset.class_indices == UNLABELLED).all():
        hint = " None has a label: align it again, as class folders or with --list."
    source = f"The dataset from {dataset.manifest.recipe.source}"
    raise DatasetError(f"{source} has no labelled rows in the split {split!r}.{hint}")


def training_examples(dataset: Dataset) -> Examples:
    """Take the `training_rows`.

    Raises:
        DatasetError: There are none.
    """
    return _take(dataset, training_rows(dataset))


def split_examples(dataset: Dataset, split: str) -> Examples:
    """Take all labelled rows of a split.

    Raises:
        DatasetError: There are none.
    """
    return _take(dataset, rows_of(dataset, split))


def _take(dataset: Dataset, rows: NDArray[np.int64]) -> Examples:
    return Examples(
        dataset.chips[rows],
        dataset.raw[rows],
        dataset.class_indices[rows],
        label_votes(dataset)[rows],
        majority_indices(dataset, rows),
    )


def truth_for(output: str, examples: Examples) -> NDArray[np.int64]:
    """Return the truth of an output: what most people chose, or the dataset's label.

    Returns:
        Class indices, (n,); -1 where there is none.
    """
    return examples.majority if output == CROWD else examples.class_indices


def held_to_majority(examples: Examples) -> Examples:
    """Keep the rows on which most people chose one label, and take that for the true one.

    Where no row has votes, the examples are returned as they are.
    """
    known = examples.majority >= 0
    if not known.any():
        return examples
    kept = {field.name: getattr(examples, field.name)[known] for field in fields(Examples)}
    return Examples(**kept | {"class_indices": examples.majority[known]})


def targets_for(output: str, examples: Examples, *, classes: int) -> NDArray[np.float32]:
    """Return the targets of an output: fractions of votes, or the dataset's label as one-hot.

    Returns:
        float32 (n, classes); rows without votes are 0.
    """
    if output == CROWD:
        return vote_shares(examples.votes)
    return np.eye(classes, dtype=np.float32)[examples.class_indices]


def row_weights(examples: Examples, *, classes: int, exponent: float) -> NDArray[np.float32]:
    """Return how much each row counts: more where its label is rare, 1 in the mean.

    Args:
        examples: The rows.
        classes: Number of labels.
        exponent: 0 for rows that count alike, 1 for labels that do.
    """
    counts = np.bincount(examples.class_indices, minlength=classes)
    weights = np.maximum(counts, 1)[examples.class_indices] ** -float(exponent)
    return np.asarray(weights / weights.mean(), np.float32)


def has_majority(dataset: Dataset, split: str) -> bool:
    """Say whether people's votes choose a label for any labelled row of a split.

    Raises:
        DatasetError: The split has no labelled rows.
    """
    return bool((majority_indices(dataset, rows_of(dataset, split)) >= 0).any())


def outputs_for(dataset: Dataset) -> tuple[str, ...]:
    """Return the outputs that a network of a dataset has.

    It has `crowd` where there are votes for the dataset's labels to learn from, and a majority on
    val to evaluate it on.

    Raises:
        DatasetError: The dataset has no labelled rows to train on, or none in val.
    """
    is_voted = label_votes(dataset)[training_rows(dataset)].any()
    return (CROWD, LABEL) if is_voted and has_majority(dataset, "val") else (LABEL,)


class TrainingBatches(keras.utils.PyDataset):
    """Shuffled batches, in which each face is shown in one of several ways, at random.

    The order depends on seed and epoch only, so a resumed run sees what the first would have.
    """

    def __init__(
        self,
        ways: Sequence[tuple[float, NDArray[np.uint8]]],
        *,
        targets: NDArray[np.float32],
        batch_size: int,
        seed: int,
    ):
        """Start with the first epoch.

        Args:
            ways: The ways to show the faces: the fraction of each, and chips uint8 (n, side, side).
                The fractions add up to 1.
            targets: float32 (n, outputs, classes).
            batch_size: Chips a batch.
            seed: Of order and ways.
        """
        super().__init__(workers=1)
        self.epoch = 0
        # The last fractions end at 1: rounding must not leave a number beyond them.
        self._ends = np.cumsum([fraction for fraction, _ in ways])[:-1]
        self._chips = [chips for _, chips in ways]
        self._targets = targets
        self._batch_size = batch_size
        self._seed = seed
        self.on_epoch_begin()

    def __len__(self) -> int:
        """Return the number of whole batches in an epoch."""
        return max(1, len(self._targets) // self._batch_size)

    def on_epoch_begin(self) -> None:
        """Shuffle for the epoch in `self.epoch`."""
        generator = np.random.default_rng((self._seed, self.epoch))
        self._order = generator.permutation(len(self._targets))
        self._way = np.searchsorted(self._ends, generator.random(len(self._targets)), side="right")

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Return uint8 chips (n, side, side) and float32 targets (n, outputs, classes)."""
        rows = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        way = self._way[rows][:, None, None]
        chips = np.choose(way, [chips[rows] for chips in self._chips])
        return chips, self._targets[rows]
