import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from gunicorn.workers.gthread import ThreadWorker

from serving.web import buffered_socket, worker
from serving.web.buffered_socket import LEAST_BYTES_PER_S
from serving.web.client_socket import ClientSocket
from serving.web.worker import PatientWorker


def test_of_all_workers_that_with_most_room_accepts_first(monkeypatch: pytest.MonkeyPatch) -> None:
    accepted: list[float] = []
    monkeypatch.setattr(worker, "LONGEST_PAUSE_S", 0.6)
    monkeypatch.setattr(ThreadWorker, "accept", lambda _, listener: accepted.append(listener))

    def accept(fraction_taken: float) -> None:
        patient = PatientWorker.__new__(PatientWorker)
        service = SimpleNamespace(queue=SimpleNamespace(fraction_taken=fraction_taken))
        patient.wsgi = SimpleNamespace(extensions={"mien": service})
        patient.accept(fraction_taken)

    with ThreadPoolExecutor() as workers:
        list(workers.map(accept, [1, 0.5, 0]))
    assert accepted == [0, 0.5, 1]


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ClientSocket, socket.socket]]:
    """A connection as the server and as the client has it, for which there is next to no grace."""
    monkeypatch.setattr(buffered_socket, "GRACE_S", 0.1)
    ours, theirs = socket.socketpair()
    with ClientSocket(fileno=ours.detach()) as server_side, theirs:
        yield server_side, theirs


def test_an_answer_that_nobody_takes_is_given_up(pair: tuple[ClientSocket, socket.socket]) -> None:
    ours, theirs = pair
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    ours.sendall(b"x")
    assert theirs.recv(1) == b"x"
    # A thread waits only before it sends more.
    ours.sendall(bytes(LEAST_BYTES_PER_S))
    with pytest.raises(ConnectionResetError):
        ours.sendall(b"x")


@pytest.mark.parametrize(("left_s", "longest_s"), [(-0.5, 59.5), (0.5, 0.5)])
def test_what_waits_already_is_read_and_earns_time_but_no_more_than_the_longest(
    pair: tuple[ClientSocket, socket.socket], left_s: float, longest_s: float
) -> None:
    ours, theirs = pair
    theirs.sendall(bytes(LEAST_BYTES_PER_S))
    now_s = time.monotonic()
    ours.until_s, ours.latest_s = now_s + left_s, now_s + longest_s
    assert len(ours.recv(65536)) == LEAST_BYTES_PER_S
    assert ours.until_s == pytest.approx(now_s + 0.5, rel=1e-9)
    with pytest.raises(ConnectionResetError):
        ours.recv(1)
