"""The one queue before the models: it rejects requests beyond its capacity and ends late ones."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from serving.web.capacity import Capacity
from serving.web.problems import TimeLimitError
from serving.web.usage import Usage

T = TypeVar("T")

# A task goes first if what counts against it, times LEAST_AHEAD_TIMES and with LEAST_AHEAD_S added,
# is still less than what counts against the one that has its turn. The seconds are several times
# what a photo takes; and two that take long shall not change turns until both end late.
LEAST_AHEAD_TIMES = 2.0
LEAST_AHEAD_S = 0.1
# How much of what its address used lately counts against a task, beside all that itself has used.
ADDRESS_SHARE = 0.05
# How often a task that waits looks whether that is so by now, in seconds.
LOOKS_EVERY_S = 0.01


@dataclass(eq=False)
class _Task:
    """Something to do, for a request from an address.

    Attributes:
        address: From which the request came.
        until_s: When it is given up, by `time.monotonic`.
        ran_s: How long it has had its turn, in seconds.
        has_begun: Whether it ever had.
    """

    address: str
    until_s: float
    ran_s: float = 0.0
    has_begun: bool = False


class TaskQueue:
    """Run tasks one after the other, for at once they would only take each other's processor.

    The turn is that of the task which has used least time; what its address used lately counts too,
    but less. A task keeps the turn until it ends, or another has clearly less against it: that one
    begins at once, in a thread of its own, and the first halts before its next step until the turn
    comes back.
    """

    def __init__(self, *, capacity: int, time_limit_s: float, addresses: int | None = None) -> None:
        """Open the queue.

        Args:
            capacity: Requests that may wait or be worked on at once.
            time_limit_s: How long one may take, waiting included, in seconds.
            addresses: See `Capacity`.
        """
        self._time_limit_s = time_limit_s
        self._capacity = Capacity(capacity, addresses=addresses)
        self._changed = threading.Condition()
        self._tasks: list[_Task] = []
        # The task that has its turn, and until when its use is noted, by `time.monotonic`.
        self._active: _Task | None = None
        self._noted_s = 0.0
        self._usage = Usage()
        # By thread.
        self._own = threading.local()
        self._executor = ThreadPoolExecutor(
            max_workers=self._capacity.most_taken, thread_name_prefix="models"
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
        # In a list, from which it is taken: an error of the task would hold the picture with it.
        done = self._executor.submit(self._work_on, _Task(address, until_s), [work])
        try:
            wait([done], timeout=until_s - time.monotonic())
            if not done.done():
                raise self._too_late()
            return done.result()
        finally:
            done.cancel()
            # The future holds the error, whose traceback holds this frame: left alone, they
            # would keep the picture until the garbage collector comes by.
            del done, work

    def give_way(self) -> None:
        """Let a task of another address go first; a task calls it between its steps.

        Raises:
            TimeLimitError: The task was given up.
        """
        task: _Task | None = getattr(self._own, "task", None)
        if task is not None:
            self._await_turn(task)

    @property
    def fraction_taken(self) -> float:
        """The fraction of the slots that are taken, 0 to 1."""
        return self._capacity.fraction_taken

    @property
    def is_stuck(self) -> bool:
        """Whether a task goes on that was given up long ago, so that it comes to no next step.

        Nothing can end it but the end of the process, which gunicorn's configuration sees to.
        """
        given_up_s = time.monotonic() - self._time_limit_s
        with self._changed:
            return any(task.until_s < given_up_s for task in self._tasks)

    def add_use(self, address: str, used_s: float) -> None:
        """Note what an address has used before its task came, in seconds: of decoding."""
        with self._changed:
            self._usage.add(address, used_s, now_s=time.monotonic())

    def _too_late(self) -> TimeLimitError:
        return TimeLimitError(
            f"The answer took longer than {self._time_limit_s:g} seconds. Try again; a smaller "
            "picture takes less."
        )

    def _work_on(self, task: _Task, held: list[Callable[[], T]]) -> T:
        with self._changed:
            self._tasks.append(task)
        self._own.task = task
        try:
            self._await_turn(task)
            return held.pop()()
        finally:
            self._own.task = None
            with self._changed:
                self._note_use()
                self._tasks.remove(task)
                if self._active is task:
                    self._active = None
                    self._changed.notify_all()

    def _await_turn(self, task: _Task) -> None:
        """Wait until it is the turn of a task.

        Raises:
            TimeLimitError: The task was given up.
        """
        with self._changed:
            while (left_s := task.until_s - time.monotonic()) > 0:
                self._choose()
                if self._active is task:
                    return
                self._changed.wait(min(left_s, LOOKS_EVERY_S))
        raise self._too_late()

    def _choose(self) -> None:
        """Give the turn to the task that has least against it, if it is clearly less.

        Otherwise to one that has begun, if there is one.
        """
        self._note_use()

        def counts_s(task: _Task) -> float:
            address_s = self._usage.of(task.address, now_s=self._noted_s)
            return task.ran_s + ADDRESS_SHARE * address_s

        begun = (task for task in self._tasks if task.has_begun)
        chosen = self._active or min(begun, key=counts_s, default=None)
        least = min(self._tasks, key=counts_s)
        if chosen is None or LEAST_AHEAD_TIMES * counts_s(least) + LEAST_AHEAD_S < counts_s(chosen):
            chosen = least
        if chosen is not self._active:
            self._active = chosen
            chosen.has_begun = True
            self._changed.notify_all()

    def _note_use(self) -> None:
        """Note what the task that has its turn has used since that was noted last."""
        now_s = time.monotonic()
        if self._active is not None:
            self._active.ran_s += now_s - self._noted_s
            self._usage.add(self._active.address, now_s - self._noted_s, now_s=now_s)
        self._noted_s = now_s
