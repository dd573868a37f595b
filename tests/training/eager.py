"""Whether Keras compiles the steps of training and prediction in the tests."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import pytest

AS_THE_MODEL_SAYS = keras.Model.run_eagerly
# To make a graph of a step takes longer than the few steps of a run.
ALWAYS = property(lambda _: True, lambda *_: None)


@contextmanager
def run_eagerly(when: property) -> Iterator[None]:
    """Let models run their steps operation by operation, always or where they say so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "run_eagerly", when)
        yield
