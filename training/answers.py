"""Let a network answer for all of a split."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from preprocessing.classifier import ONE_VIEW_SIGNATURE, VIEWS_SIGNATURE, ChipClassifier
from preprocessing.dataset import Dataset
from preprocessing.errors import DatasetError
from preprocessing.manifest import Recipe
from preprocessing.spec import ModelSpec
from training.data import rows_of

BATCH = 32
TEST_USES_NAME = "test-uses.jsonl"


@dataclass(frozen=True, eq=False)
class Answers:
    """What a network says to all labelled rows of a split, n rows.

    Attributes:
        split: `train`, `val` or `test`.
        logits: float32 (n, labels), mean over the views.
        one_view_logits: float32 (n, labels), from one view.
    """

    split: str
    logits: NDArray[np.float32]
    one_view_logits: NDArray[np.float32]


def answers_of(bundle: Path, spec: ModelSpec, *, dataset: Dataset, split: str) -> Answers:
    """Run a bundle's exported network on every labelled row of a split.

    Raises:
        DatasetError: The dataset has other labels or another geometry than the bundle, or no
            labelled rows in the split.
    """
    check_same_chips(spec, dataset.manifest.recipe)
    chips = dataset.chips[rows_of(dataset, split)]
    return Answers(
        split=split,
        logits=classify(bundle, chips, signature=VIEWS_SIGNATURE),
        one_view_logits=classify(bundle, chips, signature=ONE_VIEW_SIGNATURE),
    )


def check_same_chips(spec: ModelSpec, recipe: Recipe) -> None:
    """Make sure that a dataset's chips and labels are those that a bundle knows.

    Raises:
        DatasetError: They are not.
    """
    if recipe.labels != spec.labels:
        raise DatasetError(
            f"The bundle knows {', '.join(spec.labels)}, the dataset has "
            f"{', '.join(recipe.labels)}. Align the source with --disgust {spec.disgust}."
        )
    if recipe.geometry_digest != spec.geometry.digest():
        raise DatasetError(
            f"The dataset was cut by geometry {recipe.geometry_digest}, the bundle was trained on "
            f"{spec.geometry.digest()}. Align the source again with this version of Mien."
        )


def log_test_use(dataset_folder: Path, *, name: str, exported: str | None, accuracy: float) -> int:
    """Note beside the dataset that its test split was used; return how often that was by now.

    A split that is looked at again and again is no test any more.
    """
    path = dataset_folder / TEST_USES_NAME
    use = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "bundle": name,
        "exported": exported,
        "accuracy": accuracy,
    }
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(use) + "\n")
    return len(path.read_text(encoding="utf-8").splitlines())


def classify(bundle: Path, chips: NDArray[np.uint8], *, signature: str) -> NDArray[np.float32]:
    """Return the logits, (n, labels), that a bundle's exported network gives to chips."""
    classifier = ChipClassifier(bundle, signature=signature)
    starts = tqdm(range(0, len(chips), BATCH), desc=signature, unit="batch", disable=None)
    return np.concatenate([classifier.logits(chips[at : at + BATCH]) for at in starts])
