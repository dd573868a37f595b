"""gunicorn's worker with threads, made to give up clients that send or take their bytes too slowly.

gunicorn itself lets a thread wait for such a client without end: a few would take all threads.
"""

import contextlib
import errno
import socket
import time
from typing import Any, NoReturn

from gunicorn.util import close_graceful
from gunicorn.workers.gthread import ThreadWorker

# What a client may take to send a request or take an answer: so long, and a second more for each so
# many bytes. A line of 50 kB/s passes with a picture of any size.
GRACE_S = 10.0
LEAST_BYTES_PER_S = 20_000


class ClientSocket(socket.socket):
    """A connection with a client. Where it says how long it waits, that holds instead.

    Attributes:
        until_s: When the client must have sent what it sends now, in seconds of `time.monotonic`.
    """

    until_s = 0.0

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Return what the client sent.

        Raises:
            ConnectionResetError: It sends too slowly; what it sends from now on is not taken.
        """
        if self.gettimeout() is not None:
            return super().recv(size, flags)
        # What waited here while all threads were taken is read in any case.
        self.settimeout(max(0.0, self.until_s - time.monotonic()))
        try:
            data = super().recv(size, flags)
        except (TimeoutError, BlockingIOError):
            self.shutdown(socket.SHUT_RD)
            _give_up()
        finally:
            self.settimeout(None)
        self.until_s += len(data) / LEAST_BYTES_PER_S
        return data

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send all bytes.

        Raises:
            ConnectionResetError: The client takes them too slowly.
        """
        if self.gettimeout() is not None:
            super().sendall(data, flags)
            return
        self.settimeout(GRACE_S + len(data) / LEAST_BYTES_PER_S)
        try:
            super().sendall(data, flags)
        except TimeoutError:
            _give_up()
        finally:
            self.settimeout(None)


class PatientWorker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """Gives each request its time."""

    def enqueue_req(self, conn: Any) -> None:
        """Let a thread read from a connection: a request begins."""
        if not isinstance(conn.sock, ClientSocket):
            conn.sock = ClientSocket(fileno=conn.sock.detach())
        conn.sock.until_s = time.monotonic() + GRACE_S
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Answer a request; return what says whether the connection is kept."""
        kept = super().handle(conn)
        if not kept:
            # Up to two seconds for the client to close its end. gunicorn would wait for it where it
            # accepts all others; now it finds nothing to wait for.
            with contextlib.suppress(OSError):
                close_graceful(conn.sock.dup())
                conn.sock.shutdown(socket.SHUT_RD)
        return kept


def _give_up() -> NoReturn:
    # What gunicorn takes for a client that went away, and does not log.
    raise ConnectionResetError(errno.ECONNRESET, "the client is too slow")
