"""gunicorn's worker with threads, which also disconnects clients that are too slow.

gunicorn itself lets a thread wait for such a client without end: a few would take all threads. And
whichever of its workers is first takes a connection, even if it must reject the request while
another has room.
"""

import contextlib
import selectors
import time
from functools import partial
from typing import Any

from gunicorn.http.body import ChunkedReader
from gunicorn.workers.gthread import ThreadWorker

from serving.web.arrivals import Arrivals, has_head
from serving.web.chunked_body import QuickChunkedReader
from serving.web.client_address import network_of
from serving.web.client_socket import GRACE_S, LONGEST_S, ClientSocket
from serving.web.client_watch import LEAST_S, PATIENCE_S, ClientWatch

# How long a connection may be open before anything comes. It takes no thread.
SILENT_S = 5.0
# How long a worker without a free slot lets others go first: several times what a thread takes to
# wake up on a busy core.
LONGEST_PAUSE_S = 0.006


class PatientWorker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """Gives each request its time, and leaves it to a worker that has more room."""

    def __init__(self, *arguments: Any) -> None:
        """Begin with no connection."""
        super().__init__(*arguments)
        self._watch = ClientWatch(threads=self.cfg.threads)
        self._arrivals = Arrivals()

    def accept(self, listener: Any) -> None:
        """Accept a connection, unless another worker was quicker: the fuller waits longer."""
        time.sleep(LONGEST_PAUSE_S * self.wsgi.extensions["mien"].queue.fraction_taken)
        super().accept(listener)

    def enqueue_req(self, conn: Any) -> None:
        """Let a connection wait for a thread once a request begins, and until then for that."""
        if self.cfg.is_ssl:  # TLS sockets are of another kind
            super().enqueue_req(conn)
        elif conn.initialized or conn.data_ready:
            peer = self._peer(conn)
            self._watch.wait(conn, peer=peer)
            self._arrivals.add(conn, peer=peer)
            turn: list[Any] = []
            served = self.tpool.submit(self._serve_next, turn)
            served.add_done_callback(partial(self.method_queue.defer, self._finish, turn))
        else:
            # As gunicorn does with one that has held a thread for five seconds.
            conn.sock.settimeout(0)
            conn.timeout = time.monotonic() + SILENT_S
            self.pending_conns.append(conn)
            readable = partial(self.on_pending_socket_readable, conn)
            self.poller.register(conn.sock, selectors.EVENT_READ, readable)

    def _serve_next(self, turn: list[Any]) -> Any:
        """Answer the request that is to be next, if any is left; note its connection."""
        conn = self._arrivals.take()
        if conn is None:
            return False
        turn.append(conn)
        try:
            return self.handle(conn)
        finally:
            self._arrivals.end(self._peer(conn), was_given_up=conn.sock.was_given_up)

    def _finish(self, turn: list[Any], served: Any) -> None:
        for conn in turn:
            self.finish_request(conn, served)

    def on_pending_socket_readable(self, conn: Any, client: Any) -> None:
        """Go on with a new connection once the head of a request is there."""
        if self.cfg.is_ssl or has_head(client):
            super().on_pending_socket_readable(conn, client)

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        """Go on with a connection that was kept once the head of a request is there."""
        if self.cfg.is_ssl or has_head(client):
            super().on_client_socket_readable(conn, client)

    def murder_keepalived(self, force: bool = False) -> None:  # noqa: FBT001, FBT002 - gunicorn's
        """Close connections that wait for too long; sooner where no other can be accepted."""
        if self.nr_conns >= self.worker_connections:
            self._make_room()
        super().murder_keepalived(force)

    def _make_room(self) -> None:
        """Let go all connections of which no whole request has come within `PATIENCE_S`."""
        now_s = time.monotonic()
        waiting = ((self.pending_conns, SILENT_S), (self.keepalived_conns, self.cfg.keepalive))
        for conns, allowed_s in waiting:
            for conn in conns:
                if conn.timeout - allowed_s + PATIENCE_S > now_s:
                    break
                conn.timeout = now_s
        for conn in self._arrivals.take_unfinished(waited_s=PATIENCE_S):
            self._watch.served(conn)
            self.nr_conns -= 1
            conn.close()

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
