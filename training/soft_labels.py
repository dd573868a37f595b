"""Soft labels: probabilities that a network learns from beside the labels, in a file.

Whatever teaches (other networks, the folds of this one) writes such a file,
and `fit` knows nothing else of it.
"""

import hashlib
import io
import json
import math
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from preprocessing.bundle.outputs import OUTPUTS
from preprocessing.dataset.manifest import Recipe, parse_recipe
from preprocessing.dataset.read import Dataset
from preprocessing.errors import DatasetError
from preprocessing.runtime.files import replacing
from preprocessing.runtime.typed_json import parse_json, what_is_wrong
from training.records import TeacherRecord

# Float32 probabilities add up to 1 as nearly as this.
SUM_TOLERANCE = 1e-4
# Of all that a file says beside its probabilities.
MOST_ABOUT_BYTES = 4_000_000
_UNREADABLE = (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile)


@dataclass(frozen=True, eq=False)
class SoftLabels:
    """What a teacher says of the n rows of a dataset.

    Attributes:
        name: Of the file.
        sha256: Of its content.
        origin: Where the probabilities come from, in words.
        ferplus: Whether FER+ votes went into them, as such or through a network that learnt them.
        probabilities: float32 (n, labels) for each output that it teaches; NaN in all of a row
            that the teacher says nothing of.
    """

    name: str
    sha256: str
    origin: str
    ferplus: bool
    probabilities: dict[str, NDArray[np.float32]]

    def record(self) -> TeacherRecord:
        """Return what a run keeps of its teacher."""
        return TeacherRecord(
            name=self.name, sha256=self.sha256, origin=self.origin, ferplus=self.ferplus
        )


def write_soft_labels(
    path: Path,
    dataset: Dataset,
    *,
    rows: NDArray[np.int64],
    probabilities: Mapping[str, NDArray[np.floating]],
    origin: str,
    ferplus: bool,
) -> None:
    """Write what a teacher says of some rows of a dataset, so that it is never seen half written.

    Args:
        path: The file, an `.npz` without pickles.
        dataset: The dataset; its recipe is kept, and the file fits no other.
        rows: Positions in it, shape (n,).
        probabilities: By output, each of shape (n, labels), each row summing to 1.
        origin: Where they come from, in words.
        ferplus: Whether FER+ votes went into them.
    """
    every_row = {}
    for output, soft in probabilities.items():
        every_row[output] = np.full((len(dataset.chips), soft.shape[1]), np.nan, np.float32)
        every_row[output][rows] = soft
    about = {"recipe": asdict(dataset.manifest.recipe), "origin": origin, "ferplus": ferplus}
    # Into an open file: given a path, NumPy would put .npz after a name that has another suffix.
    with replacing(path) as unfinished, unfinished.open("wb") as file:
        np.savez(file, allow_pickle=False, about=np.array(json.dumps(about)), **every_row)


def read_soft_labels(path: Path, dataset: Dataset) -> SoftLabels:
    """Read the soft labels for a dataset.

    Raises:
        DatasetError: The file is missing or damaged, or was made for another dataset.
    """
    shape = (len(dataset.chips), len(dataset.manifest.recipe.labels))
    try:
        content = path.read_bytes()
        _check_size(content, shape)
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            about = parse_json(str(arrays["about"]))
            probabilities = {output: arrays[output] for output in OUTPUTS if output in arrays}
            if not probabilities:
                raise ValueError(f"it has none of {', '.join(OUTPUTS)}")
        made_for, origin, ferplus = parse_recipe(about["recipe"]), about["origin"], about["ferplus"]
        if not (isinstance(origin, str) and isinstance(ferplus, bool)):
            raise ValueError("origin must be a text, and ferplus true or false")
    except (*_UNREADABLE, MemoryError) as error:
        raise DatasetError(
            f"{path} cannot be read as soft labels: {what_is_wrong(error)}. Make it with "
            "python -m training folds or distil."
        ) from error
    recipe = dataset.manifest.recipe
    if made_for != recipe:
        names = sorted(field.name for field in fields(Recipe))
        differing = [name for name in names if getattr(made_for, name) != getattr(recipe, name)]
        raise DatasetError(
            f"{path} was made for another dataset: {', '.join(differing)} differ. "
            "Make another for this one."
        )
    for soft in probabilities.values():
        _check(path, soft, shape=shape)
    digest = hashlib.sha256(content).hexdigest()
    return SoftLabels(path.name, digest, origin, ferplus, probabilities)


def _check_size(content: bytes, shape: tuple[int, int]) -> None:
    """Make sure that a file unpacks to no more than soft labels have.

    Raises:
        ValueError: It does.
        BadZipFile: It is no zip.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        unpacked = sum(each.file_size for each in packed.infolist())
    if unpacked > MOST_ABOUT_BYTES + len(OUTPUTS) * math.prod(shape) * np.float64().itemsize:
        raise ValueError("it unpacks to far more than soft labels for this dataset have")


def _check(path: Path, probabilities: NDArray[np.float32], *, shape: tuple[int, int]) -> None:
    is_floating = np.issubdtype(probabilities.dtype, np.floating)
    if probabilities.shape != shape or not is_floating:
        raise DatasetError(
            f"{path} should hold probabilities of shape {shape}. Received: "
            f"{probabilities.dtype} {probabilities.shape}"
        )
    given = probabilities[~np.isnan(probabilities).all(axis=1)]
    is_off = np.abs(given.sum(axis=1) - 1) > SUM_TOLERANCE
    if np.isnan(given).any() or (given < 0).any() or is_off.any():
        raise DatasetError(f"{path} holds rows that are no probabilities. Make it again.")


def mix_targets(
    targets: NDArray[np.float32], soft: NDArray[np.float32], *, weight: float
) -> NDArray[np.float32]:
    """Mix what a teacher says into targets.

    Args:
        targets: Shape (n, labels); a row of 0 has no target of its own.
        soft: Probabilities, shape (n, labels); rows of NaN keep their target.
        weight: Of the teacher, in (0, 1]; it has all of a row that has no target of its own.

    Returns:
        float32 (n, labels).
    """
    has_target = targets.any(axis=1, keepdims=True)
    mixed = np.where(has_target, (1 - weight) * targets + weight * soft, soft)
    return np.where(np.isnan(soft), targets, mixed)
