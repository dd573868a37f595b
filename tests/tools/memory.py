"""How much memory processes take together, shared memory counted once (Linux)."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

SAMPLED_EVERY_S = 0.02
# To look takes longer the more memory there is; that costs at most a tenth of a processor.
RESTS_TIMES = 9


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
    """Watches how much memory processes take together (PSS), until it is left.

    To look takes long. It is left out for all of them unless they have grown beyond the peak, and
    for each one that has as much in memory as in the beginning, which counts as it did then.

    Attributes:
        rest_mb: What they took in the beginning.
        peak_mb: The most that was seen.
    """

    def __init__(self, pids: Callable[[], Iterable[int]]) -> None:
        self.rest_mb = self.peak_mb = 0.0
        self._pids = pids
        self._at_rest: dict[int, _Looked] = {}
        self._looked: dict[int, _Looked] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "PeakMemory":
        self._look()
        self.rest_mb, self._at_rest = self.peak_mb, self._looked
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        looked_s = 0.0
        while not self._done.wait(max(SAMPLED_EVERY_S, RESTS_TIMES * looked_s)):
            before_s = time.thread_time()
            self._look()
            looked_s = time.thread_time() - before_s

    def _look(self) -> None:
        resident = {pid: resident_mb([pid]) for pid in self._pids()}
        # No more than this, for what one of them did not have in memory is new to it.
        most_mb = sum(each.pss_mb for each in self._looked.values())
        for pid, now_mb in resident.items():
            before = self._looked.get(pid, NOTHING)
            most_mb += max(0.0, now_mb - before.resident_mb)
        if most_mb <= self.peak_mb:
            return
        self._looked = {}
        for pid, now_mb in resident.items():
            at_rest = self._at_rest.get(pid, NOTHING)
            is_same = now_mb == at_rest.resident_mb
            self._looked[pid] = at_rest if is_same else _Looked(now_mb, memory_mb([pid]))
        taken_mb = sum(each.pss_mb for each in self._looked.values())
        self.peak_mb = max(self.peak_mb, taken_mb)


@dataclass(frozen=True)
class _Looked:
    """What a process had in memory when it was looked at, and its part of that, in MB."""

    resident_mb: float
    pss_mb: float


NOTHING = _Looked(0.0, 0.0)
