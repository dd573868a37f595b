"""A real server under gunicorn, in processes of its own, on this machine."""

import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

from tests.tools.memory import tree

PREDICT = "/api/v1/predict"
COMMAND = ["-m", "serving.web.start"]
START_S = 60


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class ServerProcess:
    """A running server: its master process, its port, and the file that its logs go to."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def ask(
        self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send a request on a connection of its own: GET, or POST where there is a body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET" if body is None else "POST", path, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def workers(self) -> set[int]:
        """Return the process ids of the workers."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
        return {int(child) for child in children.split()}

    def oldest_worker(self) -> int:
        """Return the process id of the worker that runs longest; a younger one may not be ready."""

        def started(pid: int) -> int:
            stat = Path(f"/proc/{pid}/stat").read_text("ascii")
            return int(stat.rpartition(")")[2].split()[19])

        return min(self.workers(), key=started)

    def has_replaced(self, worker: int) -> bool:
        """Say whether others run in place of a worker that ended."""
        workers = self.workers()
        return bool(workers) and worker not in workers

    def processes(self) -> list[int]:
        """Return the process ids of all its processes: master, workers and those of their boxes."""
        return tree(self.process.pid)

    def cpu_s(self) -> float:
        """Return the processor time that the workers and their boxes have used, in seconds."""
        ticks = 0
        for pid in self.processes()[1:]:
            with contextlib.suppress(OSError):  # it has ended; its parent counts it then
                stat = Path(f"/proc/{pid}/stat").read_text("ascii")
                ticks += sum(map(int, stat.rpartition(")")[2].split()[11:15]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def metric(self, name: str) -> float:
        """Return the sum of a metric over all its labels."""
        lines = self.ask("/metrics").body.decode().splitlines()
        ours = [line for line in lines if re.match(rf"{name}[ {{]", line)]
        return sum(float(line.rpartition(" ")[2]) for line in ours)


@contextmanager
def running_server(
    log: Path,
    *,
    workers: int = 2,
    options: str = "",
    within: Sequence[str] = (),
    command: Sequence[str | Path] = (sys.executable, *COMMAND),
    folder: Path | None = None,
    **environment: str,
) -> Iterator[ServerProcess]:
    """Start a server, wait until it answers, and stop it in the end.

    Args:
        log: Where its logs go.
        workers: Number of worker processes.
        options: More of gunicorn's.
        within: A command that starts the one given to it, in its own process.
        command: What starts the server, if not gunicorn.
        folder: Where it starts, if not here.
        environment: Its settings; unless given, an address is not limited.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"PORT": str(port), "WEB_CONCURRENCY": str(workers), "GUNICORN_CMD_ARGS": options}
    # All requests of a test come from one address.
    settings["MIEN_PICTURES_PER_MINUTE"] = "0"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [*within, *command],
            cwd=folder,
            stderr=stderr,
            env={**os.environ, **settings, **environment},
        )
    server = ServerProcess(process, port, log)
    try:
        wait_until(lambda: process.poll() is not None or _answers(server), within_s=START_S)
        assert process.poll() is None, log.read_text(encoding="utf-8")
        yield server
    finally:
        process.terminate()
        process.wait()


def wait_until(holds: Callable[[], bool], *, within_s: float = 30.0) -> None:
    """Wait for something to come true; fail if it does not."""
    until = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until, f"did not come true within {within_s} s"
        time.sleep(0.02)


def _answers(server: ServerProcess) -> bool:
    try:
        return server.ask("/livez").status == http.HTTPStatus.OK
    except OSError:
        return False
