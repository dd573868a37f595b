"""How often an address may send a picture."""

import ipaddress
import math
import threading
from collections import OrderedDict

from serving.web.problems import TooManyRequestsError

WINDOW_S = 60.0
# It takes frames of the live camera, which have a limit of their own.
FRAME_ENDPOINT = "device.read_frame"
# Beyond so many addresses, the one that has not asked for longest is forgotten, whatever it owes.
KEPT_ADDRESSES = 10_000


class RateLimiter:
    """Grant each address so many pictures at once, and as many a minute from then on.

    The generic cell rate algorithm (ITU-T I.371): an address is known by the time at which all
    that it asked is paid off.
    """

    def __init__(self, pictures_per_minute: int) -> None:
        """Start with no address known; 0 grants everything."""
        self._interval_s = WINDOW_S / pictures_per_minute if pictures_per_minute else 0.0
        # The address that asked last comes last.
        self._paid_off_s: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, address: str, *, now_s: float) -> None:
        """Count a picture at a time of a clock that never jumps, in seconds.

        Raises:
            TooManyRequestsError: The address asked too often.
        """
        if not self._interval_s:
            return
        address = network_of(address)
        with self._lock:
            wait_s = self._paid_off_with(address, 1, now_s) - now_s - WINDOW_S
            if wait_s > 1e-6:  # more than rounding
                raise TooManyRequestsError(math.ceil(wait_s))
            self._count(address, 1, now_s)

    def charge(self, address: str, pictures: int, *, now_s: float) -> None:
        """Count pictures that came with one that was granted; they are paid off later."""
        if not self._interval_s:
            return
        address = network_of(address)
        with self._lock:
            self._count(address, pictures, now_s)

    def _paid_off_with(self, address: str, pictures: int, now_s: float) -> float:
        """Return when all is paid off that an address asked, with so many pictures more."""
        return max(now_s, self._paid_off_s.get(address, now_s)) + pictures * self._interval_s

    def _count(self, address: str, pictures: int, now_s: float) -> None:
        self._paid_off_s[address] = self._paid_off_with(address, pictures, now_s)
        self._paid_off_s.move_to_end(address)
        if len(self._paid_off_s) > KEPT_ADDRESSES:
            self._paid_off_s.popitem(last=False)


def network_of(address: str) -> str:
    """Return what counts as one address: of IPv6 the first half, for a user has all of the rest."""
    try:
        parsed = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    return str(parsed.ipv4_mapped or int(parsed) >> 64)
