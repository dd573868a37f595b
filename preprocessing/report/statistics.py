"""Statistics of an aligned dataset: spread, mean faces, near-duplicates, FER+ votes."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from preprocessing.dataset.fer2013 import VOTE_COLUMNS
from preprocessing.dataset.labels import SPLITS
from preprocessing.dataset.near_duplicates import alike_pairs, to_thumbnails
from preprocessing.dataset.read import Dataset
from preprocessing.images.types import GreyImage


@dataclass(frozen=True)
class Spread:
    """How far the landmarks of one part of the face stray from their mean place.

    Attributes:
        part: Eyes, nose or mouth.
        before: Root mean square distance in the unaligned pictures, as a fraction of their side.
        after: In the chips, as a fraction of theirs.
    """

    part: str
    before: float
    after: float


@dataclass(frozen=True)
class PairCount:
    """How many pairs of pictures are the same.

    Attributes:
        where: The split, or the two, that they are in.
        identical: Pairs that are equal pixel for pixel.
        alike: Pairs that look alike without being identical.
    """

    where: str
    identical: int
    alike: int


def stray(points: NDArray[np.floating]) -> float:
    """Return the root mean square distance of points (n, points, 2) from their mean places."""
    misses = points - points.mean(axis=0)
    return float(np.sqrt((misses**2).sum(axis=-1).mean()))


def landmark_spread(dataset: Dataset) -> list[Spread]:
    """Measure the spread before and after alignment over the faces that were detected.

    Only face crops of the chip's size count, as in FER2013; empty where there are none.
    """
    found = (dataset.found_by == "detector") & dataset.has_raw
    if not found.any():
        return []
    before = dataset.landmarks[found]
    after = dataset.landmarks_in_chips(found)
    size_px = dataset.chips.shape[1]
    return [
        Spread(
            part=part,
            before=stray(before[:, list(indices)]) / size_px,
            after=stray(after[:, list(indices)]) / size_px,
        )
        for part, indices in dataset.manifest.recipe.scheme().parts().items()
    ]


def mean_faces(dataset: Dataset) -> dict[str, tuple[GreyImage, GreyImage]]:
    """Average the faces that were detected, before and after alignment.

    Only face crops of the chip's size count, as in FER2013; empty where there are none.

    Returns:
        By label, and first by "all": the mean of the sources and that of the chips.
    """
    found = (dataset.found_by == "detector") & dataset.has_raw
    chosen = {"all": found} | {
        label: found & (dataset.class_indices == index)
        for index, label in enumerate(dataset.manifest.recipe.labels)
    }
    return {
        name: (_mean(dataset.raw[rows]), _mean(dataset.chips[rows]))
        for name, rows in chosen.items()
        if rows.any()
    }


def _mean(pictures: NDArray[np.uint8]) -> GreyImage:
    return np.asarray(pictures.mean(axis=0), np.uint8)


def evenly_chosen(dataset: Dataset, *, each: int) -> dict[str, NDArray[np.int64]]:
    """Choose up to `each` rows of each label at even distances, so the same ones each time.

    Returns:
        By label; labels without rows are left out.
    """
    chosen = {}
    for index, label in enumerate(dataset.manifest.recipe.labels):
        rows = np.flatnonzero(dataset.class_indices == index)
        if len(rows):
            places = np.linspace(0, len(rows) - 1, min(each, len(rows)))
            chosen[label] = rows[places.astype(int)]
    return chosen


def near_duplicates(dataset: Dataset) -> list[tuple[int, int, float]]:
    """List pairs of rows that look alike without being pixel-identical.

    Returns:
        Row, later row, and the correlation of their grey levels, best first.
    """
    pairs = [
        (one, two, correlation)
        for chunk in alike_pairs(to_thumbnails(dataset.raw))
        for one, two, correlation in zip(*(each.tolist() for each in chunk), strict=True)
        if dataset.duplicate_groups[one] != dataset.duplicate_groups[two]
    ]
    return sorted(pairs, key=lambda pair: -pair[2])


def count_pairs(dataset: Dataset, near: Sequence[tuple[int, int, float]]) -> list[PairCount]:
    """Count the pairs of pictures that are the same, or nearly, by the splits they are in.

    Args:
        dataset: The dataset.
        near: Its `near_duplicates`.

    Returns:
        One count for each split that has pictures, and one for each two such splits.
    """
    names = [name for name in (*SPLITS, "") if dataset.in_split(name).any()]
    splits = np.array([names.index(name) for name in dataset.splits.tolist()], np.int64)
    _, pictures = np.unique(dataset.items, return_index=True)
    copies = np.zeros((len(dataset.splits), len(names)), np.int64)
    np.add.at(copies, (dataset.duplicate_groups[pictures], splits[pictures]), 1)
    identical = copies.T @ copies
    alike = np.zeros_like(identical)
    for one, two, _ in near:
        alike[tuple(sorted((splits[one], splits[two])))] += 1
    counts = []
    for one, two in combinations_with_replacement(range(len(names)), 2):
        first, second = (names[split] or "no split" for split in (one, two))
        if one == two:
            # Each picture was paired with itself, and each two of them twice.
            same = (identical[one, one] - copies[:, one].sum()) // 2
            counts.append(PairCount(f"within {first}", int(same), int(alike[one, one])))
        else:
            where = f"between {first} and {second}"
            counts.append(PairCount(where, int(identical[one, two]), int(alike[one, two])))
    return counts


def constant_rows(dataset: Dataset) -> NDArray[np.int64]:
    """List the rows whose source picture has one grey level only."""
    low, high = (edge(dataset.raw, axis=(1, 2)) for edge in (np.min, np.max))
    return np.flatnonzero(low == high)


def ferplus_confusion(dataset: Dataset) -> NDArray[np.int64]:
    """Count how the crowd of FER+ voted on the pictures of each label.

    Returns:
        Shape (labels, 11): by label, the pictures whose most votes went to each of
        `VOTE_COLUMNS`; the last column counts those with a tie.
    """
    labels = dataset.manifest.recipe.labels
    counts = np.zeros((len(labels), len(VOTE_COLUMNS) + 1), np.int64)
    voted = dataset.votes.any(axis=1) & (dataset.class_indices >= 0)
    for index, votes in zip(dataset.class_indices[voted], dataset.votes[voted], strict=True):
        winners = np.flatnonzero(votes == votes.max())
        counts[index, winners[0] if len(winners) == 1 else -1] += 1
    return counts
