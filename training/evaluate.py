"""Judge a bundle on a split of a dataset, by the rules that make a number honest."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from preprocessing.classifier import (
    ONE_VIEW_SIGNATURE,
    VIEWS_SIGNATURE,
    ChipClassifier,
    to_probabilities,
)
from preprocessing.dataset import Dataset
from preprocessing.errors import DatasetError
from preprocessing.manifest import Recipe
from preprocessing.spec import ModelSpec
from training import metrics

CLASSIFY_BATCH = 32
TEST_USES_NAME = "test-uses.jsonl"


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a bundle makes of one split.

    Attributes:
        split: `train`, `val` or `test`.
        labels: In the order of the class indices.
        truth: int64 (n,), class indices.
        logits: float32 (n, labels), mean over the views.
        one_view_logits: float32 (n, labels), from one view.
        temperature: The bundle's.
        sure_confidence: Likewise.
        leaked: bool (n,), the very picture is among the training rows of the dataset.
        found_by: Count of rows by how their face was found.
    """

    split: str
    labels: tuple[str, ...]
    truth: NDArray[np.int64]
    logits: NDArray[np.float32]
    one_view_logits: NDArray[np.float32]
    temperature: float
    sure_confidence: float
    leaked: NDArray[np.bool_]
    found_by: dict[str, int]

    def probabilities(self) -> NDArray[np.float64]:
        """Return the calibrated probabilities, (n, labels)."""
        return to_probabilities(self.logits, self.temperature)

    def confusion(self) -> NDArray[np.int64]:
        """Count rows by true class (rows) and predicted class (columns)."""
        predicted = self.logits.argmax(axis=1)
        return metrics.confusion_matrix(predicted, self.truth, classes=len(self.labels))

    def summary(self) -> dict[str, object]:
        """Return the figures that go into a bundle's spec; shares from 0 to 1."""
        rows = metrics.class_rows(self.confusion(), self.labels)
        low, high = metrics.accuracy_interval(self.logits, self.truth)
        calibrated, plain = self.probabilities(), to_probabilities(self.logits, 1.0)
        second = np.sort(self.logits, axis=1)[:, -2]
        is_sure = calibrated.max(axis=1) >= self.sure_confidence
        own = self.logits[np.arange(len(self.truth)), self.truth]
        return {
            "images": len(self.truth),
            "accuracy": metrics.accuracy(self.logits, self.truth),
            "accuracy_interval_95": [low, high],
            "accuracy_one_view": metrics.accuracy(self.one_view_logits, self.truth),
            "accuracy_without_leaked": (
                metrics.accuracy(self.logits[~self.leaked], self.truth[~self.leaked])
                if not self.leaked.all()
                else 0.0
            ),
            "images_without_leaked": int((~self.leaked).sum()),
            "accuracy_two_guesses": float((own >= second).mean()),
            "share_sure": float(is_sure.mean()),
            "accuracy_when_sure": (
                metrics.accuracy(self.logits[is_sure], self.truth[is_sure])
                if is_sure.any()
                else 0.0
            ),
            "macro_f1": float(np.mean([row.f1 for row in rows])),
            "recall": {row.label: row.recall for row in rows},
            "precision": {row.label: row.precision for row in rows},
            "confusion": self.confusion().tolist(),
            "ece_15_bins": metrics.calibration_error(calibrated, self.truth),
            "ece_15_bins_uncalibrated": metrics.calibration_error(plain, self.truth),
            "nll": metrics.cross_entropy(self.logits, self.truth, temperature=self.temperature),
            "nll_uncalibrated": metrics.cross_entropy(self.logits, self.truth),
            "brier": metrics.brier(calibrated, self.truth),
            "brier_uncalibrated": metrics.brier(plain, self.truth),
            "found_by": self.found_by,
        }


def evaluate(bundle: Path, spec: ModelSpec, dataset: Dataset, *, split: str) -> Evaluation:
    """Run a bundle's exported network on every labelled row of a split.

    Raises:
        DatasetError: The dataset has other labels or another geometry than the bundle, or no
            labelled rows in the split.
    """
    check_same_chips(spec, dataset.manifest.recipe)
    chosen = dataset.labelled_in(split)
    if not chosen.any():
        raise DatasetError(f"The dataset has no labelled rows in the split {split!r}.")
    chips = dataset.chips[chosen]
    names, counts = np.unique(dataset.found_by[chosen], return_counts=True)
    return Evaluation(
        split=split,
        labels=spec.labels,
        truth=dataset.class_indices[chosen],
        logits=classify(bundle, chips, signature=VIEWS_SIGNATURE),
        one_view_logits=classify(bundle, chips, signature=ONE_VIEW_SIGNATURE),
        temperature=spec.temperature,
        sure_confidence=spec.sure_confidence,
        leaked=dataset.seen_in_training()[chosen],
        found_by=dict(zip(names.tolist(), counts.tolist(), strict=True)),
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


def log_test_use(dataset_folder: Path, spec: ModelSpec, evaluation: Evaluation) -> int:
    """Note beside the dataset that its test split was used; return how often that was by now.

    A split that is looked at again and again is no test any more.
    """
    path = dataset_folder / TEST_USES_NAME
    use = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "bundle": spec.name,
        "exported": spec.provenance.get("exported"),
        "accuracy": evaluation.summary()["accuracy"],
    }
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(use) + "\n")
    return len(path.read_text(encoding="utf-8").splitlines())


def classify(bundle: Path, chips: NDArray[np.uint8], *, signature: str) -> NDArray[np.float32]:
    """Return the logits, (n, labels), that a bundle's exported network gives to chips."""
    classifier = ChipClassifier(bundle, signature=signature)
    starts = tqdm(range(0, len(chips), CLASSIFY_BATCH), desc=signature, unit="batch")
    return np.concatenate([classifier.logits(chips[at : at + CLASSIFY_BATCH]) for at in starts])
