"""The connections that no thread serves: a request comes, an answer goes, or the end is awaited.

Their clients may be slow as long as there is room. Where there is none, the slowest of the address
that takes most go.
"""

import logging
import selectors
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from serving.web.client_watch import DECENT_BYTES_PER_S, LEAST_S, STEP_S, forget, rate_of

_log = logging.getLogger(__name__)

# Size of all requests that come or wait for a thread, and of all answers that clients have not
# taken: fifteen of the largest pictures. Where settings allow larger requests, as many as this.
MOST_WAITING_BYTES, LEAST_REQUESTS = 150_000_000, 4
# Where no more connections can be, those go that are slow and older than this.
PATIENCE_S = 1.0


@dataclass(frozen=True)
class _Wait:
    """What a connection waits for.

    Attributes:
        step: Moves what can be moved; tells whether that was all, and raises OSError where the
            client is gone.
        then: What follows; also where it was too late, if `is_late_told`.
        is_late_told: Whether the client is told that it was cut short, and why (`cut_short`).
    """

    step: Callable[[], bool]
    then: Callable[[Any], None]
    is_late_told: bool = False


class WaitingClients:
    """The connections that no thread serves; of gunicorn's, with a `BufferedSocket`."""

    def __init__(
        self,
        poller: selectors.BaseSelector,
        drop: Callable[[Any], None],
        *,
        most_bytes: int,
    ) -> None:
        """Begin with none.

        Args:
            poller: Tells which connections can go on.
            drop: Closes a connection.
            most_bytes: Of the body of a request.
        """
        self._poller, self._drop, self._most_bytes = poller, drop, most_bytes
        self._room_bytes = max(MOST_WAITING_BYTES, LEAST_REQUESTS * most_bytes)
        self._waits: dict[Any, _Wait] = {}
        # Also of those whose request waits for a thread.
        self._bytes: dict[Any, int] = {}
        self._all_bytes = 0
        self._counting = threading.Lock()
        self._looked_s = 0.0

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waits)

    def await_request(
        self, conn: Any, then: Callable[[Any], None], *, read_before: bytes = b""
    ) -> None:
        """Wait for a request, of which a part may be read already; then do something with it."""
        conn.sock.await_request(read_before, most_bytes=self._most_bytes)
        wait = _Wait(conn.sock.take_in, then, is_late_told=True)
        self._begin(conn, wait, selectors.EVENT_READ)

    def await_taker(self, conn: Any, then: Callable[[Any], None]) -> None:
        """Wait until an answer is taken; then do something with the connection."""
        conn.sock.await_taker()
        self._begin(conn, _Wait(conn.sock.hand_out, then), selectors.EVENT_WRITE)

    def await_end(self, conn: Any) -> None:
        """Wait until the client has ended the connection, and drop it."""
        try:
            conn.sock.await_end(most_bytes=self._most_bytes)
        except OSError:
            self._end(conn)
            return
        self._begin(conn, _Wait(conn.sock.drop_some, self._end), selectors.EVENT_READ)

    def _begin(self, conn: Any, wait: _Wait, events: int) -> None:
        try:
            conn.sock.settimeout(0)
            self._poller.register(conn.sock, events, partial(self._go_on, conn))
        except (OSError, ValueError):  # gunicorn closes it where an answer fails midway
            self._end(conn)
            return
        self._waits[conn] = wait
        self._go_on(conn)

    def _go_on(self, conn: Any, _sock: Any = None) -> None:
        wait = self._waits.get(conn)
        if wait is None:  # it was given up since it could go on
            return
        try:
            is_done = wait.step()
        except OSError:
            self._end(conn)
            return
        except Exception:  # noqa: BLE001 - the worker would end, and all others with it
            _log.exception("a connection failed")
            self._end(conn)
            return
        self.count(conn)
        if is_done:
            self._leave(conn)
            wait.then(conn)
        while self._all_bytes > self._room_bytes and self._give_up_one():
            pass

    def count(self, conn: Any) -> None:
        """Note how much memory a connection takes now."""
        now = conn.sock.waiting_bytes
        with self._counting:
            self._all_bytes += now - self._bytes.pop(conn, 0)
            if now:
                self._bytes[conn] = now

    def uncount(self, conn: Any) -> None:
        """Count a connection no longer: it is closed, or has one of the few threads."""
        with self._counting:
            self._all_bytes -= self._bytes.pop(conn, 0)

    def _leave(self, conn: Any) -> None:
        if self._waits.pop(conn, None) is not None:
            self._poller.unregister(conn.sock)

    def _end(self, conn: Any) -> None:
        self._leave(conn)
        if conn.sock.has_answer_left:
            conn.sock.leave_answer()
        self.uncount(conn)
        self._drop(conn)

    def _give_up(self, conn: Any, *, gives_way: bool) -> None:
        """Let go of a client, and tell it why if it has sent the head of a request."""
        wait = self._waits[conn]
        if not wait.is_late_told or not conn.sock.has_head:
            self._end(conn)
            return
        self._cut_short(conn, gives_way=gives_way)
        self._leave(conn)
        wait.then(conn)

    def _give_up_one(self) -> bool:
        """Let go of the slowest client of the address that takes most memory.

        Where all of these are new, the largest goes; where all are whole, what came last.
        """
        now_s = time.monotonic()
        with self._counting:
            sizes = {
                conn: size
                for conn, size in self._bytes.items()
                if conn in self._waits or not conn.sock.was_given_up
            }
        by_peer: Counter[str] = Counter()
        for conn, size in sizes.items():
            by_peer[conn.sock.peer] += size
        if not by_peer:
            return False
        peer = max(by_peer, key=lambda peer: by_peer[peer])
        its = [conn for conn in sizes if conn.sock.peer == peer]
        waiting = [conn for conn in its if conn in self._waits]
        if not waiting:
            self._cut_short(its[-1], gives_way=True)
            return True
        old = [conn for conn in waiting if now_s - conn.sock.begun_s >= LEAST_S]
        slowest = min(old, key=lambda conn: rate_of(conn.sock, now_s), default=None)
        largest = max(waiting, key=lambda conn: sizes[conn])
        self._give_up(slowest or largest, gives_way=True)
        return True

    def _cut_short(self, conn: Any, *, gives_way: bool) -> None:
        """Drop what has come of a body, unless a thread has it already."""
        with self._counting:
            if conn in self._bytes:
                conn.sock.cut_short(gives_way=gives_way)
                self._all_bytes += conn.sock.waiting_bytes - self._bytes[conn]
                self._bytes[conn] = conn.sock.waiting_bytes

    def look(self, *, is_full: bool) -> None:
        """Give up clients that are too late.

        Args:
            is_full: No more connections can be: those of slow clients are ended.
        """
        now_s = time.monotonic()
        if now_s < self._looked_s + STEP_S:
            return
        self._looked_s = now_s
        for conn in list(self._waits):
            age_s = now_s - conn.sock.begun_s
            is_slow = age_s >= PATIENCE_S and rate_of(conn.sock, now_s) < DECENT_BYTES_PER_S
            if is_full and is_slow:
                self._end(conn)
            elif now_s > conn.sock.until_s:
                self._give_up(conn, gives_way=False)
            else:
                forget(conn.sock, now_s)
