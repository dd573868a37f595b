"""Tell from the bytes that have come of a request whether it is whole."""

import re

HEAD_END = b"\r\n\r\n"
# gunicorn refuses shorter ones.
MOST_HEAD_BYTES = 1_000_000
# Size of all lines around chunks, and of one: far more than a client needs.
MOST_CHUNK_LINES_BYTES = 2_000_000
MOST_CHUNK_LINE_BYTES = 8_192
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*0*(\d{1,19})", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_EXPECTS = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
# gunicorn refuses it at once; it may be typed by hand.
_BARE_LINE_END = re.compile(rb"(?<!\r)\n")
_CHUNK_LINE = re.compile(rb"0*([0-9A-Fa-f]{1,16})(?![0-9A-Fa-f])[^\r\n]{0,8000}\r\n")


class Incoming:
    """What is known of a request while it comes.

    Attributes:
        head_bytes: Length of its head; 0 as long as that is not there.
        is_complete: It has come to its end.
        expects_word: Its body is sent only once the server has said so (`Expect: 100-continue`).
    """

    def __init__(self, *, most_bytes: int) -> None:
        """Begin with nothing.

        Args:
            most_bytes: Of a longer body no more is waited for: it is refused anyway.
        """
        self.head_bytes = 0
        self.is_complete = self.expects_word = False
        self._most_bytes = most_bytes
        self._seen_bytes = 0
        self._is_malformed = False
        # Where the request ends; where it comes in chunks, how many bytes until then are the lines
        # around these.
        self._end = 0
        self._is_chunked, self._lines_bytes = False, 0

    def is_whole(self, data: bytearray) -> bool:
        """Say whether a thread can work on a request without waiting for its client.

        It can where all of it is there, or enough to refuse it.

        Args:
            data: All that has come of it, and perhaps of the next one.
        """
        if not self.head_bytes and not self._read_head(data):
            return self._is_malformed or len(data) > MOST_HEAD_BYTES
        if self._is_chunked:
            is_whole = self._has_last_chunk(data)
            content_bytes = min(len(data), self._end) - self.head_bytes - self._lines_bytes
            return is_whole or content_bytes > self._most_bytes
        self.is_complete = len(data) >= self._end
        return self.is_complete or self._end > self.head_bytes + self._most_bytes

    def _read_head(self, data: bytearray) -> bool:
        # An empty line before a request means nothing.
        start = 2 if data.startswith(b"\r\n") else 0
        found = data.find(HEAD_END, max(start, self._seen_bytes - len(HEAD_END)))
        if found < 0:
            self._is_malformed = _BARE_LINE_END.search(data, self._seen_bytes) is not None
            self._seen_bytes = len(data)
            return False
        self._end = self.head_bytes = found + len(HEAD_END)
        head = bytes(data[: self.head_bytes])
        is_new = head[start : head.find(b"\r\n", start)].endswith(b" HTTP/1.1")
        self.expects_word = is_new and _EXPECTS.search(head) is not None
        if _CHUNKED.search(head):
            self._is_chunked = True
        elif length := _LENGTH.search(head):
            self._end += int(length[1])
        return True

    def _has_last_chunk(self, data: bytearray) -> bool:
        """Go on from chunk to chunk; say whether the last is there, or one that is malformed."""
        # A size may be larger than what `match` takes for a place.
        while self._end < len(data) and (line := _CHUNK_LINE.match(data, self._end)):
            if not int(line[1], 16):
                self.is_complete = data.find(HEAD_END, line.end() - 2) >= 0
                return self.is_complete or len(data) - self._end > MOST_HEAD_BYTES
            self._end = line.end() + int(line[1], 16) + len(b"\r\n")
            self._lines_bytes += len(line[0]) + len(b"\r\n")
            if self._lines_bytes > MOST_CHUNK_LINES_BYTES:
                return True
        begun = data[self._end : self._end + MOST_CHUNK_LINE_BYTES]
        return b"\n" in begun or len(begun) == MOST_CHUNK_LINE_BYTES
