"""A real server at fault: no network, no disk, no room, a clock that jumps."""

import contextlib
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection
from pathlib import Path
from socket import AF_UNIX, socket
from typing import NoReturn

import pytest

from serving.web.rate_limit import WINDOW_S
from tests.tools.server_process import (
    COMMAND,
    PREDICT,
    Answer,
    ServerProcess,
    running_server,
    wait_until,
)

pytestmark = pytest.mark.slow
MEMORY = Path("/dev/shm")  # noqa: S108
DAY = timedelta(days=1)
# gunicorn looks after its workers once a second.
LOOKED_AFTER_S = 2.5


def cannot(reason: str) -> NoReturn:
    """Skip a test that this machine cannot run; fail where REQUIRE_FAULTS=1."""
    if os.environ.get("REQUIRE_FAULTS") == "1":
        pytest.fail(f"A fault may not be left out here: {reason}.")
    pytest.skip(reason)


def isolated(prepare: str, *more: str) -> list[str]:
    """Return a command that starts another one where mounts are its own, prepared in shell."""
    command = ["unshare", "--map-root-user", "--mount", *more]
    command += ["sh", "-c", f'{prepare} && exec "$@"', "sh"]
    if subprocess.run([*command, "true"], check=False, capture_output=True).returncode:
        cannot("this machine gives nobody namespaces of their own")
    return command


def fill(folder: Path) -> None:
    """Write into a folder until no page more fits."""
    with (folder / "full").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def assert_answers(server: ServerProcess, photo: bytes) -> None:
    """Send all sorts of requests, each of which counts in other figures."""
    workers = server.workers()
    head = '--x\r\nContent-Disposition: form-data; name="image"; filename="photo"\r\n\r\n'
    form = head.encode() + photo + b"\r\n--x--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    for path in (PREDICT, f"{PREDICT}/batch", "/"):
        assert server.ask(path, form, kind).status == 200
    assert server.ask(PREDICT, photo).status == 200
    assert server.ask(PREDICT, b"no picture").status == 415
    assert server.ask("/nowhere").status == 404
    assert server.metric("mien_pictures_total") >= 4
    assert server.workers() == workers


def test_it_needs_neither_a_network_nor_a_disk_to_write_to(photo: bytes, tmp_path: Path) -> None:
    path = MEMORY / f"mien-test-{uuid.uuid4().hex}"
    within = isolated(f"mount -o remount,bind,ro / && mount -t tmpfs none {tmp_path}", "--net")
    server = subprocess.Popen(
        [*within, sys.executable, *COMMAND, "--bind", f"unix:{path}"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stderr=subprocess.DEVNULL,
    )
    try:
        with socket(AF_UNIX) as connected:
            # The file is there before anyone listens.
            wait_until(lambda: connected.connect_ex(str(path)) == 0)
            connection = HTTPConnection("localhost")
            connection.sock = connected
            connection.request("POST", PREDICT, photo)
            answer = connection.getresponse()
            assert answer.status == 200
            assert len(json.loads(answer.read())["faces"]) == 1
    finally:
        server.terminate()
        server.wait()
        path.unlink(missing_ok=True)


def test_full_temporary_folders_cost_no_answer(photo: bytes, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    within = isolated(
        f"mount -t tmpfs -o size=64k none {temporary} && mount -t tmpfs -o size=1m none {MEMORY}"
    )
    with running_server(
        tmp_path / "log", workers=1, within=within, TMPDIR=str(temporary)
    ) as server:
        seen_by_it = Path(f"/proc/{server.process.pid}/root")
        for folder in (temporary, MEMORY):
            fill(seen_by_it / folder.relative_to("/"))
        assert_answers(server, photo)
        # Nor is there room for the figures of the next worker.
        (old,) = server.workers()
        os.kill(old, signal.SIGKILL)
        wait_until(lambda: server.has_replaced(old))
        assert_answers(server, photo)
        assert "counts for itself" in server.log.read_text(encoding="utf-8")


def test_a_clock_that_jumps_changes_no_limit_and_ends_no_worker(
    photo: bytes, tmp_path: Path
) -> None:
    clock, library = tmp_path / "clock", tmp_path / "jumping_clock.so"
    compiler = shutil.which("cc")
    if compiler is None:
        cannot("no C compiler")
    source = Path(__file__).with_name("jumping_clock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)

    def jump(to: timedelta) -> None:
        with clock.open("r+b") as file:
            file.write(struct.pack("q", round(to.total_seconds())))

    def ask_from(address: str) -> Answer:
        return server.ask(PREDICT, photo, {"X-Forwarded-For": address})

    clock.write_bytes(bytes(8))
    faked = {"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(clock)}
    limits = {"MIEN_PICTURES_PER_MINUTE": "1", "MIEN_TRUSTED_PROXIES": "1"}
    with running_server(
        tmp_path / "log", workers=1, options="--timeout 10", **faked, **limits
    ) as server:
        workers = server.workers()
        for number, to in enumerate((DAY, -DAY)):
            one, another = f"203.0.113.{number}", f"198.51.100.{number}"
            assert ask_from(one).status == 200
            with ThreadPoolExecutor() as clients:
                waiting = clients.submit(ask_from, another)
                jump(to)
                assert waiting.result().status == 200
            refused = ask_from(one)
            assert refused.status == 429
            assert 0 < int(refused.headers["Retry-After"]) <= WINDOW_S
            ahead = parsedate_to_datetime(refused.headers["Date"]) - datetime.now(UTC)
            assert abs(ahead - to) < DAY / 2, "the server has not seen the jump"
            time.sleep(LOOKED_AFTER_S)
            assert server.workers() == workers
    lines = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    took_ms = [json.loads(line)["ms"] for line in lines if '"ms": ' in line]
    assert len(took_ms) >= 5
    assert all(0 <= each < 60_000 for each in took_ms)
