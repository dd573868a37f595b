"""Make a val and a test split of pictures that came without them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocessing.errors import MienError

BY_FOLDER = "folder"
_MADE = ("val", "test")


@dataclass(frozen=True)
class SplitOff:
    """Parts of the training pictures to make other splits of.

    Attributes:
        fractions: Pairs of `val` or `test` and the part of the pictures, above 0 and below 1.
        group_by: `folder`, or a regular expression: pictures whose folders beside those of split
            and class, or whose paths by what the expression finds, are the same stay together.
        seed: Decides which pictures are taken.
    """

    fractions: tuple[tuple[str, float], ...]
    group_by: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        splits = [split for split, _ in self.fractions]
        if not splits or not set(splits) <= set(_MADE) or len(set(splits)) < len(splits):
            raise MienError(
                f"--split-off takes val, test or both, as val=0.1,test=0.1. Received: {splits}"
            )
        parts = [part for _, part in self.fractions]
        if not all(0 < part < 1 for part in parts) or sum(parts) >= 1 or self.seed < 0:
            raise MienError(
                "--split-off takes parts above 0 that leave some for train, and a seed from 0 on. "
                f"Received: {parts}, seed {self.seed}"
            )
        if self.group_by is not None:
            try:
                re.compile(self.group_by)
            except re.error as error:
                raise MienError(
                    f"--group-by takes folder, or a regular expression. Received: "
                    f"{self.group_by!r}: {error}"
                ) from error

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that are made."""
        return tuple(split for split, _ in self.fractions)

    def record(self) -> dict[str, Any]:
        """Return the choices for the manifest."""
        return {"shares": dict(self.fractions), "group_by": self.group_by, "seed": self.seed}


def parse_fractions(text: str) -> tuple[tuple[str, float], ...]:
    """Read `val=0.1,test=10%`.

    Raises:
        MienError: It is something else.
    """
    fractions = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\w+)\s*=\s*([0-9]*\.?[0-9]+)\s*(%?)\s*", part)
        if match is None:
            raise MienError(f"--split-off takes parts such as val=0.1,test=0.1. Received: {text!r}")
        fractions.append((match[1].lower(), float(match[2]) / (100 if match[3] else 1)))
    return tuple(fractions)


def assign_splits(
    labels: NDArray[np.int64],
    groups: NDArray[np.int64],
    *,
    fractions: Mapping[str, float],
    seed: int,
) -> NDArray[np.str_]:
    """Assign pictures to splits so that each has about its part of every label.

    The groups go one by one, the largest first, to the split that lacks most of their labels; among
    groups of one size chance decides.

    Args:
        labels: Class index of each picture, from 0.
        groups: Number of each picture's group, from 0; a group stays together.
        fractions: Part of the pictures by split; the rest is for train.
        seed: Of chance.

    Returns:
        `train`, or one of the splits in `fractions`, for each picture.
    """
    splits = ["train", *fractions]
    parts = np.array([1 - sum(fractions.values()), *fractions.values()])
    # The last column counts all labels: where each is rare, the whole still gets its part.
    counts = np.zeros((groups.max(initial=-1) + 1, labels.max(initial=-1) + 2), np.int64)
    np.add.at(counts, (groups, labels), 1)
    counts[:, -1] = counts.sum(axis=1)
    wanted = parts[:, None] * counts.sum(axis=0)
    lacking, scale = wanted.copy(), np.maximum(wanted, 1e-9)
    chance = np.random.default_rng(seed).permutation(len(counts))
    order = np.lexsort((chance, -counts[:, -1]))
    chosen = np.zeros(len(counts), np.int64)
    for group in order:
        # By how much the squared distance from what is wanted falls.
        gain = (counts[group] * (2 * lacking - counts[group]) / scale).sum(axis=1)
        chosen[group] = int(np.argmax(gain))
        lacking[chosen[group]] -= counts[group]
    return np.array(splits)[chosen[groups]]
