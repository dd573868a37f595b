"""How much memory processes take together, shared memory counted once (Linux)."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

SAMPLED_EVERY_S = 0.01
# To look takes longer the more memory there is; that costs at most a quarter of a processor.
RESTS_TIMES = 3


def tree(pid: int) -> list[int]:
    """Return a process and all that it has started, directly or not."""
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        with contextlib.suppress(OSError):  # it has ended
            children = Path(f"/proc/{found[-1]}/task/{found[-1]}/children").read_text("ascii")
            waiting += map(int, children.split())
    return found


def memory_mb(pids: Iterable[int]) -> float:
    """Return what some processes take together (PSS), in MB."""
    return sum(map(_pss_kb, pids)) * 1024 / 1e6


def resident_mb(pids: Iterable[int]) -> float:
    """Return what some processes have in memory (RSS), in MB, which no other process changes.

    What they share is counted for each of them.
    """
    return sum(map(_resident_pages, pids)) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _resident_pages(pid: int) -> int:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return 0


def _pss_kb(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


class PeakMemory:
    """Watches how much memory processes take, until it is left.

    Attributes:
        peak_mb: The most that was seen.
    """

    def __init__(self, pids: Callable[[], Iterable[int]]) -> None:
        self.peak_mb = 0.0
        self._pids = pids
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        looked_s = 0.0
        while not self._done.wait(max(SAMPLED_EVERY_S, RESTS_TIMES * looked_s)):
            before_s = time.thread_time()
            self.peak_mb = max(self.peak_mb, memory_mb(self._pids()))
            looked_s = time.thread_time() - before_s
