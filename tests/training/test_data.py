from dataclasses import replace

import numpy as np
import pytest

from preprocessing.bundle.outputs import LABEL
from preprocessing.dataset.read import UNLABELLED, Dataset
from preprocessing.errors import DatasetError
from training.data import TrainingBatches, split_examples, targets_for, training_examples


def test_leaked_rows_are_left_out_of_training(dataset: Dataset) -> None:
    in_train = int(dataset.in_split("train").sum())
    assert dataset.leaks().sum() == 1
    assert len(training_examples(dataset).chips) == in_train - 1
    assert len(split_examples(dataset, "val").chips) == int(dataset.in_split("val").sum())


def test_a_split_without_rows_is_named(dataset: Dataset) -> None:
    only_train = replace(dataset, splits=np.full(len(dataset.splits), "train"))
    with pytest.raises(DatasetError, match=r"'val'.*--split-off val"):
        split_examples(only_train, "val")


@pytest.mark.parametrize("split", ["train", "val", "all"])
def test_a_dataset_without_labels_says_how_to_give_it_some(split: str, dataset: Dataset) -> None:
    unlabelled = replace(dataset, class_indices=np.full_like(dataset.class_indices, UNLABELLED))
    with pytest.raises(DatasetError, match=r"None has a label: .* with --list"):
        split_examples(unlabelled, split)


def test_a_dataset_whose_training_pictures_are_all_in_other_splits_is_refused(
    dataset: Dataset,
) -> None:
    copied = replace(dataset, duplicate_groups=np.zeros_like(dataset.duplicate_groups))
    with pytest.raises(DatasetError, match="are in val or test too"):
        training_examples(copied)


def test_batches_are_reproducible_and_differ_by_epoch(dataset: Dataset) -> None:
    examples = training_examples(dataset)
    targets = targets_for(LABEL, examples, classes=6)[:, None]

    def first_batch(epoch: int) -> np.ndarray:
        ways = [(0.5, examples.chips), (0.5, examples.raw)]
        batches = TrainingBatches(ways, targets=targets, batch_size=8, seed=1)
        batches.epoch = epoch
        batches.on_epoch_begin()
        return batches[0][0]

    np.testing.assert_array_equal(first_batch(3), first_batch(3))
    assert (first_batch(3) != first_batch(4)).any()
