"""The one queue before the models: it rejects requests beyond its capacity and ends late ones."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from serving.web.problems import BusyError, TimeLimitError

T = TypeVar("T")

# For all addresses under suspicion together: one picture that is decoded and one that waits.
SUSPECT_CAPACITY = 2
SUSPECTS = "suspects"


class Capacity:
    """Slots for the requests that are worked on at once.

    One address alone cannot keep others out: for an address that holds no slot, the slots of the
    address with the most of them count as one.
    """

    def __init__(self, capacity: int) -> None:
        """Start with all of them free."""
        self._capacity = capacity
        # By the address that holds them.
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def take(self, address: str = "", *, is_suspect: bool = False) -> Iterator[None]:
        """Take a slot for a request.

        Args:
            address: From which it comes.
            is_suspect: It is under suspicion, so its requests take no slots from others.

        Raises:
            BusyError: All slots are taken.
        """
        holder = SUSPECTS if is_suspect else address
        with self._lock:
            if not self._has_slot(holder):
                raise BusyError(
                    "More pictures arrive than can be looked at. Try again in a moment."
                )
            self._taken[holder] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[holder] -= 1
                self._taken += Counter()  # forgets addresses without a slot

    def _has_slot(self, holder: str) -> bool:
        if holder == SUSPECTS:
            return self._taken[SUSPECTS] < SUSPECT_CAPACITY
        taken = [count for each, count in self._taken.items() if each != SUSPECTS]
        counted = sum(taken) if self._taken[holder] else sum(taken) - max([1, *taken]) + 1
        return counted < self._capacity

    @property
    def fraction_taken(self) -> float:
        """The fraction of the slots that are taken, 0 to 1."""
        with self._lock:
            taken = self._taken.total() - self._taken[SUSPECTS]
        return min(1.0, taken / self._capacity)


class TaskQueue:
    """Run tasks one after the other in one thread, because dlib and LiteRT are not thread-safe."""

    def __init__(self, *, capacity: int, time_limit_s: float) -> None:
        """Open the queue.

        Args:
            capacity: Requests that may wait or be worked on at once.
            time_limit_s: How long one may take, waiting included, in seconds.
        """
        self._started_s: float | None = None
        self._time_limit_s = time_limit_s
        self._capacity = Capacity(capacity)
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="models")

    def until_s(self) -> float:
        """Return when a request that comes now is given up, by `time.monotonic`."""
        return time.monotonic() + self._time_limit_s

    @contextmanager
    def slot(self, address: str = "", *, is_suspect: bool = False) -> Iterator[None]:
        """Take a slot as `Capacity.take` does; a task that is late is given up.

        Raises:
            BusyError: All slots are taken.
            TimeLimitError: It was not done in time.
        """
        with self._capacity.take(address, is_suspect=is_suspect):
            try:
                yield
            except TimeoutError:
                raise self._too_late() from None

    def run(self, task: Callable[[], T], *, until_s: float) -> T:
        """Run a task of a request that has a slot; return what it returns.

        Args:
            task: What to do.
            until_s: When to give it up, by `time.monotonic`.

        Raises:
            TimeLimitError: It did not end in time.
        """
        future = self._executor.submit(self._timed, task)
        try:
            return future.result(timeout=max(0.0, until_s - time.monotonic()))
        except TimeoutError:
            future.cancel()
            raise self._too_late() from None
        finally:
            # The future holds the error, whose traceback holds this frame: left alone, they
            # would keep the picture until the garbage collector comes by.
            del future

    @property
    def fraction_taken(self) -> float:
        """The fraction of the slots that are taken, 0 to 1."""
        return self._capacity.fraction_taken

    @property
    def is_stuck(self) -> bool:
        """Whether the task that runs has taken longer than one may, by itself.

        Nothing can end it but the end of the process, which gunicorn's configuration sees to.
        """
        started_s = self._started_s
        return started_s is not None and time.monotonic() - started_s > self._time_limit_s

    def _too_late(self) -> TimeLimitError:
        return TimeLimitError(
            f"The answer took longer than {self._time_limit_s:g} seconds. Try again; a smaller "
            "picture takes less."
        )

    def _timed(self, task: Callable[[], T]) -> T:
        self._started_s = time.monotonic()
        try:
            return task()
        finally:
            self._started_s = None
