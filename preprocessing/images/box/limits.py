"""The limits of a process of the box: for good, and for each picture."""

import ctypes
import math
import os
import resource
import signal
import time
from contextlib import suppress
from pathlib import Path

from preprocessing.images.box.budget import Budget
from preprocessing.images.box.system_calls import deny_system_calls

_PR_SET_PDEATHSIG = 1
# The timer counts milliseconds; after it comes the system's own limit, which counts seconds.
_SLACK_S = 1


def end_with_parent() -> None:
    """Let the system end this process when its parent ends (Linux)."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None and os.uname().sysname == "Linux":
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class PictureLimits:
    """Limits on the memory and processor time of this process, set again for each picture.

    The system enforces them: an allocation beyond the limit fails, and a process that has used its
    time is ended. Where it has no such limit, as macOS on memory, there is none.
    """

    def __init__(self, *, most_file_bytes: int) -> None:
        """Take from this process what it needs for no picture: files, networks, processes.

        Args:
            most_file_bytes: The largest shared memory that it may get.
        """
        self._memory: int | None = None
        with suppress(OSError):
            self._memory = os.open("/proc/self/statm", os.O_RDONLY)
        self._page_bytes = resource.getpagesize()
        self._rest_bytes = 0
        self._started_s = 0.0
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_file_bytes, most_file_bytes))
        # One more than are open: the shared memory of a picture. To map it takes another.
        self._most_descriptors = _largest_descriptor() + 2
        self._limit_descriptors(self._most_descriptors + 1)
        # The timer's signal is to end the process even where a decoder never returns to Python.
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        deny_system_calls()

    def start(self, budget: Budget) -> None:
        """Begin with a picture."""
        self._rest_bytes = self._address_space()
        self._started_s = time.process_time()
        self._limit_descriptors(self._most_descriptors)
        self.grant(budget)

    def grant(self, budget: Budget) -> None:
        """Set how much the picture may take in all."""
        if self._rest_bytes:
            _limit_memory(self._rest_bytes + budget.memory_bytes)
        used_s = time.process_time() - self._started_s
        left_s = max(0.001, budget.seconds - used_s)
        signal.setitimer(signal.ITIMER_PROF, left_s)
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        soft = math.ceil(time.process_time() + left_s) + _SLACK_S
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))

    def stop(self) -> None:
        """End with a picture: what remains to be done for it is bounded."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        self._limit_descriptors(self._most_descriptors + 1)
        if self._rest_bytes:
            _limit_memory(resource.RLIM_INFINITY)

    def _limit_descriptors(self, soft: int) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, self._most_descriptors + 1))

    def _address_space(self) -> int:
        if self._memory is None:
            return 0
        return int(os.pread(self._memory, 64, 0).split()[0]) * self._page_bytes


def _limit_memory(soft: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY and (soft == resource.RLIM_INFINITY or soft > hard):
        soft = hard
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _largest_descriptor() -> int:
    """Return the largest number that an open file of this process has."""
    for folder in ("/proc/self/fd", "/dev/fd"):
        if Path(folder).is_dir():
            numbers = [int(path.name) for path in Path(folder).iterdir()]
            return max(number for number in numbers if _is_open(number))
    return 255


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:  # that of the folder itself, while it was listed
        return False
    return True
