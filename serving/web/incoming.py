"""Tell from the bytes that have come of a request whether it is whole."""

import re

LINE_END, HEAD_END = b"\r\n", b"\r\n\r\n"
# gunicorn refuses shorter ones.
MOST_HEAD_BYTES = 1_000_000
# Size of all lines around chunks, and of one: far more than a client needs. For as many chunks of a
# byte gunicorn takes half a second.
MOST_CHUNK_LINES_BYTES = 1_000_000
MOST_CHUNK_LINE_BYTES = 8_192
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*0*(\d{1,19})", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_EXPECTS = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
# gunicorn refuses it at once; it may be typed by hand.
_BARE_LINE_END = re.compile(rb"(?<!\r)\n")
# Possessive, or a line of zeros would be tried in all ways to split it.
_CHUNK_LINE = re.compile(
    rb"(?=[0-9A-Fa-f])0*+([0-9A-Fa-f]{0,16}+)(?![0-9A-Fa-f])[^\r\n]{0,8000}+\r\n"
)


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
        # What was looked through already: a client may send single bytes.
        self._seen_bytes = 0
        self._is_malformed = False
        # Where the request ends. Where it comes in chunks, where the next begins, or after the last
        # the trailers; and how many bytes until then are the lines around these.
        self._end = 0
        self._is_chunked, self._has_last_line, self._lines_bytes = False, False, 0

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
        while not self._has_last_line:
            line_end = data.find(b"\n", max(self._end, self._seen_bytes)) + 1
            if not line_end:
                self._seen_bytes = len(data)
                return len(data) - self._end >= MOST_CHUNK_LINE_BYTES
            line = _CHUNK_LINE.fullmatch(data, self._end, line_end)
            if line is None:
                return True
            size = int(line[1] or b"0", 16)
            # After the content comes a line's end. That of the last line begins what ends it all.
            after = len(LINE_END) if size else -len(LINE_END)
            self._has_last_line = not size
            self._end = line_end + size + after
            self._lines_bytes += len(line[0]) + after
            if self._lines_bytes > MOST_CHUNK_LINES_BYTES:
                return True
        if data.find(HEAD_END, max(self._end, self._seen_bytes - len(HEAD_END))) >= 0:
            self.is_complete = True
            return True
        self._seen_bytes = len(data)
        return len(data) - self._end > MOST_HEAD_BYTES
