"""The one queue before the models: it sheds what is too much, and gives up what takes too long."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from serving.web.problems import BusyError, TimeLimitError

T = TypeVar("T")

# Of addresses under suspicion all together: one that is decoded and one that waits.
SUSPECT_PLACES = 2
SUSPECTS = "suspects"


class Places:
    """How many requests may be worked on at once; one address alone cannot take all of it.

    Where an address has several places, as many more are for others.
    """

    def __init__(self, places: int) -> None:
        """Start with all of them free."""
        self._places = places
        # By the address that holds them.
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def take(self, address: str = "", *, is_suspect: bool = False) -> Iterator[None]:
        """Take a place for a request.

        Args:
            address: From which it comes.
            is_suspect: That is under suspicion, and its requests take nobody else's places.

        Raises:
            BusyError: All places are taken.
        """
        holder = SUSPECTS if is_suspect else address
        with self._lock:
            if not self._has_place(holder):
                raise BusyError(
                    "More pictures arrive than can be looked at. Try again in a moment."
                )
            self._taken[holder] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[holder] -= 1
                self._taken += Counter()  # which forgets who has none

    def _has_place(self, holder: str) -> bool:
        if holder == SUSPECTS:
            return self._taken[SUSPECTS] < SUSPECT_PLACES
        taken = [count for each, count in self._taken.items() if each != SUSPECTS]
        # Where one address has several places, for others that have none it counts as one.
        counted = sum(taken) if self._taken[holder] else sum(taken) - max([1, *taken]) + 1
        return counted < self._places

    @property
    def share_taken(self) -> float:
        """The share of the places that are taken, 0 to 1."""
        with self._lock:
            taken = self._taken.total() - self._taken[SUSPECTS]
        return min(1.0, taken / self._places)


class TaskQueue:
    """Run tasks one after the other in one thread, for dlib and LiteRT are not made for more."""

    def __init__(self, *, places: int, time_limit_s: float) -> None:
        """Open the queue.

        Args:
            places: Requests that may wait or be worked on at once.
            time_limit_s: How long one may take, waiting included, in seconds.
        """
        self._started_s: float | None = None
        self._time_limit_s = time_limit_s
        self._places = Places(places)
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="models")

    def until_s(self) -> float:
        """Return when a request that comes now is given up, by `time.monotonic`."""
        return time.monotonic() + self._time_limit_s

    @contextmanager
    def place(self, address: str = "", *, is_suspect: bool = False) -> Iterator[None]:
        """Take a place as `Places.take` does; what is not done in time within is given up.

        Raises:
            BusyError: All places are taken.
            TimeLimitError: It was not done in time.
        """
        with self._places.take(address, is_suspect=is_suspect):
            try:
                yield
            except TimeoutError:
                raise self._too_late() from None

    def run(self, task: Callable[[], T], *, until_s: float) -> T:
        """Run a task of a request that has a place; return what it returns.

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
    def share_taken(self) -> float:
        """The share of the places that are taken, 0 to 1."""
        return self._places.share_taken

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
