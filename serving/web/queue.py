"""The one queue before the models: it rejects requests beyond its capacity and ends late ones."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from serving.web.capacity import Capacity
from serving.web.problems import TimeLimitError
from serving.web.usage import Usage

T = TypeVar("T")

# A task that has run for this long, in seconds, lets another go first, and again after as long.
LEAST_TURN_S = 0.05
# Then it goes on for as long as the other took, up to this: else others without end would halt it
# without end.
LONGEST_TURN_S = 1.0
# So many may be halted at once, one amid the other: each holds its picture, and a part of the
# stack of the thread.
MOST_HALTED = 2


@dataclass(eq=False)
class _Task:
    """Something to do, for a request from an address.

    Attributes:
        work: What to do.
        address: From which the request came.
        until_s: When it is given up, by `time.monotonic`.
        turn_s: For how long it runs before it lets others go first, in seconds.
        done: What comes of it.
    """

    work: Callable[[], Any]
    address: str
    until_s: float
    turn_s: float
    done: Future[Any] = field(default_factory=Future)


class TaskQueue:
    """Run tasks one after the other in one thread, because dlib and LiteRT are not thread-safe.

    The next is that of the address that has used least time lately. One that runs for longer lets
    others go first between two of its steps, if their addresses have used less than its own.
    """

    def __init__(self, *, capacity: int, time_limit_s: float) -> None:
        """Open the queue.

        Args:
            capacity: Requests that may wait or be worked on at once.
            time_limit_s: How long one may take, waiting included, in seconds.
        """
        self._time_limit_s = time_limit_s
        self._capacity = Capacity(capacity)
        self._lock = threading.Lock()
        self._waiting: list[_Task] = []
        self._usage = Usage()
        # What the one thread does: the task that runs, after those that are halted for it, and
        # since when it does, others' tasks in between left out.
        self._running: list[_Task] = []
        self._started_s: float | None = None
        self._resumed_s = 0.0
        self._thread = 0
        self._executor = ThreadPoolExecutor(
            max_workers=1, thread_name_prefix="models", initializer=self._note_thread
        )

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

    def run(self, work: Callable[[], T], *, until_s: float, address: str = "") -> T:
        """Run a task of a request that has a slot; return what it returns.

        Args:
            work: What to do.
            until_s: When to give it up, by `time.monotonic`.
            address: From which the request came.

        Raises:
            TimeLimitError: It did not end in time.
        """
        task = _Task(work, address, until_s, LEAST_TURN_S)
        with self._lock:
            self._waiting.append(task)
        self._executor.submit(self._run_next)
        try:
            return cast(T, task.done.result(timeout=max(0.0, until_s - time.monotonic())))
        except TimeoutError:
            task.done.cancel()
            with self._lock, suppress(ValueError):  # or it would hold the picture until its turn
                self._waiting.remove(task)
            raise self._too_late() from None
        finally:
            # The future holds the error, whose traceback holds this frame: left alone, they
            # would keep the picture until the garbage collector comes by.
            del task, work

    def give_way(self) -> None:
        """Let a task of another address go first; the task that runs calls it between its steps.

        Raises:
            TimeLimitError: The task that runs was given up.
        """
        if threading.get_ident() != self._thread:
            return
        now_s, running = time.monotonic(), self._running[-1]
        if now_s > running.until_s:
            raise self._too_late()
        if (
            self._waiting
            and len(self._running) <= MOST_HALTED
            and now_s - self._resumed_s >= running.turn_s
        ):
            self._note_use(now_s)
            self._run_next(least_s=self._used_s(running.address))
            took_s = time.monotonic() - now_s
            running.turn_s = max(LEAST_TURN_S, min(took_s, LONGEST_TURN_S))

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

    def _note_thread(self) -> None:
        self._thread = threading.get_ident()

    def _note_use(self, now_s: float) -> None:
        """Note what the running task has used since it began, or went on."""
        self._usage.add(self._running[-1].address, now_s - self._resumed_s, now_s=now_s)
        self._resumed_s = now_s

    def _run_next(self, *, least_s: float = math.inf) -> None:
        """Run the task that is next, if its address has used less than `least_s` seconds."""
        task = self._take(least_s)
        if task is None or not task.done.set_running_or_notify_cancel():
            return
        before_s = self._started_s
        begun_s = self._started_s = self._resumed_s = time.monotonic()
        self._running.append(task)
        try:
            task.done.set_result(task.work())
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
            task.done.set_exception(error)
        finally:
            now_s = time.monotonic()
            self._note_use(now_s)
            self._started_s = None if before_s is None else before_s + now_s - begun_s
            self._running.pop()
            del task  # as in `run`

    def _take(self, least_s: float) -> _Task | None:
        with self._lock:
            task = min(self._waiting, key=lambda each: self._used_s(each.address), default=None)
            if task is None or self._used_s(task.address) >= least_s:
                return None
            self._waiting.remove(task)
            return task

    def _used_s(self, address: str) -> float:
        """Return what an address has used, all as of one time, so that they can be compared."""
        return self._usage.of(address, now_s=self._resumed_s)
