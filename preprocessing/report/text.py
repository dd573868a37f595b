"""Describe an aligned dataset as text."""

from collections import Counter
from pathlib import Path

import numpy as np

from preprocessing.dataset.labels import SPLITS, labelled_by_ferplus
from preprocessing.dataset.manifest import Manifest
from preprocessing.dataset.read import Dataset
from preprocessing.dataset.shards import read_rejected, read_several
from preprocessing.faces.types import FALL_BACKS

# In FER2013 there are more than two thousand.
_MOST_NAMED = 100


def report_text(dataset: Dataset, folder: Path) -> str:
    """Describe counts by class, split and `found_by`, duplicates, and what was kept whole."""
    manifest = dataset.manifest
    recipe = manifest.recipe
    by_ferplus = labelled_by_ferplus(recipe.source_kind, recipe.labels)
    labels = "labels: majority of FER+" if by_ferplus else f"disgust: {recipe.disgust}"
    lines = [
        (
            f"{manifest.rows:,} faces from {manifest.items:,} pictures of {recipe.source} "
            f"({recipe.source_kind}), {labels}, geometry {recipe.geometry_digest}"
        ),
        "",
        *_class_table(dataset),
        "",
        *_found_by_table(dataset),
        "",
        *_duplicates(dataset),
        "",
        *_several(manifest, folder),
        *_fell_back(dataset),
        *(f"Passed over: {count:,} {reason}" for reason, count in manifest.passed_over.items()),
        f"Pictures that could not be read: {manifest.rejected:,}",
        *(f"  {name}: {reason}" for name, reason in read_rejected(manifest, folder)),
    ]
    return "\n".join(lines)


def _several(manifest: Manifest, folder: Path) -> list[str]:
    several = read_several(manifest, folder)
    if not several:
        return []
    return [
        f"Pictures of whose faces the largest was taken: {len(several):,}",
        *(f"  {name}: {faces} faces" for name, faces in several),
    ]


def _fell_back(dataset: Dataset) -> list[str]:
    fell_back = np.flatnonzero(np.isin(dataset.found_by, FALL_BACKS))
    if not len(fell_back):
        return []
    more = len(fell_back) - _MOST_NAMED
    return [
        f"Pictures kept whole, without a face that could be aligned: {len(fell_back):,}",
        *(f"  {dataset.names[row]}: {dataset.found_by[row]}" for row in fell_back[:_MOST_NAMED]),
        *([f"  and {more:,} more"] if more > 0 else []),
    ]


def _class_table(dataset: Dataset) -> list[str]:
    labels = dataset.manifest.recipe.labels
    lines = [f"{'label':<12}" + "".join(f"{split:>9}" for split in SPLITS) + f"{'all':>9}"]
    for index, label in enumerate(labels):
        chosen = dataset.class_indices == index
        counts = [int((chosen & dataset.in_split(split)).sum()) for split in SPLITS]
        lines.append(_counts_line(label, [*counts, int(chosen.sum())]))
    totals = [int(dataset.in_split(split).sum()) for split in SPLITS]
    return [*lines, _counts_line("all", [*totals, len(dataset.class_indices)])]


def _found_by_table(dataset: Dataset) -> list[str]:
    lines = [f"{'found by':<12}{'faces':>9}{'share':>9}{'residual':>12}"]
    for found_by, count in Counter(dataset.found_by.tolist()).most_common():
        residual_px = float(np.median(dataset.residuals_px[dataset.found_by == found_by]))
        fraction = count / len(dataset.found_by)
        lines.append(f"{found_by:<12}{count:>9,}{fraction:>9.1%}{residual_px:>9.2f} px")
    return lines


def _duplicates(dataset: Dataset) -> list[str]:
    return [
        f"Groups of pixel-identical pictures: {dataset.duplicate_pictures():,}",
        (
            f"Training pictures that are also in val or test, left out of training: "
            f"{int(dataset.leaks().sum()):,}"
        ),
        *(
            f"Pictures in {split} that are also in training: "
            f"{int((dataset.in_split(split) & dataset.in_training_too()).sum()):,}"
            for split in ("val", "test")
        ),
    ]


def _counts_line(name: str, counts: list[int]) -> str:
    return f"{name:<12}" + "".join(f"{count:>9,}" for count in counts)
