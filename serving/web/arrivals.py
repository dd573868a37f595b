"""The requests that are there and wait for a thread: those first whose address has few."""

import threading
import time
from collections import Counter
from typing import Any

from serving.web.usage import Usage


class Arrivals:
    """The requests that wait for a thread."""

    def __init__(self) -> None:
        """Begin with none."""
        # By address, those of each in the order in which they came.
        self._waiting: dict[str, list[Any]] = {}
        # How many threads each address holds, and for how many seconds it held some lately.
        self._held: Counter[str] = Counter()
        self._usage = Usage()
        self._lock = threading.Lock()

    def add(self, connection: Any, *, peer: str) -> None:
        """Note that a request waits.

        Args:
            connection: Of gunicorn's.
            peer: Its address (`network_of`); empty where many clients share one, as behind a proxy.
        """
        with self._lock:
            self._waiting.setdefault(peer, []).append(connection)

    def take(self) -> Any:
        """Take a connection; there must be one.

        It is the first of the address that holds fewest threads, and of several such addresses of
        that which has held them least lately.
        """
        now_s = time.monotonic()

        def order(peer: str) -> tuple[int, float]:
            return self._held[peer], self._usage.of(peer, now_s=now_s)

        with self._lock:
            peer = min(self._waiting, key=order)
            connection = self._waiting[peer].pop(0)
            if not self._waiting[peer]:
                del self._waiting[peer]
            self._held[peer] += 1
            return connection

    def end(self, peer: str, *, held_s: float) -> None:
        """Note that an address no longer holds a thread, and for how many seconds it did."""
        with self._lock:
            self._held[peer] -= 1
            self._held += Counter()  # forgets addresses without a thread
            self._usage.add(peer, held_s, now_s=time.monotonic())
