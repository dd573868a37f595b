"""How often an address may send a picture."""

import math
import threading
import time

from flask import request

from serving.web.client_address import LastAddresses, network_of, sender_address
from serving.web.problems import TooManyRequestsError

WINDOW_S = 60.0
# It takes frames of the live camera, which have a limit of their own.
FRAME_ENDPOINT = "device.read_frame"


class RateLimiter:
    """Let each address send `pictures_per_minute` at once, or spread over each minute.

    The generic cell rate algorithm (ITU-T I.371): the pictures of an address are paid off one after
    the other, each in an equal part of a minute. What is kept of an address is when the last will
    be.
    """

    def __init__(self, pictures_per_minute: int) -> None:
        """Start with no address known; 0 grants everything."""
        self._interval_s = WINDOW_S / pictures_per_minute if pictures_per_minute else 0.0
        self._paid_off_s = LastAddresses[float]()
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
            paid_off_s = self._paid_off_with(address, 1, now_s)
            wait_s = paid_off_s - now_s - WINDOW_S
            if wait_s > 1e-6:  # more than rounding
                raise TooManyRequestsError(math.ceil(wait_s))
            self._paid_off_s[address] = paid_off_s

    def charge(self, address: str, pictures: int, *, now_s: float) -> None:
        """Count pictures that came with one that was granted; they are paid off later."""
        if not self._interval_s:
            return
        address = network_of(address)
        with self._lock:
            self._paid_off_s[address] = self._paid_off_with(address, pictures, now_s)

    def _paid_off_with(self, address: str, pictures: int, now_s: float) -> float:
        """Return when all requests of an address are paid off, with this many pictures more."""
        return max(now_s, self._paid_off_s.get(address, now_s)) + pictures * self._interval_s


class RequestLimits:
    """How often the sender of the current request may send pictures, and frames of a camera."""

    def __init__(self, *, pictures_per_minute: int, frames_per_minute: int) -> None:
        """Start with no address known; 0 grants everything."""
        self._pictures = RateLimiter(pictures_per_minute)
        self._frames = RateLimiter(frames_per_minute)

    def check_request(self) -> None:
        """Count the current request, if it posts something.

        Whatever is posted counts as a picture: a heat map takes more work than one, and a request
        that is refused may have brought as many bytes. Frames of the live camera count apart.

        Raises:
            TooManyRequestsError: Its sender posts too often.
        """
        if request.endpoint == FRAME_ENDPOINT:
            self._frames.check(sender_address(), now_s=time.monotonic())
        elif request.method == "POST":
            self.count_request()

    def count_request(self) -> None:
        """Count the current request as a picture.

        Raises:
            TooManyRequestsError: Its sender asks too often.
        """
        self._pictures.check(sender_address(), now_s=time.monotonic())

    def count_more(self, pictures: int) -> None:
        """Count this many pictures of the current request beyond its first."""
        self._pictures.charge(sender_address(), pictures, now_s=time.monotonic())
