"""Run a bundle's network on all of a split, and count the uses of the test split."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from preprocessing.bundle.classifier import ONE_VIEW_SIGNATURE, VIEWS_SIGNATURE, ChipClassifier
from preprocessing.bundle.spec import ModelSpec, check_network
from preprocessing.dataset.manifest import Recipe
from preprocessing.dataset.read import Dataset
from training.data import rows_of
from training.networks.build import check_same_recipe, settings_in

BATCH = 32
TEST_USES_NAME = "test-uses.jsonl"


@dataclass(frozen=True, eq=False)
class Predictions:
    """The predictions of one output of a network for all labelled rows of a split, n rows.

    Attributes:
        split: `train`, `val`, `test`, or `all` of them.
        logits: float32 (n, labels), mean over the versions of a chip (test-time augmentation).
        one_view_logits: float32 (n, labels), from the chip as it is.
    """

    split: str
    logits: NDArray[np.float32]
    one_view_logits: NDArray[np.float32]


def predict_split(
    bundle: Path, spec: ModelSpec, *, dataset: Dataset, split: str
) -> dict[str, Predictions]:
    """Run a bundle's exported network on every labelled row of a split.

    Returns:
        The predictions by the name of the output.

    Raises:
        MienError: The bundle is damaged, the dataset has other labels or another geometry than the
            one that it was trained on, or no labelled rows in the split.
    """
    check_bundle(bundle, spec, recipe=dataset.manifest.recipe)
    chips = dataset.chips[rows_of(dataset, split)]
    logits = classify(bundle, chips, signature=VIEWS_SIGNATURE)
    one_view_logits = classify(bundle, chips, signature=ONE_VIEW_SIGNATURE)
    return {
        output: Predictions(split, logits[:, place], one_view_logits[:, place])
        for place, output in enumerate(spec.outputs)
    }


def check_bundle(bundle: Path, spec: ModelSpec, *, recipe: Recipe) -> None:
    """Make sure that a bundle is whole, and knows the chips and labels of a dataset.

    Raises:
        MienError: It is not, or does not.
    """
    check_same_recipe(settings_in(spec).dataset, recipe)
    check_network(bundle, spec)


def log_test_use(dataset_folder: Path, *, name: str, exported: str | None, accuracy: float) -> int:
    """Note beside the dataset that its test split was used; return how often that was by now.

    A split that is used for choices is no test any more.
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
    """Return the logits, (n, outputs, labels), that a bundle's exported network gives to chips."""
    classifier = ChipClassifier(bundle, signature=signature)
    starts = tqdm(range(0, len(chips), BATCH), desc=signature, unit="batch", disable=None)
    return np.concatenate([classifier.logits(chips[at : at + BATCH]) for at in starts])
