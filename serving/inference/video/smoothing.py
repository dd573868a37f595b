"""Smooth the predictions on one face over time; without any I/O.

The logarithms of the probabilities are averaged with weights that fall off exponentially into the
past, so that one blurred frame does not change the word. A probability of 80 % in several frames
stays 80 %: frames that follow each other closely are no independent witnesses.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class SmoothingOptions:
    """How calm predictions are.

    Attributes:
        smoothing_s: Time constant in seconds: a change has got through by 63 % after this time.
            0 takes each frame as it is.
        change_margin: The word changes only when another label is likelier by at least this
            probability (hysteresis). 0 always takes the likeliest.
    """

    smoothing_s: float = 0.5
    change_margin: float = 0.1


@dataclass(frozen=True)
class Smoothed:
    """What a face shows.

    Attributes:
        probabilities: In the order of the labels; they sum to 1.
        index: Of the label that is shown.
    """

    probabilities: tuple[float, ...]
    index: int


class Smoother:
    """Smooths the predictions on one face."""

    def __init__(self, options: SmoothingOptions) -> None:
        """Begin with the first prediction, whatever it is."""
        self._options = options
        self._seconds = 0.0
        self._logs: list[float] | None = None
        self._index = 0

    def update(self, seconds: float, log_probabilities: Sequence[float]) -> Smoothed:
        """Take in the next prediction.

        Args:
            seconds: When the frame is shown; later than all before.
            log_probabilities: Finite, in the order of the labels.
        """
        if self._logs is None:
            self._logs = list(log_probabilities)
            self._index = _largest(self._logs)
        else:
            weight = self._weight(seconds - self._seconds)
            self._logs = [
                was + weight * (now - was)
                for was, now in zip(self._logs, log_probabilities, strict=True)
            ]
        self._seconds = seconds
        probabilities = _normalise(self._logs)
        likeliest = _largest(probabilities)
        if probabilities[likeliest] - probabilities[self._index] >= self._options.change_margin:
            self._index = likeliest
        return Smoothed(probabilities, self._index)

    def _weight(self, passed_s: float) -> float:
        smoothing_s = self._options.smoothing_s
        return -math.expm1(-passed_s / smoothing_s) if smoothing_s else 1.0


def _largest(values: Sequence[float]) -> int:
    return max(range(len(values)), key=values.__getitem__)


def _normalise(logs: Sequence[float]) -> tuple[float, ...]:
    highest = max(logs)
    raised = [math.exp(each - highest) for each in logs]
    return tuple(each / sum(raised) for each in raised)
