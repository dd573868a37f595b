"""A short clip of a moving face, and the table that `video` writes of it."""

import csv
from collections.abc import Iterator
from pathlib import Path

from preprocessing.images.types import RgbImage
from tests.tools.clips import head, with_heads

PER_SECOND = 5
FRAMES = 12


def frames(count: int = FRAMES) -> Iterator[tuple[float, RgbImage]]:
    picture = head(150)
    for index in range(count):
        yield index / PER_SECOND, with_heads([(10 + 8 * index, 40)], picture)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
