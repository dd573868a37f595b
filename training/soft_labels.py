"""Soft targets: probabilities that a network learns from beside the labels, in a file.

Whatever teaches (other networks, the folds of this one, the votes of people) writes such a file,
and `fit` knows nothing else of it.
"""

import hashlib
import io
import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocessing.dataset.read import Dataset
from preprocessing.errors import DatasetError

# Float32 probabilities add up to 1 as nearly as this.
SUM_TOLERANCE = 1e-4


@dataclass(frozen=True, eq=False)
class SoftTargets:
    """What a teacher says of the n rows of a dataset.

    Attributes:
        name: Of the file.
        sha256: Of its content.
        origin: Where the probabilities come from, in words.
        ferplus: Whether FER+ votes went into them, as such or through a network that learnt them.
        probabilities: float32 (n, labels); NaN in all of a row that the teacher says nothing of.
    """

    name: str
    sha256: str
    origin: str
    ferplus: bool
    probabilities: NDArray[np.float32]

    def record(self) -> dict[str, Any]:
        """Return what a run keeps of its teacher, as JSON."""
        fields = ("name", "sha256", "origin", "ferplus")
        return {field: getattr(self, field) for field in fields}


def write_soft_targets(
    path: Path,
    dataset: Dataset,
    *,
    rows: NDArray[np.int64],
    probabilities: NDArray[np.floating],
    origin: str,
    ferplus: bool,
) -> None:
    """Write what a teacher says of some rows of a dataset, so that it is never seen half written.

    Args:
        path: The file, an `.npz` without pickles.
        dataset: The dataset; its recipe is kept, and the file fits no other.
        rows: Positions in it, shape (n,).
        probabilities: Shape (n, labels), each row summing to 1.
        origin: Where they come from, in words.
        ferplus: Whether FER+ votes went into them.
    """
    every_row = np.full((len(dataset.chips), probabilities.shape[1]), np.nan, np.float32)
    every_row[rows] = probabilities
    about = {"recipe": asdict(dataset.manifest.recipe), "origin": origin, "ferplus": ferplus}
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        np.savez(file, about=np.array(json.dumps(about)), probabilities=every_row)
    partial.replace(path)


def read_soft_targets(path: Path, dataset: Dataset) -> SoftTargets:
    """Read the soft targets for a dataset.

    Raises:
        DatasetError: The file is missing or damaged, or was made for another dataset.
    """
    try:
        content = path.read_bytes()
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            about = json.loads(str(arrays["about"]))
            probabilities = arrays["probabilities"]
        made_for, origin, ferplus = dict(about["recipe"]), about["origin"], about["ferplus"]
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise DatasetError(
            f"{path} cannot be read as soft targets: {error!r}. Make it with "
            "python -m training folds, distil or ferplus."
        ) from error
    recipe = json.loads(json.dumps(asdict(dataset.manifest.recipe)))
    if made_for != recipe:
        differing = sorted(name for name in recipe if made_for.get(name) != recipe[name])
        raise DatasetError(
            f"{path} was made for another dataset: {', '.join(differing)} differ. "
            "Make it anew for this one."
        )
    _check(path, probabilities, shape=(len(dataset.chips), len(recipe["labels"])))
    digest = hashlib.sha256(content).hexdigest()
    return SoftTargets(path.name, digest, origin, ferplus, probabilities)


def _check(path: Path, probabilities: NDArray[np.float32], *, shape: tuple[int, int]) -> None:
    if probabilities.shape != shape:
        raise DatasetError(
            f"{path} should hold probabilities of shape {shape}. Received: {probabilities.shape}"
        )
    given = probabilities[~np.isnan(probabilities).all(axis=1)]
    is_off = np.abs(given.sum(axis=1) - 1) > SUM_TOLERANCE
    if np.isnan(given).any() or (given < 0).any() or is_off.any():
        raise DatasetError(f"{path} holds rows that are no probabilities. Make it anew.")


def mix_targets(
    one_hot: NDArray[np.float32],
    taught: NDArray[np.float32],
    *,
    weight: float,
    label_smoothing: float,
) -> NDArray[np.float32]:
    """Mix what a teacher says into one-hot targets.

    After the loss has smoothed the labels (Szegedy et al. 2015, arXiv:1512.00567), a row that the
    teacher knows is learnt as (1 - weight) * smoothed one-hot + weight * taught. The loss smooths
    all that it is given, so that the teacher's part is given as what smoothing turns into it; a
    target by itself may lie a little below 0.

    Args:
        one_hot: Shape (n, labels).
        taught: Probabilities, shape (n, labels); rows of NaN keep their one-hot target.
        weight: Of the teacher, in (0, 1].
        label_smoothing: Probability that the loss spreads evenly over all labels, in [0, 1).

    Returns:
        Targets before smoothing, float32 (n, labels), each row summing to 1.
    """
    before_smoothing = (taught - label_smoothing / one_hot.shape[1]) / (1 - label_smoothing)
    mixed = (1 - weight) * one_hot + weight * before_smoothing
    return np.where(np.isnan(taught), one_hot, mixed)
