"""A real server whose clients are slow: they are given up, and hold up others only for a while."""

import contextlib
import re
import select
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from threading import Event

import pytest
from PIL import Image

from serving.client import ApiError, Client
from serving.web.buffered_socket import LEAST_BYTES_PER_S
from serving.web.client_watch import DECENT_BYTES_PER_S, LEAST_S
from serving.web.device import RUNTIME_FILE
from serving.web.settings import Settings
from tests.tools.server_process import PREDICT, ServerProcess, running_server

pytestmark = pytest.mark.slow

CLIENTS = 20
SLOTS = Settings().parallel_requests
# Less than the server's own, for which the tests would wait again and again.
GRACE_S = LEAST_S + 1
SERVE = f"""
from serving.web import buffered_socket, start

buffered_socket.GRACE_S = {GRACE_S}
start.main()
"""
POST = f"POST {PREDICT} HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n".encode()
CHUNKED = f"POST {PREDICT} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
# More than what the system takes for a client that reads nothing.
LARGE = f"static/any/{RUNTIME_FILE.parent.name}/{RUNTIME_FILE.stem}"
NEXT = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
BATCH = "/api/v1/predict/batch"
BATCH_BEGUN = (
    f"POST {BATCH} HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n"
    "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
    '--x\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'
).encode()
LINE_BYTES_PER_S = 50_000
# On a machine that has other things to do.
ANSWERED_S = 8


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    log, command = tmp_path_factory.mktemp("log") / "log", [sys.executable, "-c", SERVE]
    with running_server(log, workers=1, command=command) as server:
        yield server


@contextlib.contextmanager
def connections(
    server: ServerProcess, sent: Sequence[bytes], *, source: str = "127.0.0.1"
) -> Iterator[list[socket.socket]]:
    """Open a connection from an address for each beginning of a request, and send it."""
    with contextlib.ExitStack() as stack:
        opened = []
        for each in sent:
            to = ("127.0.0.1", server.port)
            opened.append(socket.create_connection(to, timeout=60, source_address=(source, 0)))
            stack.enter_context(opened[-1])
            opened[-1].sendall(each)
        yield opened


def trickle(connection: socket.socket) -> None:
    """Send a byte now and then until the connection is ended."""
    with contextlib.suppress(OSError):
        while True:
            connection.sendall(b"x")
            time.sleep(0.2)


def seconds_of_an_answer(server: ServerProcess) -> float:
    started_s = time.monotonic()
    assert server.ask("/livez").status == 200
    return time.monotonic() - started_s


def test_unfinished_requests_hold_up_others_for_a_while_only(server: ServerProcess) -> None:
    sent = [POST, POST + b"half", POST[:40], POST[:-4]] * (CLIENTS // 4)
    with connections(server, sent) as opened:
        assert seconds_of_an_answer(server) < GRACE_S + ANSWERED_S
        for beginning, connection in zip(sent, opened, strict=True):
            if beginning.startswith(POST):
                assert connection.recv(65536).startswith(b"HTTP/1.1 408 ")
                continue
            # Nobody has read it.
            with contextlib.suppress(ConnectionResetError):
                assert not connection.recv(65536)
    assert server.ask(PREDICT, b"none").status == 415
    assert '"severity": "ERROR"' not in server.log.read_text(encoding="utf-8")


def test_a_byte_now_and_then_does_not_help(server: ServerProcess) -> None:
    with connections(server, [POST] * CLIENTS) as opened, ThreadPoolExecutor(CLIENTS) as clients:
        for each in opened:
            clients.submit(trickle, each)
        assert seconds_of_an_answer(server) < GRACE_S + ANSWERED_S


def test_who_sends_nothing_holds_up_nobody(server: ServerProcess) -> None:
    with connections(server, [b""] * 3 * CLIENTS) as opened:
        assert server.ask("/livez").status == 200
        ended, _, _ = select.select(opened, [], [], 0)
        assert not ended


@pytest.mark.parametrize(
    ("source", "bytes_per_s"),
    [("127.0.0.1", LEAST_BYTES_PER_S * 5 // 4), ("127.0.0.2", 2 * DECENT_BYTES_PER_S)],
    ids=["slow", "quick, from one address"],
)
def test_who_sends_all_the_time_gives_way_to_others(
    source: str, bytes_per_s: int, server: ServerProcess
) -> None:
    enough = POST.replace(b"100000", b"9000000")
    done = Event()

    def send(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while not done.wait(0.1):
                connection.sendall(bytes(bytes_per_s // 10))

    sent = connections(server, [enough] * CLIENTS, source=source)
    with sent as opened, ThreadPoolExecutor(CLIENTS) as clients:
        for each in opened:
            clients.submit(send, each)
        try:
            # They could hold all threads for minutes.
            assert server.ask("/livez").status == 200
        finally:
            done.set()


def ask_for_a_batch(server: ServerProcess, photo: bytes) -> int:
    body = BATCH_BEGUN.partition(b"\r\n\r\n")[2] + photo + b"\r\n--x--\r\n"
    return server.ask(BATCH, body, {"Content-Type": "multipart/form-data; boundary=x"}).status


def test_batches_that_come_slowly_hold_no_slot(server: ServerProcess, photo: bytes) -> None:
    with contextlib.ExitStack() as stack:
        for number in range(SLOTS):
            stack.enter_context(connections(server, [BATCH_BEGUN], source=f"127.0.0.{10 + number}"))
        assert ask_for_a_batch(server, photo) == 200


@pytest.mark.parametrize(
    "beginning",
    [
        POST.replace(b"100000", b"9000000") + bytes(31_000),
        CHUNKED + b"FFFFFF\r\n" + bytes(31_000) + b"\r\n0\r\n\r\n",
        CHUNKED + 16 * b"0" + b"FF\r\n\r\n\r\n",
        POST.replace(b"100000", b"99000000"),
        POST[:-2] + b"Expect: 100-continue\r\n\r\n",
        POST[:-2] + b"".join(b"X-%d: %s\r\n" % (number, bytes(7_000)) for number in range(4)),
        b"GET /livez HTTP/1.0\r\n\r\n",
        b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n" % LARGE.encode(),
    ],
    ids=[
        "body",
        "chunks",
        "a long size",
        "too long",
        "expects",
        "head",
        "does not close",
        "takes nothing",
    ],
)
def test_who_sends_or_takes_a_part_and_then_nothing_holds_up_nobody_from_however_many_addresses(
    beginning: bytes, server: ServerProcess
) -> None:
    with contextlib.ExitStack() as stack:
        for number in range(3 * CLIENTS):
            sent = connections(server, [beginning], source=f"127.0.1.{1 + number}")
            stack.enter_context(sent)
        time.sleep(0.5)  # with threads for so many, others would get theirs after seconds
        assert seconds_of_an_answer(server) < LEAST_S / 2


def test_a_picture_on_a_slow_line_is_answered(server: ServerProcess) -> None:
    buffer = BytesIO()
    Image.effect_noise((500, 500), 90).save(buffer, "PNG")
    picture = buffer.getvalue()
    assert len(picture) / LINE_BYTES_PER_S > 1.2 * GRACE_S
    step = LINE_BYTES_PER_S // 5
    head = f"POST {PREDICT} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(picture)}\r\n\r\n".encode()
    with connections(server, [head]) as (connection,):
        for start in range(0, len(picture), step):
            connection.sendall(picture[start : start + step])
            time.sleep(step / LINE_BYTES_PER_S)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_who_waited_for_a_thread_has_time_left(server: ServerProcess, photo: bytes) -> None:
    head = f"POST {PREDICT} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
    head += f"Content-Length: {len(photo)}\r\n\r\n"
    # They hold all threads for longer than the grace.
    slow = [POST + bytes(3 * LEAST_BYTES_PER_S)] * CLIENTS
    with connections(server, slow), connections(server, [head.encode()]) as (connection,):
        # The server asks for the picture once it reads.
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        connection.sendall(photo)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_who_is_refused_is_told_why_whatever_was_sent(tmp_path: Path) -> None:
    limits = {"MIEN_PICTURES_PER_MINUTE": "1"}
    with (
        running_server(tmp_path / "log", workers=1, **limits) as server,
        Client(f"http://127.0.0.1:{server.port}") as client,
    ):
        statuses = []
        for size in (1, *[5_000_000] * 5, *[9_000_000] * 5):
            with pytest.raises(ApiError) as raised:
                client.predict(bytes(size))
            statuses.append(raised.value.problem.status)
    assert statuses == [415] + [429] * 10


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        (b"Content-Length: 5000000\r\n\r\n" + bytes(5_000_000) + NEXT, [b"404", b"200"]),
        (b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n" + NEXT, [b"404"]),
        (b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n12", [b"100", b"404"]),
        (b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n12345", [b"404"]),
    ],
    ids=["of a length", "malformed chunks", "awaited", "there already"],
)
def test_a_body_that_nobody_reads_costs_neither_the_next_answer_nor_brings_another(
    sent: bytes, statuses: list[bytes], server: ServerProcess
) -> None:
    with connections(server, [b"POST /nothing HTTP/1.1\r\nHost: a\r\n" + sent]) as (connection,):
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while data := connection.recv(65536):
            answer += data
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == statuses
