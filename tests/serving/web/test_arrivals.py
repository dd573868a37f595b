import select
import socket
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest

from serving.web import arrivals, worker
from serving.web.arrivals import Arrivals, has_head
from serving.web.worker import PatientWorker

HEAD = b"POST / HTTP/1.1\r\nContent-Length: 40000\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"

Connect = Callable[[bytes], tuple[Any, socket.socket]]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Open a connection as gunicorn has it, and as the client, who has sent something."""
    with ExitStack() as stack, socket.create_server(("127.0.0.1", 0)) as server:

        def open_one(sent: bytes) -> tuple[Any, socket.socket]:
            theirs = stack.enter_context(socket.create_connection(server.getsockname()))
            ours = stack.enter_context(server.accept()[0])
            theirs.sendall(sent)
            return SimpleNamespace(sock=ours, parser=None, close=ours.close), theirs

        yield open_one


def is_readable(connection: socket.socket, *, within_s: float = 5.0) -> bool:
    return bool(select.select([connection], [], [], within_s)[0])


def test_a_thread_begins_with_a_head_that_is_whole_and_with_a_client_that_left(
    connect: Connect,
) -> None:
    conn, theirs = connect(GET[:9])
    assert is_readable(conn.sock)
    assert not has_head(conn.sock)
    assert not is_readable(conn.sock, within_s=0)  # nobody looks in vain
    theirs.sendall(GET[9:])
    assert is_readable(conn.sock)
    assert has_head(conn.sock)
    assert conn.sock.recv(100) == GET

    conn, theirs = connect(GET[:9])
    assert is_readable(conn.sock)
    assert not has_head(conn.sock)
    theirs.close()
    assert is_readable(conn.sock)
    assert has_head(conn.sock)
    assert conn.sock.recv(100) == GET[:9]


def test_a_client_that_left_does_not_wait(connect: Connect) -> None:
    waiting = Arrivals()
    slow, (gone, theirs) = connect(HEAD)[0], connect(b"")
    theirs.close()
    assert is_readable(gone.sock)
    assert has_head(gone.sock)
    for each in (slow, gone):
        waiting.add(each, peer="a")
    assert waiting.take() is gone


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (HEAD, GET),
        (HEAD + bytes(9_000), HEAD + bytes(arrivals.ENOUGH_BYTES)),
        (GET[:-2], HEAD.replace(b"40000", b"3") + b"abc"),
        (HEAD.replace(b"Content-Length: 40000", b"Transfer-Encoding: chunked"), GET),
    ],
    ids=["a head alone", "a little", "half a head", "no chunk"],
)
def test_what_has_come_goes_before_what_came_earlier_in_part(
    first: bytes, then: bytes, connect: Connect
) -> None:
    waiting = Arrivals()
    slow, quick = connect(first)[0], connect(then)[0]
    assert is_readable(quick.sock)
    for each in (slow, quick):
        waiting.add(each, peer="a")
    assert [waiting.take(), waiting.take(), waiting.take()] == [quick, slow, None]


def test_of_what_has_come_that_goes_first_whose_address_has_fewest_threads_or_was_quick(
    connect: Connect,
) -> None:
    waiting = Arrivals()
    one, two, other, last = (connect(GET)[0] for _ in range(4))
    waiting.add(one, peer="a")
    waiting.add(two, peer="a")
    waiting.add(other, peer="b")
    assert [waiting.take(), waiting.take()] == [one, other]
    waiting.end("a", was_given_up=True)
    waiting.end("b", was_given_up=False)
    waiting.add(last, peer="b")
    assert [waiting.take(), waiting.take()] == [last, two]


def test_where_no_more_connections_can_be_those_go_that_wait_for_their_client(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "PATIENCE_S", 0.0)
    patient = PatientWorker.__new__(PatientWorker)
    patient.cfg = SimpleNamespace(keepalive=2.0)
    patient._watch, patient._arrivals = worker.ClientWatch(), Arrivals()
    patient.poller, patient.nr_conns, patient.worker_connections = SimpleNamespace(), 4, 4
    patient.poller.unregister = lambda _: None
    silent, kept, slow, whole = (connect(sent)[0] for sent in (b"", b"", HEAD, GET))
    assert is_readable(whole.sock)
    silent.timeout, kept.timeout = worker.time.monotonic() + 5.0, worker.time.monotonic() + 2.0
    patient.pending_conns, patient.keepalived_conns = deque([silent]), deque([kept])
    patient._arrivals.add(slow, peer="a")
    patient._arrivals.add(whole, peer="a")
    patient.murder_keepalived()
    patient.murder_pending()
    assert patient.nr_conns == 1
    assert [each.sock.fileno() < 0 for each in (silent, kept, slow, whole)] == [True] * 3 + [False]
    assert patient._arrivals.take() is whole
