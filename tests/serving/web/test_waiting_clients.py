"""The clients for which no thread waits: who is told what, and who goes where there is no room."""

import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn import util

from serving.web import waiting_clients
from serving.web.buffered_socket import LONGEST_S, SILENT_S
from serving.web.client_socket import ClientSocket
from serving.web.waiting_clients import WaitingClients

HEAD = b"POST / HTTP/1.1\r\nContent-Length: 40000\r\n\r\n"


class Worker:
    """What gunicorn does with connections: tells which can go on."""

    def __init__(self, stack: ExitStack) -> None:
        self.stack = stack
        self.poller = stack.enter_context(selectors.DefaultSelector())
        self.whole: list[Any] = []
        self.dropped: list[Any] = []
        self.clients = self.with_room(150_000_000)

    def with_room(self, room_bytes: int) -> WaitingClients:
        """Wait for clients anew, whose requests may have so many bytes together."""
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(waiting_clients, "MOST_WAITING_BYTES", room_bytes)
            patched.setattr(waiting_clients, "LEAST_REQUESTS", 0)
            return WaitingClients(self.poller, self.dropped.append, most_bytes=100_000)

    def connect(self, sent: bytes = b"", *, peer: str = "") -> tuple[Any, socket.socket]:
        """Open a connection as gunicorn has it, and as the client, who has sent something."""
        ours, theirs = socket.socketpair()
        theirs.sendall(sent)
        self.stack.enter_context(theirs)
        conn = SimpleConnection(sock=self.stack.enter_context(ClientSocket(fileno=ours.detach())))
        conn.sock.peer = peer
        return conn, theirs

    def await_request(self, sent: bytes = b"", *, peer: str = "") -> tuple[Any, socket.socket]:
        conn, theirs = self.connect(sent, peer=peer)
        self.clients.await_request(conn, self.whole.append)
        return conn, theirs

    def go_on(self) -> None:
        while ready := self.poller.select(0.05):
            for key, _ in ready:
                key.data(key.fileobj)


class SimpleConnection(SimpleNamespace):
    __hash__ = object.__hash__  # type: ignore[assignment]


@pytest.fixture
def worker() -> Iterator[Worker]:
    with ExitStack() as stack:
        yield Worker(stack)


def later(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = time.monotonic() + seconds
    monkeypatch.setattr(time, "monotonic", lambda: now_s)


def test_a_request_goes_on_once_it_is_whole_and_a_client_that_left_is_dropped(
    worker: Worker,
) -> None:
    conn, theirs = worker.await_request(HEAD)
    gone, left = worker.await_request()
    theirs.sendall(bytes(40_000))
    left.close()
    worker.go_on()
    assert (worker.whole, worker.dropped, len(worker.clients)) == ([conn], [gone], 0)
    assert sum(len(conn.sock.recv(8192)) for _ in range(5)) == len(HEAD) + 40_000


def test_who_is_late_is_told_so_if_the_head_was_there(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, _ = worker.await_request(HEAD + b"half")
    silent, _ = worker.await_request(HEAD[:9])
    later(SILENT_S + 1, monkeypatch)
    worker.clients.look(is_full=False)
    assert (worker.whole, worker.dropped) == ([], [silent])
    later(LONGEST_S, monkeypatch)
    worker.clients.look(is_full=False)
    assert worker.whole == [late]
    assert not late.sock.gave_way
    assert late.sock.recv(8192) == HEAD
    with pytest.raises(ConnectionResetError):
        late.sock.recv(8192)


def test_the_word_to_send_is_given(worker: Worker) -> None:
    _, theirs = worker.await_request(HEAD[:-2] + b"Expect: 100-continue\r\n\r\n")
    assert theirs.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert not worker.whole


def test_where_no_more_connections_can_be_the_slow_ones_go(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, _ = worker.await_request(HEAD)
    later(1.5, monkeypatch)
    worker.await_request(HEAD)
    worker.clients.look(is_full=True)
    assert worker.dropped == [slow]


def test_where_requests_take_too_much_memory_the_slowest_goes_or_the_largest_of_new_ones(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.clients = worker.with_room(50_000)
    worker.await_request(HEAD)
    large, _ = worker.await_request(HEAD + bytes(25_000))
    worker.await_request(HEAD + bytes(24_990))
    assert worker.whole == [large]  # of which the rest is dropped
    assert large.sock.gave_way
    later(5, monkeypatch)
    new, _ = worker.await_request(HEAD + bytes(30_000))
    assert new not in worker.whole
    assert len(worker.whole) == 3


def test_where_requests_take_too_much_memory_those_of_other_addresses_stay(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.clients = worker.with_room(70_000)
    slow, _ = worker.await_request(HEAD + bytes(9_000), peer="phone")
    later(5, monkeypatch)
    half = [worker.await_request(HEAD + bytes(30_000), peer="others")[0] for _ in range(3)]
    assert len(worker.whole) == 1
    assert slow not in worker.whole
    # What is whole goes too, but for one.
    for _ in range(2):
        worker.await_request(HEAD + bytes(40_000), peer="others")
    assert {*half} < {*worker.whole}
    assert [conn.sock.has_whole_request for conn in worker.whole].count(True) == 1
    assert slow not in worker.whole


def test_a_request_that_has_a_thread_takes_no_room_from_those_that_come(worker: Worker) -> None:
    worker.clients = worker.with_room(50_000)
    for _ in range(2):
        worker.await_request(HEAD + bytes(40_000))
        worker.clients.uncount(worker.whole[-1])
    worker.await_request(HEAD + bytes(30_000))
    assert len(worker.whole) == 2
    worker.await_request(HEAD + bytes(40_000))
    assert len(worker.whole) == 4  # the one that comes is cut short


def test_there_is_room_for_requests_as_large_as_the_settings_allow(worker: Worker) -> None:
    worker.clients = WaitingClients(worker.poller, worker.dropped.append, most_bytes=200_000_000)
    conn, _ = worker.await_request(HEAD)
    conn.sock._ahead += bytes(160_000_000)
    worker.clients.count(conn)
    worker.await_request(HEAD)
    assert not worker.whole


def test_an_answer_goes_without_a_thread_and_who_leaves_it_keeps_nothing_in_the_system(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Any] = []
    quick, theirs = worker.connect()
    slow, _ = worker.connect()
    for conn in (quick, slow):
        conn.sock.sendall(bytes(3_000_000))
        assert conn.sock.has_answer_left
        worker.clients.await_taker(conn, taken.append)
    read = 0
    while read < 3_000_000:
        worker.go_on()
        read += len(theirs.recv(1 << 20))
    worker.go_on()
    assert taken == [quick]
    assert not quick.sock.waiting_bytes
    later(LONGEST_S, monkeypatch)
    worker.clients.look(is_full=False)
    assert worker.dropped == [slow]
    assert slow.sock.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == b"\1\0\0\0\0\0\0\0"


def test_an_answer_that_failed_midway_ends_its_connection_alone(worker: Worker) -> None:
    conn, _ = worker.connect()
    conn.sock.sendall(bytes(3_000_000))
    util.close_graceful(conn.sock)  # as gunicorn does
    worker.clients.await_taker(conn, worker.whole.append)
    assert (worker.whole, worker.dropped, len(worker.clients)) == ([], [conn], 0)


def test_an_unforeseen_fault_ends_its_own_connection_alone(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, theirs = worker.await_request(HEAD)
    conn, sender = worker.await_request(HEAD)
    monkeypatch.setattr(conn.sock._incoming, "is_whole", lambda _: 1 / 0)
    sender.sendall(b"x")
    theirs.sendall(bytes(40_000))
    worker.go_on()
    assert (worker.whole, worker.dropped) == ([other], [conn])


def test_of_what_comes_after_the_answer_so_much_is_taken_and_no_more(worker: Worker) -> None:
    conn, theirs = worker.connect(bytes(90_000))
    worker.clients.await_end(conn)
    assert theirs.recv(1) == b""
    worker.go_on()
    assert not worker.dropped
    theirs.sendall(bytes(20_000))
    worker.go_on()
    assert worker.dropped == [conn]
