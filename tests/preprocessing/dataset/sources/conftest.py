"""Pictures that lists of labels name."""

from pathlib import Path

import pytest

from tests.preprocessing.dataset.sources.drawn import png
from tests.preprocessing.dataset.sources.label_lists import NAMES


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Four pictures, in no class folders."""
    folder = tmp_path / "set"
    for number, name in enumerate(NAMES):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(number))
    return folder
