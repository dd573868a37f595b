import contextlib
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
    # A thread waits only before it sends much more.
    ours.sendall(bytes(4 * LEAST_BYTES_PER_S))
    with pytest.raises(ConnectionResetError):
        ours.sendall(b"x")


def test_no_other_request_is_read_after_one_that_was_given_up(
    pair: tuple[ClientSocket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = pair
    patient = PatientWorker.__new__(PatientWorker)
    patient.cfg = SimpleNamespace(is_ssl=False)
    monkeypatch.setattr(ThreadWorker, "handle", lambda *_: True)
    assert patient.handle(SimpleNamespace(sock=ours))
    # What had come of the next one is dropped with its body.
    ours.cut_short(gives_way=False)
    assert not patient.handle(SimpleNamespace(sock=ours))
    assert theirs.recv(1) == b""


def test_what_gunicorn_says_of_an_encrypted_connection_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patient = PatientWorker.__new__(PatientWorker)
    patient.cfg = SimpleNamespace(is_ssl=True)
    # It has a word of its own for one on which nothing has come yet.
    monkeypatch.setattr(ThreadWorker, "handle", lambda *_: "later")
    assert patient.handle(SimpleNamespace()) == "later"


def test_no_thread_waits_for_what_has_not_come(pair: tuple[ClientSocket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(b"half")
    ours.await_request(most_bytes=100)
    ours.take_in()
    theirs.sendall(b"rest")
    assert ours.recv(65536) == b"half"
    with pytest.raises(ConnectionResetError):
        ours.recv(1)


def test_an_answer_to_who_has_not_taken_the_last_one_holds_no_thread(
    pair: tuple[ClientSocket, socket.socket],
) -> None:
    ours, theirs = pair
    with contextlib.suppress(BlockingIOError):
        while True:  # until the system takes no more
            ours.send(bytes(LEAST_BYTES_PER_S), socket.MSG_DONTWAIT)
    started_s = time.monotonic()
    ours.sendall(b"head")
    ours.sendall(b"body")
    assert time.monotonic() - started_s < 0.1
    ours.settimeout(0)
    theirs.settimeout(1)
    taken = b""
    while not taken.endswith(b"headbody"):
        taken = taken[-8:] + theirs.recv(65536)
        ours.hand_out()
    assert not ours.has_answer_left
