"""Read an aligned dataset into arrays."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from preprocessing.dataset.manifest import Manifest, read_manifest
from preprocessing.dataset.rows import read_rows
from preprocessing.dataset.shards import SCHEMA, VOTES
from preprocessing.errors import DatasetError
from preprocessing.faces.geometry import apply_transform
from preprocessing.runtime.typed_json import what_is_wrong

UNLABELLED = -1


@dataclass(frozen=True, eq=False)
class Dataset:
    """An aligned dataset, n rows, in the order of the source.

    Attributes:
        manifest: Where it comes from.
        chips: uint8 (n, size_px, size_px).
        raw: uint8 of the same shape: the unaligned source where it is of that size, else the chip
            once more.
        has_raw: bool (n,), whether `raw` is the source.
        items: int32 (n,), position of the picture in the source; a photo can have many faces.
        class_indices: int64 (n,), positions among the labels; -1 where there is no label.
        splits: (n,), `train`, `val`, `test`, or empty.
        found_by: (n,), text.
        landmarks: float32 (n, 68 or 5, 2), source pixels.
        transforms: float64 (n, 2, 3), source to chip.
        residuals_px: float32 (n,).
        duplicate_groups: int64 (n,), equal for pixel-identical source pictures.
        votes: uint8 (n, 10), FER+ votes; all 0 where not given.
        names: (n,), where to find the source picture.
    """

    manifest: Manifest
    chips: NDArray[np.uint8]
    raw: NDArray[np.uint8]
    has_raw: NDArray[np.bool_]
    items: NDArray[np.int32]
    class_indices: NDArray[np.int64]
    splits: NDArray[np.str_]
    found_by: NDArray[np.str_]
    landmarks: NDArray[np.float32]
    transforms: NDArray[np.float64]
    residuals_px: NDArray[np.float32]
    duplicate_groups: NDArray[np.int64]
    votes: NDArray[np.uint8]
    names: NDArray[np.str_]

    def in_split(self, split: str) -> NDArray[np.bool_]:
        """Say of each row whether it is in a split."""
        return np.equal(self.splits, split)

    def labelled_in(self, split: str) -> NDArray[np.bool_]:
        """Say of each row whether it is in a split and has a label."""
        return self.in_split(split) & np.not_equal(self.class_indices, UNLABELLED)

    def landmarks_in_chips(self, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the landmarks of the chosen rows, at least one, in pixels of their chips."""
        pairs = zip(self.transforms[rows], self.landmarks[rows], strict=True)
        return np.stack([apply_transform(transform, points) for transform, points in pairs])

    def in_training_too(self) -> NDArray[np.bool_]:
        """Say of each row whether its very picture is in the training split (too)."""
        groups = self.duplicate_groups[self.in_split("train")]
        return np.isin(self.duplicate_groups, groups)

    def duplicate_pictures(self) -> int:
        """Count the groups of pixel-identical pictures."""
        pictures = np.unique(np.stack([self.duplicate_groups, self.items]), axis=1)
        return int((np.bincount(pictures[0]) > 1).sum())

    def leaks(self) -> NDArray[np.bool_]:
        """Say of each row whether it is a training row whose very picture is in val or test."""
        held_out = ~self.in_split("train")
        return ~held_out & np.isin(self.duplicate_groups, self.duplicate_groups[held_out])


def read_dataset(folder: Path) -> Dataset:
    """Read a dataset written by `align`.

    Raises:
        DatasetError: It is missing, unfinished or damaged.
    """
    manifest = read_manifest(folder)
    table = read_rows(folder, manifest, SCHEMA.names)
    try:
        return _to_arrays(table, manifest)
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(
            f"The shards of {folder} do not fit its manifest: {what_is_wrong(error)}. "
            "Align the source again with --overwrite."
        ) from error


def _to_arrays(table: pa.Table, manifest: Manifest) -> Dataset:
    size_px = manifest.recipe.geometry.size_px
    landmarks = manifest.recipe.scheme().count
    index_of = {label: index for index, label in enumerate(manifest.recipe.labels)}
    labels = table["label"].to_pylist()
    chips = table["chip"].to_pylist()
    sources = table["raw"].to_pylist()
    raw = [source or chip for source, chip in zip(sources, chips, strict=True)]
    digests = np.array(table["source_digest"].to_pylist(), dtype=np.str_)
    votes = [votes or bytes(VOTES) for votes in table["votes"].to_pylist()]

    def to_images(pictures: list[bytes]) -> NDArray[np.uint8]:
        return np.frombuffer(b"".join(pictures), np.uint8).reshape(-1, size_px, size_px)

    def to_words(column: str) -> NDArray[np.str_]:
        return np.array([word or "" for word in table[column].to_pylist()], dtype=np.str_)

    def to_floats(column: str) -> NDArray[np.floating]:
        flat = table[column].combine_chunks().flatten()
        return np.asarray(flat.to_numpy(zero_copy_only=False))

    return Dataset(
        manifest=manifest,
        chips=to_images(chips),
        raw=to_images(raw),
        has_raw=np.array([source is not None for source in sources], np.bool_),
        items=table["item"].to_numpy(),
        class_indices=np.array(
            [UNLABELLED if label is None else index_of[label] for label in labels], np.int64
        ),
        splits=to_words("split"),
        found_by=to_words("found_by"),
        landmarks=to_floats("landmarks").reshape(len(table), landmarks, 2).astype(np.float32),
        transforms=to_floats("transform").reshape(-1, 2, 3).astype(np.float64),
        residuals_px=table["residual_px"].to_numpy(),
        duplicate_groups=np.unique(digests, return_inverse=True)[1].astype(np.int64),
        votes=np.frombuffer(b"".join(votes), np.uint8).reshape(-1, VOTES),
        names=to_words("name"),
    )
