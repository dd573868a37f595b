"""The side of the chips, which may grow during a run."""

import math
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from preprocessing.dataset.read import Dataset
from training.config import FitConfig
from training.fitting.fit import fit


def test_chips_grow_within_an_epoch_and_statistics_are_taken_at_the_last_size(
    dataset: Dataset, config: FitConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sides = _sides_in_steps(monkeypatch)
    growing = replace(config, epochs=1, sizes=((0.0, 16), (0.5, 24)))
    whole = fit(dataset, tmp_path / "run", config=growing).get_weights()
    steps = 47 // config.batch_size
    assert sides == [16] * math.ceil(steps / 2) + [24] * (steps // 2)
    # As if stopped after the last step, when only the statistics were to be taken.
    (tmp_path / "run" / "network.keras").unlink()
    again = fit(dataset, tmp_path / "run", config=growing, resume=True).get_weights()
    assert len(sides) == steps
    for ours, theirs in zip(again, whole, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def _sides_in_steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note the side of the chips in each step from now on."""
    train_on_batch = keras.Model.train_on_batch
    sides = []

    def note(self: keras.Model, *args: object, **kwargs: object) -> object:
        sides.append(self.get_layer("augment").size_px)
        return train_on_batch(self, *args, **kwargs)

    monkeypatch.setattr(keras.Model, "train_on_batch", note)
    return sides
