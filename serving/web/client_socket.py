"""A connection with a client for which a thread may wait, though not for long."""

import contextlib
import errno
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

from serving.web.buffered_socket import BufferedSocket
from serving.web.client_watch import STEP_S, ClientWatch

# Of what a client has not taken yet so much may be left before a thread waits with the next line.
KEPT_BYTES = 65_536


class ClientSocket(BufferedSocket):
    """A connection with a client, which must not be slow; a timeout that gunicorn sets goes first.

    A thread waits for the client only within answers that are sent line by line.

    Attributes:
        watch: Tells whether the client is to give way.
        held_bytes: How long the answer is that it is taking while a thread waits.
        holds_batch: It has one of the few slots for batches.
    """

    watch = ClientWatch()
    held_bytes = 0
    holds_batch = False

    def recv(self, size: int, _flags: int = 0, /) -> bytes:
        """Return what the client sent.

        Raises:
            ConnectionResetError: More is wanted than is there: it sends too slowly.
        """
        if not self._ahead and self.is_finished and not self.was_given_up:
            return b""
        if not self._ahead:
            self._give_up()
        data = bytes(self._ahead[:size])
        del self._ahead[:size]
        return data

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send what the client takes at once and keep the rest, which goes before anything else.

        Raises:
            ConnectionResetError: The client takes what was kept before too slowly.
        """
        if len(self._left) > KEPT_BYTES:
            self._send_left(flags)
        # Such as the head of an answer, whose body comes now.
        data = b"".join((self._left, data)) if self.has_answer_left else data
        self._left = memoryview(data).cast("B")
        self._send_some(self._left)

    def _send_left(self, flags: int) -> None:
        self.await_taker()
        self.held_bytes = len(self._left)
        try:
            while self.has_answer_left:
                send = partial(super().send, self._left, flags)
                sent = self._patiently(send)
                self.moved_bytes += sent
                self._left = self._left[sent:]
        except OSError:
            self.leave_answer()
            raise
        finally:
            self.held_bytes = 0

    def _patiently(self, send: Callable[[], int]) -> int:
        """Wait for the client to take something; return how many bytes it took.

        Raises:
            ConnectionResetError: It did not in time, or others want its slot and it is the slowest.
        """
        try:
            with self.watch.awaiting(self):
                while True:
                    # Also of one that sends a byte now and then.
                    if self.watch.is_to_go(self):
                        self._give_up()
                    left_s = self.until_s - time.monotonic()
                    self.settimeout(max(0.0, min(left_s, STEP_S)))
                    with contextlib.suppress(TimeoutError, BlockingIOError):
                        return send()
                    if left_s <= STEP_S:
                        self._give_up()
        finally:
            self.settimeout(None)

    def _give_up(self) -> NoReturn:
        self.was_given_up = True
        # gunicorn takes it for a client that went away, and does not log it.
        raise ConnectionResetError(errno.ECONNRESET, "the client is too slow")
