"""Processes that share work over pictures."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_all_start_methods, get_context, parent_process
from multiprocessing.synchronize import Event
from typing import Any

import cv2

from preprocessing.errors import MienError

# How glibc, from 2.35 on, hands out memory in processes started with this in their environment.
_TUNABLES = (
    # Large pages: the landmark model is 100 MB, read all over for every face, and in pages of 4 kB
    # the processor spends a third of that time on looking up addresses.
    "glibc.malloc.hugetlb=1",
    # One arena for all threads, and blocks of 256 kB and more, such as pictures, straight from the
    # system and back to it: otherwise memory that one request has freed is often of no use to the
    # next, and the process grows.
    "glibc.malloc.arena_max=1",
    "glibc.malloc.mmap_threshold=262144",
    "glibc.malloc.trim_threshold=1048576",
)
ALLOCATION = ("GLIBC_TUNABLES", ":".join(_TUNABLES))


def usable_cores() -> int:
    """Return how many cores this process may use, which a container or `taskset` may limit."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def start_method() -> str:
    """Return how workers are started: "forkserver", so that they share the landmark model.

    Windows cannot fork, and on macOS a forked process may not use the system's own libraries. There
    it is "spawn": each worker starts afresh and loads a model of its own.
    """
    can_fork = "forkserver" in get_all_start_methods() and sys.platform != "darwin"
    return "forkserver" if can_fork else "spawn"


@contextmanager
def worker_pool(
    workers: int, set_up: Callable[..., None], *, arguments: tuple[Any, ...]
) -> Iterator[ProcessPoolExecutor]:
    """Open a pool of processes that end with this one.

    In each `set_up(*arguments)` runs first, and OpenCV uses one thread. Where `start_method` says
    "forkserver" they are forked from one process, which holds only the modules of the first
    `set_up` and the landmark model. Where the body of the `with` raises, as at Ctrl-C, tasks that
    have not begun are dropped, and those that have end where they call `end_if_stopped`.

    Raises:
        MienError: A worker process was killed, or cannot be started.
    """
    os.environ.setdefault(*ALLOCATION)
    context = get_context(start_method())
    context.set_forkserver_preload(["preprocessing.dataset.fork_server", set_up.__module__])
    stopped = context.Event()
    try:
        with ProcessPoolExecutor(
            workers, context, _start, (stopped, set_up, arguments)
        ) as executor:
            try:
                yield executor
            except BaseException:
                stopped.set()
                executor.shutdown(cancel_futures=True)
                raise
    # The last two where the process that starts the workers was killed.
    except (BrokenProcessPool, ConnectionError, EOFError):
        raise MienError(
            "A worker process was killed, possibly because memory ran out. Close other programs "
            "and try again, `align` with fewer --workers."
        ) from None


_stopped: Event | None = None


def end_if_stopped() -> None:
    """End a task of a worker whose pool was stopped; each calls it before it reads a picture.

    Raises:
        KeyboardInterrupt: It was.
    """
    if _stopped is not None and _stopped.is_set():
        raise KeyboardInterrupt


def _start(stopped: Event, set_up: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    global _stopped  # noqa: PLW0603 - a worker process has no other place to keep it
    _stopped = stopped
    # Ctrl-C reaches every process of a terminal; this process's parent ends it then.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    cv2.setNumThreads(1)
    set_up(*arguments)


def _end_with_parent() -> None:
    """A parent that is killed cannot stop its workers, and they would wait for ever."""
    parent = parent_process()
    assert parent is not None  # noqa: S101 - this runs in worker processes only
    parent.join()
    os._exit(1)
