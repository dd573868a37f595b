"""A decoder that has been taken over reaches nothing beyond its own process."""

import os
import signal
import socket
import threading
from pathlib import Path

import pytest

from preprocessing.errors import ImageDecodeError
from preprocessing.images.box.client import Box
from tests.preprocessing.images.box.taken_over import ON_LINUX, decode


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("secret")
    return path


def test_no_files_are_read_or_written(box: Box, secret: Path, tmp_path: Path) -> None:
    for action in (f"read {secret}", f"write {tmp_path / 'new'}"):
        with pytest.raises(ImageDecodeError):
            decode(box, action.encode())
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


@ON_LINUX
def test_no_files_are_reached_in_other_ways(box: Box, secret: Path) -> None:
    for action in (f"read_freed {secret}", f"remove {secret}"):
        with pytest.raises(ImageDecodeError):
            decode(box, action.encode())
    assert secret.read_text() == "secret"


@ON_LINUX
def test_nothing_that_is_kept_of_files_changes(box: Box, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("here")
    before = path.stat()
    for action in ("date", "note", "permit"):
        with pytest.raises(ImageDecodeError):
            decode(box, f"{action} {path}".encode())
    assert (path.stat().st_mtime, path.stat().st_mode) == (before.st_mtime, before.st_mode)
    assert not os.listxattr(path)


@ON_LINUX
def test_no_other_process_is_slowed_down(box: Box) -> None:
    pid = os.getpid()
    for action in ("slow_down", "bind", "make_idle"):
        with pytest.raises(ImageDecodeError):
            decode(box, f"{action} {pid}".encode())
    assert os.getpriority(os.PRIO_PROCESS, pid) < 19
    assert os.sched_getscheduler(pid) == os.SCHED_OTHER


def test_no_network_is_reached(box: Box) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with pytest.raises(ImageDecodeError):
            decode(box, f"connect {server.getsockname()[1]}".encode())
        server.settimeout(0.2)
        with pytest.raises(TimeoutError):
            server.accept()


@ON_LINUX
def test_no_process_is_started_or_ended(box: Box, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    ended = threading.Event()
    kills = [f"{name} {os.getpid()}" for name in ("kill", "kill_thread", "signal_by_file")]
    before = signal.signal(signal.SIGTERM, lambda *_: ended.set())
    try:
        for action in (f"execute {trace}", f"start {trace}", "fork", *kills):
            with pytest.raises(ImageDecodeError):
                decode(box, action.encode())
    finally:
        signal.signal(signal.SIGTERM, before)
    assert not trace.exists()
    assert not ended.is_set()


def test_threads_are_allowed(box: Box) -> None:
    decode(box, b"thread")
