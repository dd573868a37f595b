"""Choose the frames of a video to look at, at rising times."""

import math

# WebM files give times to a millisecond.
_ROUNDING_S = 1e-3
# Damage may mix up the order of a few frames.
_RESTART_S = 0.5


class RisingClock:
    """Makes the times of frames rise where the video's clock starts again.

    A clock starts again where recordings were joined, or a camera was switched off and on.
    """

    def __init__(self) -> None:
        """Begin at the start of the video, or at the place where reading begins."""
        self._offset_s = self._end_s = 0.0

    def at(self, seconds: float) -> float:
        """Return the time of something from the part of the video that was read last."""
        return round(seconds + self._offset_s, 6)

    def tick(self, seconds: float, shown_s: float) -> float:
        """Return the time of the next frame.

        Args:
            seconds: What the video says.
            shown_s: How long the frame is shown.
        """
        if self.at(seconds) < self._end_s - shown_s - _RESTART_S:
            self._offset_s = self._end_s - seconds
        self._end_s = max(self._end_s, self.at(seconds) + shown_s)
        return self.at(seconds)


def is_due(seconds: float, *, last_s: float, per_second: float | None) -> bool:
    """Say whether a frame is to be looked at: the first one of each interval of 1 / `per_second`.

    The decision depends on the last frame that was looked at and on nothing else, so that an
    interrupted run goes on with the same frames.

    Args:
        seconds: When the frame is shown.
        last_s: When the last frame that was looked at is shown.
        per_second: Intervals a second; None takes all frames.
    """
    if seconds <= last_s:
        return False
    if per_second is None:
        return True
    intervals = [math.floor((at + _ROUNDING_S) * per_second) for at in (seconds, last_s)]
    return intervals[0] > intervals[1]
