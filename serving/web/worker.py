"""gunicorn's worker with threads, which never lets one wait for a client while a request comes.

gunicorn itself lets a thread wait for a slow client without end: a few would take all threads. And
whichever of its workers is first takes a connection, even if it must reject the request while
another has room.
"""

import contextlib
import socket
import time
from functools import partial
from typing import Any

from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import ThreadWorker

from serving.web.arrivals import Arrivals
from serving.web.client_address import network_of
from serving.web.client_socket import ClientSocket
from serving.web.client_watch import STEP_S, ClientWatch
from serving.web.waiting_clients import PATIENCE_S, WaitingClients

# How long a worker without a free slot lets others go first: several times what a thread takes to
# wake up on a busy core.
LONGEST_PAUSE_S = 0.006
DROPPED_AT_ONCE = 1 << 20


class PatientWorker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """Gives each request its time, and leaves it to a worker that has more room."""

    def __init__(self, *arguments: Any) -> None:
        """Begin with no connection."""
        super().__init__(*arguments)
        self._watch = ClientWatch()
        self._arrivals = Arrivals()

    def run(self) -> None:
        """Answer requests until the worker is to end."""
        # Not from where it is said: gunicorn's master loads this module before the figures have
        # their folder.
        most_bytes = self.wsgi.config["LARGEST_REQUEST"]
        self._clients = WaitingClients(self.poller, self._drop, most_bytes=most_bytes)
        super().run()

    def accept(self, listener: Any) -> None:
        """Accept a connection, unless another worker was quicker: the fuller waits longer."""
        time.sleep(LONGEST_PAUSE_S * self.wsgi.extensions["mien"].queue.fraction_taken)
        super().accept(listener)

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001 - gunicorn's
        """Begin or stop to accept connections; once this worker ends, refuse them."""
        super().set_accept_enabled(enabled)
        if not self.alive:
            # gunicorn would let them wait for its last answer, and then break them off.
            for listener in self.sockets:
                listener.close()

    def enqueue_req(self, conn: Any) -> None:
        """Let a connection wait for a request, and for a thread once that is there."""
        if self.cfg.is_ssl:  # TLS sockets are of another kind
            super().enqueue_req(conn)
            return
        if not isinstance(conn.sock, ClientSocket):
            conn.sock = ClientSocket(fileno=conn.sock.detach())
            conn.sock.peer, conn.sock.watch = self._peer(conn), self._watch
        read_before = conn.parser.unreader.take_buffered() if conn.parser else b""
        self._clients.await_request(conn, self._let_wait, read_before=read_before)

    def _let_wait(self, conn: Any) -> None:
        """Let a request that is there wait for a thread."""
        conn.data_ready = True
        self._arrivals.add(conn, peer=conn.sock.peer)
        turn: list[Any] = []
        served = self.tpool.submit(self._serve_next, turn)
        served.add_done_callback(partial(self.method_queue.defer, self._finish, turn))

    def _serve_next(self, turn: list[Any]) -> Any:
        """Answer the request that is to be next; note its connection."""
        conn = self._arrivals.take()
        self._clients.uncount(conn)
        turn.append(conn)
        began_s = time.monotonic()
        try:
            return self.handle(conn)
        finally:
            self._arrivals.end(conn.sock.peer, held_s=time.monotonic() - began_s)

    def _finish(self, turn: list[Any], served: Any) -> None:
        for conn in turn:
            self.finish_request(conn, served)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Let a connection go on once a thread has answered: with what the client has not taken."""
        if self.cfg.is_ssl:
            super().finish_request(conn, fs)
        elif conn.sock.has_answer_left:
            self._clients.await_taker(conn, partial(self._go_on, served=fs))
        else:
            self._go_on(conn, served=fs)

    def _go_on(self, conn: Any, *, served: Any) -> None:
        """Keep a connection for the next request, or end it once its client does."""
        self._clients.count(conn)
        is_kept = not served.cancelled() and not served.exception() and served.result()
        if is_kept and conn.sock.waiting_bytes:
            self.enqueue_req(conn)
        elif is_kept:
            super().finish_request(conn, served)
        else:
            self._clients.await_end(conn)

    def _drop(self, conn: Any) -> None:
        self.nr_conns -= 1
        conn.close()

    def murder_keepalived(self, force: bool = False) -> None:  # noqa: FBT001, FBT002 - gunicorn's
        """Close connections that wait for too long; sooner where no other can be accepted."""
        if self.nr_conns >= self.worker_connections:
            self._make_room()
        super().murder_keepalived(force)

    def _make_room(self) -> None:
        """Let go all connections that were kept for a next request for `PATIENCE_S`."""
        now_s = time.monotonic()
        for conn in self.keepalived_conns:
            if conn.timeout - self.cfg.keepalive + PATIENCE_S > now_s:
                break
            conn.timeout = now_s

    def murder_pending(self) -> None:
        """Give up clients that are too slow."""
        super().murder_pending()
        self._clients.look(is_full=self.nr_conns >= self.worker_connections)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait until a connection can go on, or clients may be too slow."""
        super().wait_for_and_dispatch_events(
            min(timeout, STEP_S) if len(self._clients) else timeout
        )

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request whose head was read; return what says whether the connection is kept."""
        if not self.cfg.is_ssl:
            # The client has had the word to send, or needs none; a thread could wait to send it.
            req._expected_100_continue = False
        kept = super().handle_request(req, conn)
        if kept and getattr(conn.sock, "has_whole_request", False):
            # gunicorn would drop little of it, and end the connection of who was refused.
            with contextlib.suppress(ParseException, OSError):
                while req.body.read(DROPPED_AT_ONCE):
                    pass
        return kept

    def handle(self, conn: Any) -> Any:
        """Answer a request; return what says whether the connection is kept."""
        if self.cfg.is_ssl:  # the proxy that decrypts must be patient
            return super().handle(conn)
        conn.sock.holds_batch = False
        # Where a request that was given up ends, nobody knows.
        kept = super().handle(conn) and not conn.sock.was_given_up
        if not kept and not conn.sock.has_answer_left:
            # At once, or a client that keeps connections would send the next request.
            with contextlib.suppress(OSError):
                conn.sock.shutdown(socket.SHUT_WR)
        return kept

    def _peer(self, conn: Any) -> str:
        is_shared = self.wsgi.extensions["mien"].settings.trusted_proxies > 0
        is_known = not is_shared and isinstance(conn.client, tuple)
        return network_of(conn.client[0]) if is_known else ""
