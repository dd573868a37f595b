"""A connection with a client, of which what it sends and takes may not come too slowly."""

import contextlib
import errno
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn, TypeVar

from serving.web.client_watch import LEAST_S, ClientWatch

# Time allowed for sending a request, or for taking an answer: `GRACE_S` plus one second per
# `LEAST_BYTES_PER_S` bytes, at most `LONGEST_S`: a line of 50 kB/s brings 10 MB by then.
GRACE_S = 10.0
LEAST_BYTES_PER_S = 20_000
LONGEST_S = 240.0
# How often a thread that waits for a client looks whether others wait for a thread.
STEP_S = 0.25
DRAINED_AT_ONCE = 65_536

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
        was_given_up: It was too slow.
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
    holds_batch = was_given_up = False

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
                        self._give_up()
                    left_s = until_s - time.monotonic()
                    self.settimeout(max(0.0, min(left_s, STEP_S)))
                    with contextlib.suppress(TimeoutError, BlockingIOError):
                        return exchange()
                    if left_s <= STEP_S:
                        self._give_up()
        finally:
            self.settimeout(None)

    def _give_up(self) -> NoReturn:
        self.was_given_up = True
        # What gunicorn takes for a client that went away, and does not log.
        raise ConnectionResetError(errno.ECONNRESET, "the client is too slow")

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
