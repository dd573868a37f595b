"""The one queue before the models: it rejects requests beyond its capacity and ends late ones."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from serving.web.capacity import Capacity
from serving.web.problems import TimeLimitError
from serving.web.usage import Usage

T = TypeVar("T")

# A task that has run for this long, in seconds, lets another go first, and again after as long.
LEAST_TURN_S = 0.02
# Then it goes on for half as long as the other took, up to this: else others without end would halt
# it without end.
LONGEST_TURN_S = 1.0
# So many may be halted at once: each holds its picture.
MOST_HALTED = 2
# How often a request that waits looks whether its task may begin, in seconds.
LOOKS_EVERY_S = 0.01


@dataclass(eq=False)
class _Task:
    """Something to do, for a request from an address.

    Attributes:
        work: What to do.
        address: From which the request came.
        until_s: When it is given up, by `time.monotonic`.
        turn_s: For how long it runs before it lets others go first, in seconds.
        ran_s: How long it has run before its turn began, in seconds.
        since_s: When its turn, or being halted, began, by `time.monotonic`.
        noted_s: Until when what it used was noted, likewise.
        done: What comes of it.
    """

    work: Callable[[], Any]
    address: str
    until_s: float
    turn_s: float
    ran_s: float = 0.0
    since_s: float = 0.0
    noted_s: float = 0.0
    done: Future[Any] = field(default_factory=Future)


class TaskQueue:
    """Run tasks one after the other, for more at once would only take each other's processor.

    The next is that of the address that has used least time lately. One that runs for longer lets
    others go first, if their addresses have used less than its own: they begin at once, and it
    halts before its next step.
    """

    def __init__(self, *, capacity: int, time_limit_s: float) -> None:
        """Open the queue.

        Args:
            capacity: Requests that may wait or be worked on at once.
            time_limit_s: How long one may take, waiting included, in seconds.
        """
        self._time_limit_s = time_limit_s
        self._capacity = Capacity(capacity)
        self._changed = threading.Condition()
        self._waiting: list[_Task] = []
        # The last has its turn, for which those before it halt.
        self._running: list[_Task] = []
        self._usage = Usage()
        self._own = threading.local()
        self._executor = ThreadPoolExecutor(
            max_workers=MOST_HALTED + 1, thread_name_prefix="models"
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
        with self._changed:
            self._waiting.append(task)
        try:
            while not task.done.done() and (left_s := until_s - time.monotonic()) > 0:
                self._begin_next()
                is_waiting = task in self._waiting
                wait([task.done], timeout=min(left_s, LOOKS_EVERY_S) if is_waiting else left_s)
            if not task.done.done():
                raise self._too_late()
            return cast(T, task.done.result())
        finally:
            with self._changed, suppress(ValueError):  # it would hold the picture until its turn
                self._waiting.remove(task)
            # The future holds the error, whose traceback holds this frame: left alone, they
            # would keep the picture until the garbage collector comes by.
            del task, work

    def give_way(self) -> None:
        """Let a task of another address go first; a task calls it between its steps.

        Raises:
            TimeLimitError: The task was given up.
        """
        task: _Task | None = getattr(self._own, "task", None)
        if task is None:
            return
        self._begin_next()
        with self._changed:
            self._changed.wait_for(
                lambda: self._running[-1] is task, timeout=task.until_s - time.monotonic()
            )
        if time.monotonic() > task.until_s:
            raise self._too_late()

    @property
    def fraction_taken(self) -> float:
        """The fraction of the slots that are taken, 0 to 1."""
        return self._capacity.fraction_taken

    @property
    def is_stuck(self) -> bool:
        """Whether a task has taken longer than one may, by itself.

        Nothing can end it but the end of the process, which gunicorn's configuration sees to.
        """
        with self._changed:
            for task in self._running[-1:]:
                return task.ran_s + time.monotonic() - task.since_s > self._time_limit_s
        return False

    def _too_late(self) -> TimeLimitError:
        return TimeLimitError(
            f"The answer took longer than {self._time_limit_s:g} seconds. Try again; a smaller "
            "picture takes less."
        )

    def _begin_next(self) -> None:
        """Let the task begin that is next, if it is its turn."""
        with self._changed:
            now_s = time.monotonic()
            task = min(self._waiting, key=lambda each: self._used_s(each, now_s), default=None)
            if task is None or not self._gives_way_to(task, now_s):
                return
            self._waiting.remove(task)
            self._running.append(task)
            task.since_s = task.noted_s = now_s
        # The executor holds what it is given for as long as an error of the task is held.
        self._executor.submit(self._work_on, [task])

    def _gives_way_to(self, task: _Task, now_s: float) -> bool:
        """Halt what has its turn for another task, if that may go first; say whether it may."""
        if not self._running:
            return True
        running = self._running[-1]
        self._note_use(running, now_s)
        ran_s = now_s - running.since_s
        if (
            len(self._running) > MOST_HALTED
            or ran_s < running.turn_s
            or self._used_s(task, now_s) >= self._used_s(running, now_s)
        ):
            return False
        running.ran_s, running.since_s = running.ran_s + ran_s, now_s
        return True

    def _work_on(self, held: list[_Task]) -> None:
        task = self._own.task = held.pop()
        try:
            result = task.work()
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
            self._end(task)
            task.done.set_exception(error)
        else:
            self._end(task)
            task.done.set_result(result)
        finally:
            self._own.task = None
            del task  # as in `run`
        self._begin_next()

    def _end(self, task: _Task) -> None:
        """Let what was halted for a task go on."""
        with self._changed:
            now_s = time.monotonic()
            had_its_turn = self._running[-1] is task
            self._running.remove(task)
            if had_its_turn:
                self._note_use(task, now_s)
                for halted in self._running[-1:]:
                    took_s = now_s - halted.since_s
                    halted.turn_s = max(LEAST_TURN_S, min(took_s / 2, LONGEST_TURN_S))
                    halted.since_s = halted.noted_s = now_s
            self._changed.notify_all()

    def _note_use(self, task: _Task, now_s: float) -> None:
        """Note what a task has used since that was noted last."""
        self._usage.add(task.address, now_s - task.noted_s, now_s=now_s)
        task.noted_s = now_s

    def _used_s(self, task: _Task, now_s: float) -> float:
        """Return what the address of a task has used, as of one time."""
        return self._usage.of(task.address, now_s=now_s)
