"""Class folders to be made in a test, and what is said where they are refused."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.reading import Reading
from preprocessing.errors import DatasetError
from tests.preprocessing.dataset.sources.drawn import SIX, png, write_folders

Make = Callable[[Path], None]
ALL = ("train", "val", "test")


def folders(
    *splits: str, labels: tuple[str, ...] = SIX, suffix: str = ".png", side_px: int = 48
) -> Make:
    def make(root: Path) -> None:
        write_folders(root, splits, labels, suffix=suffix, side_px=side_px)

    return make


def with_notes(picture: str, note: str) -> Make:
    """Make pictures, and beside each a text that says what it shows."""

    def make(root: Path) -> None:
        for split, number in itertools.product(("train", "val"), range(3)):
            for form, content in ((picture, png(number)), (note, b"3 0.5 0.5 0.4 0.4\n")):
                path = root / form.format(split, number)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)

    return make


def refused(root: Path, reading: Reading | None = None) -> str:
    with pytest.raises(DatasetError) as error_info:
        open_source(root, reading)
    return str(error_info.value)
