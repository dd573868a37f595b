"""Processes that share work over pictures."""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

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
    return len(os.sched_getaffinity(0))


def worker_pool(
    workers: int, set_up: Callable[..., None], arguments: tuple[Any, ...]
) -> ProcessPoolExecutor:
    """Return a pool of processes that share the landmark model.

    They are forked from one process, which is fresh but for the modules of the first `set_up` and
    the model; in each `set_up(*arguments)` runs first.
    """
    os.environ.setdefault(*ALLOCATION)
    context = get_context("forkserver")
    context.set_forkserver_preload(["preprocessing.fork_server", set_up.__module__])
    return ProcessPoolExecutor(workers, context, set_up, arguments)
