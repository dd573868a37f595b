from collections.abc import Iterator

import pytest

from preprocessing.images.box.client import Box
from tests.preprocessing.images.box.taken_over import HOSTILE


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    """A box whose decoder does what the picture says."""
    box = Box(HOSTILE)
    yield box
    box.close()
