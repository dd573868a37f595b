"""How far a run has come, and what follows from that: learning rate, cycle, side of the chips."""

import math
from dataclasses import dataclass

from training.config import FitConfig


@dataclass(frozen=True)
class RunState:
    """How far a run has come.

    Attributes:
        epoch: Epochs finished.
        step: Steps taken.
        elapsed_s: Time spent on steps, all sittings together.
        checkpoint: Name of the file with weights and optimizer state; empty before the first.
        best_loss: The least loss on val, of a run with patience; None before the first.
        best_epoch: The epoch after which it was reached; 0 before the first.
    """

    epoch: int = 0
    step: int = 0
    elapsed_s: float = 0.0
    checkpoint: str = ""
    best_loss: float | None = None
    best_epoch: int = 0


def progress(state: RunState, config: FitConfig, *, steps_per_epoch: int) -> float:
    """Return the fraction of the run that is over: by the clock, or by steps."""
    if config.minutes is not None:
        return state.elapsed_s / (config.minutes * 60)
    return state.step / max(1, math.ceil((config.epochs or 0) * steps_per_epoch))


def cycle_at(fraction: float, config: FitConfig) -> int:
    """Return the cycle, from 0, at a fraction of the run."""
    rounding = 1e-9
    return int(fraction * config.cycles + rounding)


def learning_rate_at(fraction: float, config: FitConfig) -> float:
    """Return the learning rate at a fraction of the run: a rise and a cosine to zero a cycle."""
    inside = fraction * config.cycles - cycle_at(fraction, config)
    if inside < config.warmup:
        return config.learning_rate * inside / config.warmup
    rest = min(1.0, (inside - config.warmup) / (1 - config.warmup))
    return config.learning_rate * (1 + math.cos(math.pi * rest)) / 2


def size_at(fraction: float, config: FitConfig) -> int:
    """Return the side of the chips at a fraction of the run."""
    return [size_px for start, size_px in config.sizes if start <= fraction][-1]
