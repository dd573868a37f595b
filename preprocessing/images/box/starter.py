"""The process that starts helpers, as seen by the one that asks for them."""

import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from preprocessing.errors import MienError
from preprocessing.images.box.messages import (
    END,
    START,
    ClosedError,
    receive_message,
    send_message,
)
from preprocessing.runtime.streams import open_closed_streams

START_TIMEOUT_S = 60.0
# All of the environment that an interpreter and the decoders need.
_KEPT = (
    *("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR", "PYTHONHOME"),
    *("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"),
)
# How glibc hands out memory there: blocks of up to 2 MiB stay for the next picture, in all no more
# than 4 MiB. Small pictures have no larger ones, and fresh memory from the system would take them a
# quarter of their time. That of large pictures goes back.
_ALLOCATION = (
    "glibc.malloc.hugetlb=1",
    "glibc.malloc.arena_max=1",
    "glibc.malloc.mmap_threshold=2097152",
    "glibc.malloc.trim_threshold=4194304",
)
# One thread: a picture has one core's worth of time, and each thread takes address space.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


class Starter:
    """Starts helpers, which it forks from one process that has loaded the decoders.

    Threads may share one. It ends with this process, and its helpers with it.
    """

    def __init__(self, decoder: str) -> None:
        """Start the process; this returns before it is ready.

        Args:
            decoder: The function that decodes: its module, a colon, its name.
        """
        open_closed_streams()
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        self._control.settimeout(START_TIMEOUT_S)
        self._is_ready = False
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this very interpreter
                [
                    *(sys.executable, "-P", "-m", "preprocessing.images.box.program"),
                    *(str(theirs.fileno()), decoder),
                ],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=_environment(),
                # Ctrl-C reaches every process of a terminal's group, this one while it loads too.
                # In a session of its own, Linux would ignore the lower priority of a long decoding.
                process_group=0,
            )

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def start_helper(self, niceness: int) -> tuple[socket.socket, int]:
        """Start a helper.

        Args:
            niceness: By how much its priority is lower than this process's, 0 to 19.

        Returns:
            The socket by which it is asked, and its process id.

        Raises:
            MienError: The process does not start or has ended.
        """
        ours, theirs = socket.socketpair()
        try:
            with theirs, self._lock:
                self._wait_until_ready()
                socket.send_fds(self._control, [START], [theirs.fileno()])
                send_message(self._control, {"niceness": niceness})
                pid = receive_message(self._control)["pid"]
                self._is_ready = False
        except (ClosedError, OSError) as error:
            ours.close()
            raise MienError(
                "The process that decodes pictures cannot be started. "
                "Look for its error before this one, or install Mien again."
            ) from error
        return ours, pid

    def end_helper(self, pid: int) -> None:
        """End a helper that this has started, whatever it does."""
        with suppress(ClosedError, OSError), self._lock:
            self._wait_until_ready()
            self._control.sendall(END)
            send_message(self._control, {"pid": pid})
            self._is_ready = False

    def close(self) -> None:
        """End the process and wait for its end; its helpers end too."""
        self._control.close()
        self._process.wait()

    def _wait_until_ready(self) -> None:
        if not self._is_ready:
            receive_message(self._control)
            self._is_ready = True


def _environment() -> dict[str, str]:
    return {
        **{kept: os.environ[kept] for kept in _KEPT if kept in os.environ},
        "GLIBC_TUNABLES": ":".join(_ALLOCATION),
        **_ONE_THREAD,
        "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
    }
