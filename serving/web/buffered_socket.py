"""A connection with a client that keeps what comes of a request, and what is left of an answer.

So no thread waits for the client: it begins with a request that is there, and ends with an answer
that is made. What comes and goes meanwhile is moved where gunicorn waits for all connections.
"""

import contextlib
import errno
import socket
import struct
import time

from serving.web.client_watch import LEAST_S
from serving.web.incoming import Incoming

# How long a connection may be open before the head of a request is there.
SILENT_S = 5.0
# Time allowed for sending a request, or for taking an answer: `GRACE_S` plus one second per
# `LEAST_BYTES_PER_S` bytes, at most `LONGEST_S`: a line of 50 kB/s brings 10 MB by then.
GRACE_S = 10.0
LEAST_BYTES_PER_S = 20_000
LONGEST_S = 240.0
# Moved at once, so that one connection does not hold up the others.
STEP_BYTES = 262_144
_NOTHING = memoryview(b"")


class BufferedSocket(socket.socket):
    """A connection with a client.

    Attributes:
        until_s: When the client must have sent what it sends now, or taken what it takes, in
            seconds of `time.monotonic`. Each byte puts this off.
        latest_s: To when that can be put off at most.
        begun_s: When it began with that, by the same clock; put off as what came long ago is
            forgotten (`client_watch`).
        moved_bytes: How many bytes it has sent or taken since then.
        is_finished: Nothing more is read.
        was_given_up: It was too slow, or gave way.
        gave_way: Its request was cut short for want of memory.
        peer: Its address (`network_of`); empty where many clients share one, as behind a proxy.
    """

    until_s = latest_s = begun_s = 0.0
    moved_bytes = 0
    is_finished = was_given_up = gave_way = False
    peer = ""

    def __init__(self, *, fileno: int) -> None:
        """Take over a connection."""
        super().__init__(fileno=fileno)
        # What has come and nobody has read; what is left of an answer; what may still be dropped.
        self._ahead = bytearray()
        self._left = _NOTHING
        self._to_drop = 0
        self._incoming = Incoming(most_bytes=0)

    @property
    def waiting_bytes(self) -> int:
        """How many bytes are kept in memory, of a request and of an answer."""
        return len(self._ahead) + (memoryview(self._left.obj).nbytes if self._left else 0)

    @property
    def has_answer_left(self) -> bool:
        """Whether a part of an answer is still to be sent."""
        return len(self._left) > 0

    @property
    def has_head(self) -> bool:
        """Whether the head of the request that comes is there."""
        return self._incoming.head_bytes > 0

    @property
    def has_whole_request(self) -> bool:
        """Whether the last request has come to its end."""
        return self._incoming.is_complete and not self.was_given_up

    def await_request(self, read_before: bytes = b"", *, most_bytes: int) -> None:
        """Begin with a request.

        Args:
            read_before: What of it was read with the one before.
            most_bytes: Of a longer body no more is waited for.
        """
        self._ahead[:0] = read_before
        self._incoming = Incoming(most_bytes=most_bytes)
        self.is_finished = self.was_given_up = self.gave_way = False
        self._begin(SILENT_S)

    def take_in(self) -> bool:
        """Read what has come of a request; say whether a thread can begin with it.

        Raises:
            OSError: The client is gone.
        """
        if self._ahead and self._is_whole():
            return True
        try:
            data = super().recv(STEP_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        if not data:
            if not self._ahead:
                raise ConnectionResetError(errno.ECONNRESET, "the client is gone")
            self.is_finished = True
            return True
        self._ahead += data
        self._move(len(data))
        return self._is_whole()

    def _is_whole(self) -> bool:
        had_head = self.has_head
        is_whole = self._incoming.is_whole(self._ahead)
        if self.has_head and not had_head:
            self.until_s += GRACE_S - SILENT_S
            if self._incoming.expects_word and not is_whole:
                super().send(b"HTTP/1.1 100 Continue\r\n\r\n", socket.MSG_DONTWAIT)
        return is_whole

    def cut_short(self, *, gives_way: bool) -> None:
        """Take a request for all that comes, and drop what has come of its body.

        Args:
            gives_way: Others want its memory; it may have been quick enough.
        """
        self.is_finished = self.was_given_up = True
        self.gave_way = gives_way
        del self._ahead[self._incoming.head_bytes :]

    def await_taker(self) -> None:
        """Begin to send what is left of an answer."""
        self._begin(GRACE_S + len(self._left) / LEAST_BYTES_PER_S)

    def hand_out(self) -> bool:
        """Send what the client takes at once of an answer; say whether that is all of it.

        Raises:
            OSError: The client is gone.
        """
        self._send_some(self._left[:STEP_BYTES])
        return not self.has_answer_left

    def leave_answer(self) -> None:
        """Leave the rest of an answer, also what the system has taken of it and not sent yet."""
        self._left = _NOTHING
        with contextlib.suppress(OSError):  # the client is gone
            self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def await_end(self, *, most_bytes: int) -> None:
        """Begin to drop what the client still sends: many read the answer only after that.

        Args:
            most_bytes: After so many bytes the rest is left.

        Raises:
            OSError: The client is gone.
        """
        self._ahead.clear()
        self._to_drop = most_bytes
        self._begin(LEAST_S)
        self.shutdown(socket.SHUT_WR)

    def drop_some(self) -> bool:
        """Read and drop what has come; say whether that is all, or enough.

        Raises:
            OSError: The client is gone.
        """
        try:
            dropped = len(super().recv(STEP_BYTES, socket.MSG_DONTWAIT))
        except BlockingIOError:
            return False
        self._move(dropped)
        self._to_drop -= dropped
        return not dropped or self._to_drop <= 0

    def _send_some(self, data: memoryview) -> None:
        with contextlib.suppress(BlockingIOError):
            sent = super().send(data, socket.MSG_DONTWAIT)
            self._move(sent)
            self._left = self._left[sent:] or _NOTHING

    def _begin(self, allowed_s: float) -> None:
        self.begun_s, self.moved_bytes = time.monotonic(), 0
        self.until_s = self.begun_s + min(allowed_s, LONGEST_S)
        self.latest_s = self.begun_s + LONGEST_S

    def _move(self, size: int) -> None:
        self.moved_bytes += size
        self.until_s = min(self.until_s + size / LEAST_BYTES_PER_S, self.latest_s)
