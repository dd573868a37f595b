"""Processes that share work over pictures."""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

# The landmark model is 100 MB, read all over for every face: in pages of 4 kB the processor spends
# a third of that time on looking up addresses. glibc from 2.35 on asks the kernel for pages of 2 MB
# where its environment says so when a process starts; others ignore it.
LARGE_PAGES = ("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1")


def worker_pool(
    workers: int, set_up: Callable[..., None], arguments: tuple[Any, ...]
) -> ProcessPoolExecutor:
    """Return a pool of fresh processes, in each of which `set_up(*arguments)` runs first."""
    os.environ.setdefault(*LARGE_PAGES)
    return ProcessPoolExecutor(workers, get_context("spawn"), set_up, arguments)
