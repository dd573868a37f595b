"""The first steps of a run that learns from a teacher."""

import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from preprocessing.bundle.outputs import LABEL
from preprocessing.dataset.read import Dataset
from training.fitting.fit import fit
from training.soft_labels import write_soft_labels

CLASSES = 6
WEIGHT = 0.3
# Float32 sums in another order.
ROUNDING = 1e-6


def random_probabilities(rows: int) -> np.ndarray:
    return np.random.default_rng(0).dirichlet(np.ones(CLASSES), rows).astype(np.float32)


def write_teacher(path: Path, dataset: Dataset, rows: np.ndarray) -> None:
    """Write a teacher that says anything of these rows; as if FER+ had gone into it."""
    write_soft_labels(
        path,
        dataset,
        rows=rows,
        probabilities={LABEL: random_probabilities(len(rows))},
        origin="dice",
        ferplus=True,
    )


class EnoughSeenError(Exception):
    """Stops a run."""


def first_steps(
    dataset: Dataset, run: Path, *, steps: int, **options: Any
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return chips and targets, row by row, of the first steps that `fit` would have taken."""
    given: list[tuple[np.ndarray, np.ndarray]] = []

    def watch(_: keras.Model, chips: np.ndarray, targets: np.ndarray) -> float:
        given.extend(zip(chips, targets, strict=True))
        if len(given) == steps * len(chips):
            raise EnoughSeenError
        return 1.0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "train_on_batch", watch)
        with pytest.raises(EnoughSeenError):
            fit(dataset, run, **options)
    return given


def finish(run: Path, *, like: Path) -> None:
    """Give a run that has begun the end of another."""
    for name in ("network.keras", "state.json"):
        shutil.copy(like / name, run / name)
