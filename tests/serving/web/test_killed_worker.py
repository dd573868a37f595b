"""A real server whose worker is killed loses no more than that worker had accepted."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event

import pytest

from serving.web.settings import Settings
from tests.tools.server_process import PREDICT, ServerProcess, running_server, wait_until

pytestmark = pytest.mark.slow


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
    """Fill one worker, each request on a connection of its own, until stopped."""

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
        victim = server.oldest_worker()
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
