"""A connection with a client for which a thread may wait, though not for long."""

import contextlib
import errno
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn, TypeVar

from serving.web.buffered_socket import GRACE_S, BufferedSocket
from serving.web.client_watch import ClientWatch

# How often a thread that waits for a client looks whether others wait for a thread.
STEP_S = 0.25

T = TypeVar("T")


class ClientSocket(BufferedSocket):
    """A connection with a client, which must not be slow; a timeout that gunicorn sets goes first.

    A thread waits for the client only within answers that are sent line by line, and where a body
    is in far too many chunks.

    Attributes:
        watch: Who else wants the thread that waits for the client.
        held_bytes: How long the answer is that it is taking while a thread waits.
        holds_batch: It has one of the few slots for batches.
    """

    watch = ClientWatch()
    held_bytes = 0
    holds_batch = False

    def begin_in_thread(self) -> None:
        """Note that a thread may wait for the client from now on."""
        self.holds_batch = False
        self._begin(GRACE_S)

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Return what the client sent.

        Raises:
            ConnectionResetError: It sends too slowly.
            TimeoutError: Nothing is there, and gunicorn would only drop what comes.
        """
        if self._ahead:
            data = bytes(self._ahead[:size])
            del self._ahead[:size]
            return data
        if self.was_given_up:
            raise _too_slow()
        if self.is_finished:
            return b""
        if self.gettimeout() is not None:
            raise TimeoutError  # that takes no thread (`await_end`)
        # What waits here already is read in any case.
        receive = partial(super().recv, size, flags)
        data = self._patiently(receive, until_s=self.until_s)
        self._move(len(data))
        return data

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send what the client takes at once and keep the rest, which goes before anything else.

        Raises:
            ConnectionResetError: The client takes what was kept before too slowly.
        """
        self._send_left(flags)
        self._left = memoryview(data).cast("B")
        self._send_some(self._left)

    def _send_left(self, flags: int) -> None:
        if not self.has_answer_left:
            return
        self.await_taker()
        self.held_bytes = len(self._left)
        try:
            while self.has_answer_left:
                send = partial(super().send, self._left, flags)
                sent = self._patiently(send, until_s=self.until_s)
                self.moved_bytes += sent
                self._left = self._left[sent:]
        except OSError:
            self.leave_answer()
            raise
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
        raise _too_slow()


def _too_slow() -> ConnectionResetError:
    """Return what gunicorn takes for a client that went away, and does not log."""
    return ConnectionResetError(errno.ECONNRESET, "the client is too slow")
