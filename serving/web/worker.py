"""gunicorn's worker with threads, which also disconnects clients that are too slow.

gunicorn itself lets a thread wait for such a client without end: a few would take all threads. And
whichever of its workers is first takes a connection, even if it must reject the request while
another has room.
"""

import contextlib
import errno
import selectors
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn, TypeVar

from gunicorn.http.body import ChunkedReader
from gunicorn.workers.gthread import ThreadWorker

from serving.web.chunked_body import QuickChunkedReader
from serving.web.client_watch import LEAST_S, ClientWatch
from serving.web.rate_limit import network_of

# Time allowed for sending a request, or for taking an answer: `GRACE_S` plus one second per
# `LEAST_BYTES_PER_S` bytes, at most `LONGEST_S`: a line of 50 kB/s brings 10 MB by then.
GRACE_S = 10.0
LEAST_BYTES_PER_S = 20_000
LONGEST_S = 240.0
# How often a thread that waits for a client looks whether others wait for a thread.
STEP_S = 0.25
# How long a connection may be open before anything comes. It takes no thread.
SILENT_S = 5.0
DRAINED_AT_ONCE = 65_536
# How long a worker without a free slot lets others go first: several times what a thread takes to
# wake up on a busy core.
LONGEST_PAUSE_S = 0.006

T = TypeVar("T")


class ClientSocket(socket.socket):
    """A connection with a client, which must not be slow; a timeout that gunicorn sets goes first.

    Attributes:
        until_s: When the client must have sent what it sends now, in seconds of `time.monotonic`.
            Each byte that it sends puts this off.
        latest_s: To when that can be put off at most.
        is_finished: Nothing more is read.
        peer: Its address (`network_of`); empty where many clients share one, as behind a proxy.
        watch: Who else wants the thread that waits for the client.
        begun_s: When a thread began to wait for it, by the same clock; the watch puts it off.
        moved_bytes: How many bytes it has sent or taken since then.
        held_bytes: How long the answer is that it is taking.
        holds_batch: It has one of the few slots for batches.
    """

    until_s = 0.0
    latest_s = 0.0
    is_finished = False
    peer = ""
    watch = ClientWatch()
    begun_s = 0.0
    moved_bytes = held_bytes = 0
    holds_batch = False

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Return what the client sent.

        Raises:
            ConnectionResetError: It sends too slowly.
        """
        if self.is_finished:
            return b""
        if self.gettimeout() is not None:
            return super().recv(size, flags)
        # What waits here already is read in any case.
        receive = partial(super().recv, size, flags)
        data = self._patiently(receive, until_s=self.until_s)
        self.moved_bytes += len(data)
        self.until_s = min(self.until_s + len(data) / LEAST_BYTES_PER_S, self.latest_s)
        return data

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send all bytes.

        Raises:
            ConnectionResetError: The client takes them too slowly.
        """
        if self.gettimeout() is not None:
            super().sendall(data, flags)
            return
        left = memoryview(data).cast("B")
        self.begun_s, self.moved_bytes = time.monotonic(), 0
        self.held_bytes = len(left)
        until_s = self.begun_s + min(GRACE_S + len(left) / LEAST_BYTES_PER_S, LONGEST_S)
        try:
            while left:
                sent = self._patiently(partial(super().send, left, flags), until_s=until_s)
                self.moved_bytes += sent
                left = left[sent:]
        finally:
            self.held_bytes = 0

    def _patiently(self, exchange: Callable[[], T], *, until_s: float) -> T:
        """Wait for the client to send or take something; return what came of it.

        Raises:
            ConnectionResetError: It did not in time, or others wait and it is the slowest.
        """
        try:
            with self.watch.awaiting(self):
                while True:
                    # Also of one that sends a byte now and then.
                    if self.watch.is_to_go(self):
                        self.is_finished = True  # the thread is wanted now
                        _give_up()
                    left_s = until_s - time.monotonic()
                    self.settimeout(max(0.0, min(left_s, STEP_S)))
                    with contextlib.suppress(TimeoutError, BlockingIOError):
                        return exchange()
                    if left_s <= STEP_S:
                        _give_up()
        finally:
            self.settimeout(None)

    def finish(self, *, most_bytes: int) -> None:
        """Read and drop what the client still sends: many read the answer only after that.

        Args:
            most_bytes: After so many bytes the rest is left.

        Raises:
            OSError: It sends too slowly, does not close its end, or is gone.
        """
        try:
            self.shutdown(socket.SHUT_WR)
            self.until_s = time.monotonic() + LEAST_S
            self.latest_s = max(self.latest_s, self.until_s)
            while most_bytes > 0 and (data := self.recv(DRAINED_AT_ONCE)):
                most_bytes -= len(data)
        finally:
            self.is_finished = True


class PatientWorker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """Gives each request its time, and leaves it to a worker that has more room."""

    def __init__(self, *arguments: Any) -> None:
        """Begin with no connection."""
        super().__init__(*arguments)
        self._watch = ClientWatch(threads=self.cfg.threads)

    def accept(self, listener: Any) -> None:
        """Accept a connection, unless another worker was quicker: the fuller waits longer."""
        time.sleep(LONGEST_PAUSE_S * self.wsgi.extensions["mien"].queue.fraction_taken)
        super().accept(listener)

    def enqueue_req(self, conn: Any) -> None:
        """Let a connection wait for a thread once a request begins, and until then for that."""
        if conn.initialized or conn.data_ready or self.cfg.is_ssl:
            self._watch.wait(conn, peer=self._peer(conn))
            super().enqueue_req(conn)
            return
        # As gunicorn does with one that has held a thread for five seconds.
        conn.sock.settimeout(0)
        conn.timeout = time.monotonic() + SILENT_S
        self.pending_conns.append(conn)
        readable = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, readable)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request whose head was read; return what says whether the connection is kept."""
        if isinstance(req.body.reader, ChunkedReader):
            req.body.reader = QuickChunkedReader(req, req.unreader)
        return super().handle_request(req, conn)

    def handle(self, conn: Any) -> Any:
        """Answer a request; return what says whether the connection is kept."""
        asked_s = self._watch.served(conn)
        # TLS sockets are of another kind; the proxy that decrypts must be patient.
        if self.cfg.is_ssl:
            return super().handle(conn)
        if not isinstance(conn.sock, ClientSocket):
            conn.sock = ClientSocket(fileno=conn.sock.detach())
        now_s = time.monotonic()
        conn.sock.peer, conn.sock.holds_batch = self._peer(conn), False
        conn.sock.watch, conn.sock.begun_s, conn.sock.moved_bytes = self._watch, now_s, 0
        # While all threads are taken, little more arrives than a beginning.
        conn.sock.until_s = max(asked_s + GRACE_S, now_s + LEAST_S)
        conn.sock.latest_s = now_s + LONGEST_S
        kept = super().handle(conn)
        if not kept:
            # gunicorn would wait for the client where it accepts all others; now it finds nothing
            # to wait for.
            settings = self.wsgi.extensions["mien"].settings
            with contextlib.suppress(OSError):
                conn.sock.finish(
                    most_bytes=max(settings.max_upload_bytes, settings.max_batch_bytes)
                )
        return kept

    def _peer(self, conn: Any) -> str:
        is_shared = self.wsgi.extensions["mien"].settings.trusted_proxies > 0
        is_known = not is_shared and isinstance(conn.client, tuple)
        return network_of(conn.client[0]) if is_known else ""


def _give_up() -> NoReturn:
    # What gunicorn takes for a client that went away, and does not log.
    raise ConnectionResetError(errno.ECONNRESET, "the client is too slow")
