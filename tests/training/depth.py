"""How many layers the residual networks of the tests have."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from training.networks import resnet

WHOLE_DEPTH = resnet.STAGE_BLOCKS
# One block that keeps the resolution and one that halves it: every kind of block in a sixth of the
# layers, which take most of the time that building, compiling, saving and converting one takes.
SMALL_DEPTH = (1, 1)


@contextmanager
def depth(stage_blocks: tuple[int, ...]) -> Iterator[None]:
    """Build residual networks with this many blocks in each stage."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resnet, "STAGE_BLOCKS", stage_blocks)
        yield
