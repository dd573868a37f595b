"""How often an address may send a picture."""

import math
import threading

from serving.problems import TooManyRequestsError

WINDOW_S = 60.0
# Beyond so many addresses, those that may ask freely again are forgotten.
KEPT_ADDRESSES = 10_000


class RateLimiter:
    """Grant each address so many pictures at once, and as many a minute from then on.

    The generic cell rate algorithm (ITU-T I.371): an address is known by the time at which all
    that it asked is paid off.
    """

    def __init__(self, pictures_per_minute: int) -> None:
        """Start with no address known; 0 grants everything."""
        self._interval_s = WINDOW_S / pictures_per_minute if pictures_per_minute else 0.0
        self._paid_off_s: dict[str, float] = {}
        self._lock = threading.Lock()

    def check(self, address: str, *, now_s: float) -> None:
        """Count a picture at a time of a clock that never jumps, in seconds.

        Raises:
            TooManyRequestsError: The address asked too often.
        """
        if not self._interval_s:
            return
        with self._lock:
            paid_off_s = max(now_s, self._paid_off_s.get(address, now_s)) + self._interval_s
            wait_s = paid_off_s - now_s - WINDOW_S
            if wait_s > 1e-6:  # more than rounding
                raise TooManyRequestsError(math.ceil(wait_s))
            self._paid_off_s[address] = paid_off_s
            if len(self._paid_off_s) > KEPT_ADDRESSES:
                self._paid_off_s = {
                    each: until_s for each, until_s in self._paid_off_s.items() if until_s > now_s
                }

    def charge(self, address: str, pictures: int, *, now_s: float) -> None:
        """Count pictures that came with one that was granted; they are paid off later."""
        with self._lock:
            paid_off_s = max(now_s, self._paid_off_s.get(address, now_s))
            if self._interval_s and pictures:
                self._paid_off_s[address] = paid_off_s + pictures * self._interval_s
