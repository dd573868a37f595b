"""Bring the rows of a dataset to the trainer."""

from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from preprocessing.dataset.read import Dataset
from preprocessing.errors import DatasetError


@dataclass(frozen=True, eq=False)
class Examples:
    """Chips with their class indices, n rows.

    Attributes:
        chips: uint8 (n, size_px, size_px).
        raw: The same faces unaligned, same shape.
        class_indices: int64 (n,).
    """

    chips: NDArray[np.uint8]
    raw: NDArray[np.uint8]
    class_indices: NDArray[np.int64]


def rows_of(dataset: Dataset, split: str) -> NDArray[np.int64]:
    """List the labelled rows of a split.

    Raises:
        DatasetError: There are none.
    """
    return _not_empty(np.flatnonzero(dataset.labelled_in(split)), dataset, split)


def training_rows(dataset: Dataset) -> NDArray[np.int64]:
    """List the labelled training rows, without those that are pixel for pixel in val or test.

    Rows without any contrast are left out too: they show no face.

    Raises:
        DatasetError: There are none.
    """
    has_content = dataset.chips.max(axis=(1, 2)) > dataset.chips.min(axis=(1, 2))
    taken = dataset.labelled_in("train") & ~dataset.leaks() & has_content
    return _not_empty(np.flatnonzero(taken), dataset, "train")


def _not_empty(rows: NDArray[np.int64], dataset: Dataset, split: str) -> NDArray[np.int64]:
    if not len(rows):
        raise DatasetError(
            f"The dataset from {dataset.manifest.recipe.source} has no labelled rows in the "
            f"split {split!r}."
        )
    return rows


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
    return Examples(dataset.chips[rows], dataset.raw[rows], dataset.class_indices[rows])


def one_hot(class_indices: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Return targets, float32 (n, classes): 1 for the class of each row, else 0."""
    return np.eye(classes, dtype=np.float32)[class_indices]


class TrainingBatches(keras.utils.PyDataset):
    """Shuffled batches; a share of the chips is replaced by the unaligned source.

    The order depends on seed and epoch only, so a resumed run sees what the first would have.
    """

    def __init__(
        self,
        examples: Examples,
        *,
        targets: NDArray[np.float32],
        batch_size: int,
        raw_share: float,
        seed: int,
    ):
        super().__init__(workers=1)
        self.epoch = 0
        self._examples = examples
        self._targets = targets
        self._batch_size = batch_size
        self._raw_share = raw_share
        self._seed = seed
        self.on_epoch_begin()

    def __len__(self):
        """Return the number of whole batches in an epoch."""
        return max(1, len(self._targets) // self._batch_size)

    def on_epoch_begin(self):
        """Shuffle for the epoch in `self.epoch`."""
        generator = np.random.default_rng((self._seed, self.epoch))
        self._order = generator.permutation(len(self._targets))
        self._is_raw = generator.random(len(self._targets)) < self._raw_share

    def __getitem__(self, index):
        """Return uint8 chips (n, side, side) and float32 targets (n, classes)."""
        rows = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        is_raw = self._is_raw[rows][:, None, None]
        chips = np.where(is_raw, self._examples.raw[rows], self._examples.chips[rows])
        return chips, self._targets[rows]
