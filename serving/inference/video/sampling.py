"""Choose the frames of a video that are looked at."""

import math

# WebM files give times to a millisecond.
_ROUNDING_S = 1e-3


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
