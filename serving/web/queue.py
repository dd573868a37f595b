"""The one queue before the models: it sheds what is too much, and gives up what takes too long."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from serving.web.problems import BusyError, TimeLimitError

T = TypeVar("T")


class TaskQueue:
    """Run tasks one after the other in one thread, for dlib and LiteRT are not made for more."""

    def __init__(self, *, places: int, time_limit_s: float) -> None:
        """Open the queue.

        Args:
            places: Tasks that may wait or run at once.
            time_limit_s: How long one may take, waiting included, in seconds.
        """
        self._started_s: float | None = None
        self._time_limit_s = time_limit_s
        self._places, self._taken = places, 0
        self._lock = threading.Lock()
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="models")

    def run(self, task: Callable[[], T]) -> T:
        """Run a task when its turn has come, and return what it returns.

        Raises:
            BusyError: All places are taken.
            TimeLimitError: It did not end within the time limit.
        """
        with self._lock:
            if self._taken == self._places:
                raise BusyError(
                    "More pictures arrive than can be looked at. Try again in a moment."
                )
            self._taken += 1
        try:
            future = self._executor.submit(self._timed, task)
            try:
                return future.result(timeout=self._time_limit_s)
            except TimeoutError:
                future.cancel()
                raise TimeLimitError(
                    f"The answer took longer than {self._time_limit_s:g} seconds. Try again; a "
                    "smaller picture takes less."
                ) from None
            finally:
                # The future holds the error, whose traceback holds this frame: left alone, they
                # would keep the picture until the garbage collector comes by.
                del future
        finally:
            with self._lock:
                self._taken -= 1

    @property
    def share_taken(self) -> float:
        """The share of the places that are taken, 0 to 1."""
        return self._taken / self._places

    @property
    def is_stuck(self) -> bool:
        """Whether the task that runs has taken longer than one may, by itself.

        Nothing can end it but the end of the process, which gunicorn's configuration sees to.
        """
        started_s = self._started_s
        return started_s is not None and time.monotonic() - started_s > self._time_limit_s

    def _timed(self, task: Callable[[], T]) -> T:
        self._started_s = time.monotonic()
        try:
            return task()
        finally:
            self._started_s = None
