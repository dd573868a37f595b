"""The requests that wait for a thread: those first that have come, for others would only hold it.

Nothing is taken from a connection here. What has come is looked at where the system keeps it.
"""

import fcntl
import re
import socket
import sys
import termios
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from serving.web.usage import Usage

HEAD_END = b"\r\n\r\n"
# A longer head is left to a thread.
MOST_HEAD_BYTES = 16_384
# Of a longer body so much is enough: systems keep little more that nobody reads.
ENOUGH_BYTES = 30_000
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)


def has_head(connection: socket.socket) -> bool:
    """Say whether a thread can begin with what a client sent: a whole head, or all that comes.

    Otherwise the connection does not count as readable until more comes.
    """
    seen = connection.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT) - 1
    head = _peek(connection)
    # What counts as readable and has nothing new was closed by the client.
    is_there = head is None or HEAD_END in head or len(head) in (seen, MOST_HEAD_BYTES)
    least_bytes = 1 if head is None or is_there else len(head) + 1
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, least_bytes)
    return is_there


@dataclass(eq=False)
class _Arrival:
    """A request that waits.

    Attributes:
        connection: Of gunicorn's.
        since_s: Since when it has waited, by `time.monotonic`.
        seen_bytes: How much of it was there when it was looked at.
        has_come: Whether all of it was there, or enough, or the client was gone.
    """

    connection: Any
    since_s: float
    seen_bytes: int = -1
    has_come: bool = False

    def look(self) -> bool:
        """Look whether it has come whole, or enough of it."""
        there = _readable_bytes(self.connection.sock)
        if there != self.seen_bytes and not self.has_come:
            self.seen_bytes, parser = there, self.connection.parser
            read_ahead = parser.unreader.buf.getvalue() if parser else b""
            start = _peek(self.connection.sock)
            wanted = 0 if start is None else _wanted_bytes(read_ahead + start)
            self.has_come = wanted is not None and len(read_ahead) + there >= wanted
        return self.has_come


class Arrivals:
    """The requests that wait for a thread."""

    def __init__(self) -> None:
        """Begin with none."""
        # By address, those of each in the order in which they came.
        self._waiting: dict[str, list[_Arrival]] = {}
        # How many threads each address holds, and how often it was given up lately.
        self._held: Counter[str] = Counter()
        self._slowness = Usage()
        self._lock = threading.Lock()

    def add(self, connection: Any, *, peer: str) -> None:
        """Note that a request waits.

        Args:
            connection: Of gunicorn's.
            peer: Its address (`network_of`); empty where many clients share one, as behind a proxy.
        """
        with self._lock:
            waiting = self._waiting.setdefault(peer, [])
            waiting.append(_Arrival(connection, time.monotonic()))

    def take(self) -> Any | None:
        """Take a connection whose request has come, or else any; None if none waits.

        It is the first of the address that holds fewest threads, and of several such addresses of
        that which was given up least lately.
        """
        now_s = time.monotonic()

        def order(peer: str) -> tuple[int, float]:
            return self._held[peer], self._slowness.of(peer, now_s=now_s)

        with self._lock:
            peers = sorted(self._waiting, key=order)
            waiting = [(peer, each) for peer in peers for each in self._waiting[peer]]
            come = next((pair for pair in waiting if pair[1].look()), None)
            if not waiting:
                return None
            peer, chosen = come or waiting[0]
            self._remove(peer, [chosen])
            self._held[peer] += 1
            return chosen.connection

    def take_unfinished(self, *, waited_s: float) -> list[Any]:
        """Take all connections that waited `waited_s` seconds without a whole request."""
        until_s, taken = time.monotonic() - waited_s, []
        with self._lock:
            for peer, waiting in list(self._waiting.items()):
                late = [each for each in waiting if each.since_s <= until_s and not each.look()]
                taken += [each.connection for each in late]
                self._remove(peer, late)
        return taken

    def _remove(self, peer: str, arrivals: list[_Arrival]) -> None:
        self._waiting[peer] = [each for each in self._waiting[peer] if each not in arrivals]
        if not self._waiting[peer]:
            del self._waiting[peer]

    def end(self, peer: str, *, was_given_up: bool) -> None:
        """Note that an address holds a thread less, and whether it was too slow."""
        with self._lock:
            self._held[peer] -= 1
            self._held += Counter()  # forgets addresses without a thread
            if was_given_up:
                self._slowness.add(peer, 1.0, now_s=time.monotonic())


def _wanted_bytes(start: bytes) -> int | None:
    """Return how many bytes of a request are enough to begin with it; None without its head."""
    head, end, _ = start.partition(HEAD_END)
    if not end:
        return None
    head += end
    length = _LENGTH.search(head)
    body = int(length[1]) if length else ENOUGH_BYTES if _CHUNKED.search(head) else 0
    return len(head) + min(body, ENOUGH_BYTES)


def _readable_bytes(connection: socket.socket) -> int:
    told = fcntl.ioctl(connection, termios.FIONREAD, bytes(4))
    return int.from_bytes(told, sys.byteorder)


def _peek(connection: socket.socket) -> bytes | None:
    """Return the first bytes that a client sent and nobody has read; None where it is gone."""
    flags = socket.MSG_PEEK | socket.MSG_DONTWAIT
    try:
        return socket.socket.recv(connection, MOST_HEAD_BYTES, flags) or None
    except BlockingIOError:
        return b""
    except OSError:
        return None
