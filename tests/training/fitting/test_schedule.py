from dataclasses import replace

import numpy as np
import pytest

from training.config import FitConfig
from training.fitting.schedule import RunState, learning_rate_at, progress, size_at


def test_learning_rate_rises_then_falls_to_zero(config: FitConfig) -> None:
    shares = np.linspace(0, 1, 101)
    rates = np.array([learning_rate_at(share, config) for share in shares])
    peak = int(rates.argmax())
    assert rates[0] == 0
    assert rates[peak] == pytest.approx(config.learning_rate, rel=0.01)
    assert (np.diff(rates[peak:]) <= 0).all()
    assert learning_rate_at(1 - 1e-6, config) == pytest.approx(0, abs=1e-9)


def test_the_clock_ends_a_run_measured_in_minutes(config: FitConfig) -> None:
    timed = replace(config, epochs=None, minutes=10)
    assert progress(RunState(elapsed_s=300), timed, steps_per_epoch=100) == 0.5
    assert progress(RunState(step=10**6, elapsed_s=300), timed, steps_per_epoch=100) == 0.5


def test_sizes_follow_progress(config: FitConfig) -> None:
    growing = replace(config, sizes=((0.0, 24), (0.5, 32)))
    assert [size_at(share, growing) for share in (0, 0.49, 0.5, 1)] == [24, 24, 32, 32]
