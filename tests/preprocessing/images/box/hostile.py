"""A decoder that has been taken over: it does what its "picture" says."""

import ctypes
import fcntl
import gc
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from preprocessing.images import announce
from preprocessing.images.announce import announce_size
from preprocessing.images.box.messages import receive_message, send_bytes, send_message
from preprocessing.images.types import DecodedPicture

SIDE_PX = 4


def decode(data: bytes, *, max_pixels: int, may_reduce: bool, in_grey: bool) -> DecodedPicture:
    """Do what the first word says with the rest, and return a small picture if nothing stops it."""
    assert max_pixels
    assert not may_reduce
    assert not in_grey
    name, _, argument = data.decode().partition(" ")
    announce_size(SIDE_PX, SIDE_PX)
    ACTIONS[name](argument)
    return DecodedPicture(np.full((SIDE_PX, SIDE_PX, 3), 7, np.uint8))


def _take_memory(megabytes: str) -> None:
    taken = [bytearray(1_000_000) for _ in range(int(megabytes))]
    assert taken


def _take_time(seconds: str) -> None:
    until_s = time.process_time() + float(seconds)
    while time.process_time() < until_s:
        pass


def _take_time_in_c(_: str) -> None:
    pow(7, 10**8)


def _open_all(path: str) -> None:
    Path(path).read_bytes()


def _open_in_free_descriptor(path: str) -> None:
    os.closerange(0, 3)
    _open_all(path)


def _call_linux(name: str, *arguments: int | bytes) -> None:
    """Call Linux where its C library has no function for it (x86-64)."""
    number = {"tgkill": 234, "fchmodat2": 452}[name]
    if ctypes.CDLL(None, use_errno=True).syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), name)


def _signal_by_file(pid: str) -> None:
    """Let another process have a signal whenever something comes through a socket of this one."""
    descriptor = announce.listener.__self__._connection.fileno()  # type: ignore[union-attr]
    fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGTERM)
    fcntl.fcntl(descriptor, fcntl.F_SETOWN, int(pid))
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_ASYNC)


def _say_size(text: str) -> None:
    announce_size(*map(int, text.split()))


def _say(text: str) -> None:
    """Send a message in place of the helper's own."""
    connection = announce.listener.__self__._connection  # type: ignore[union-attr]
    send_bytes(connection, text.encode())


def _ask_on(seconds: str) -> None:
    """Ask for room again and again, and each time before the last question was answered."""
    connection = announce.listener.__self__._connection  # type: ignore[union-attr]
    for _ in range(50):
        send_message(connection, {"asks": [SIDE_PX, SIDE_PX]})
    until_s = time.monotonic() + float(seconds)
    while time.monotonic() < until_s:
        send_message(connection, {"asks": [SIDE_PX, SIDE_PX]})
        receive_message(connection)


def _drip(seconds: str) -> None:
    """Begin a long message, and go on with it a byte at a time."""
    connection = announce.listener.__self__._connection  # type: ignore[union-attr]
    connection.sendall((60_000).to_bytes(8))
    until_s = time.monotonic() + float(seconds)
    while time.monotonic() < until_s:
        connection.sendall(b" ")
        time.sleep(0.01)


ACTIONS: dict[str, Callable[[str], object]] = {
    "nothing": lambda _: None,
    "memory": _take_memory,
    "time": _take_time,
    "time_in_c": _take_time_in_c,
    "sleep": lambda seconds: time.sleep(float(seconds)),
    "read": _open_all,
    "read_freed": _open_in_free_descriptor,
    "write": lambda path: Path(path).write_text("here"),
    "remove": lambda path: Path(path).unlink(),
    "connect": lambda port: socket.create_connection(("127.0.0.1", int(port))),
    "execute": lambda path: os.execv("/bin/sh", ["sh", "-c", f"touch {path}"]),  # noqa: S606
    "start": lambda path: subprocess.run(["/bin/touch", path], check=True),
    "fork": lambda _: os.fork() or os._exit(0),
    "thread": lambda _: threading.Thread(target=gc.collect).start(),
    "kill": lambda pid: os.kill(int(pid), signal.SIGTERM),
    "kill_thread": lambda pid: _call_linux("tgkill", int(pid), int(pid), signal.SIGTERM),
    "signal_by_file": _signal_by_file,
    "slow_down": lambda pid: os.setpriority(os.PRIO_PROCESS, int(pid), 19),
    "bind": lambda pid: os.sched_setaffinity(int(pid), {0}),
    "make_idle": lambda pid: os.sched_setscheduler(int(pid), os.SCHED_IDLE, os.sched_param(0)),
    "date": lambda path: os.utime(path, (0, 0)),
    "note": lambda path: os.setxattr(path, "user.note", b"here"),
    "permit": lambda path: _call_linux("fchmodat2", -100, path.encode(), 0o777, 0),
    "abort": lambda _: os.abort(),
    "crash": lambda _: ctypes.string_at(0),
    "end": lambda _: os._exit(0),
    "say_size": _say_size,
    "say": _say,
    "ask_on": _ask_on,
    "drip": _drip,
    "say_deep": lambda depth: _say("[" * int(depth)),
}
