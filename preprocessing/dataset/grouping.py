"""Group pictures that must not be in two splits: one person, one scene, copies of one picture."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from preprocessing.dataset.near_duplicates import Thumbnails, alike_pairs
from preprocessing.dataset.sources.names import Names
from preprocessing.dataset.sources.places import read_places
from preprocessing.dataset.split_off import BY_FOLDER
from preprocessing.errors import DatasetError

# Where more pictures than this, as a part of all, would have to stay together because they look
# alike, likeness says nothing: all may be of one person, or drawn.
LARGEST_ALIKE = 0.2
_LEAST_LARGE = 10
_MOST_PAIRS = 50


def group_pictures(
    paths: Sequence[str],
    digests: Sequence[str],
    thumbnails: Thumbnails,
    *,
    names: Names,
    group_by: str | None,
) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
    """Group pictures by what is asked for, by their pixels, and by their likeness.

    Args:
        paths: Of the pictures within their source.
        digests: Equal for pictures that are equal pixel for pixel.
        thumbnails: The pictures, made small.
        names: How the names of folders are read.
        group_by: See `SplitOff`.

    Returns:
        The number of each picture's group, from 0, by all but likeness; and with likeness, or None
        where too many look alike.

    Raises:
        DatasetError: Nothing is found by `group_by`.
    """
    union = _Union(len(paths))
    union.join_equal(digests)
    if group_by is not None:
        union.join_equal(group_keys(paths, names, group_by))
    certain = union.groups()
    pairs = 0
    for ones, others, _ in alike_pairs(thumbnails):
        pairs += len(ones)
        if pairs > _MOST_PAIRS * len(paths):
            return certain, None
        for one, other in zip(ones.tolist(), others.tolist(), strict=True):
            union.join(one, other)
    alike = union.groups()
    largest = np.bincount(alike).max(initial=0)
    by_likeness = largest > np.bincount(certain).max(initial=0)
    if by_likeness and largest > max(LARGEST_ALIKE * len(paths), _LEAST_LARGE):
        return certain, None
    return certain, alike


def group_keys(paths: Sequence[str], names: Names, group_by: str) -> list[str | None]:
    """Return what each picture has in common with others, or None.

    Args:
        paths: Of the pictures within their source.
        names: How the names of folders are read.
        group_by: See `SplitOff`.

    Raises:
        DatasetError: No picture has anything in common with others, or all have the same.
    """
    if group_by == BY_FOLDER:
        keys: list[str | None] = [place.folder or None for place in read_places(paths, names)]
        hint = "Expected folders beside those of splits and classes, such as one for each person."
    else:
        found = [re.search(group_by, path) for path in paths]
        keys = [_found_text(match) for match in found]
        hint = f"The expression finds nothing in paths such as {paths[0]}." if paths else ""
    if not any(keys):
        raise DatasetError(f"--group-by {group_by} groups no pictures. {hint}")
    if len(set(keys)) == 1:
        raise DatasetError(
            f"--group-by {group_by} puts all pictures into one group, {keys[0]}, of which no split "
            "can be made. Group them by what differs, such as the person."
        )
    return keys


def _found_text(match: re.Match[str] | None) -> str | None:
    if match is None:
        return None
    return match[1] if match.re.groups else match[0]


class _Union:
    """Sets of pictures that are joined two by two."""

    def __init__(self, count: int) -> None:
        self._parents = list(range(count))

    def join(self, one: int, other: int) -> None:
        first, second = self._root(one), self._root(other)
        if first != second:
            self._parents[max(first, second)] = min(first, second)

    def join_equal(self, keys: Sequence[str | None]) -> None:
        first: dict[str, int] = {}
        for position, key in enumerate(keys):
            if key is not None:
                self.join(first.setdefault(key, position), position)

    def groups(self) -> NDArray[np.int64]:
        roots = [self._root(position) for position in range(len(self._parents))]
        return np.unique(roots, return_inverse=True)[1].astype(np.int64)

    def _root(self, position: int) -> int:
        while self._parents[position] != position:
            self._parents[position] = self._parents[self._parents[position]]
            position = self._parents[position]
        return position
