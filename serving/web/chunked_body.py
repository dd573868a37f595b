"""Read chunked bodies in time proportional to their bytes, not to their number of chunks.

gunicorn's own reader copies what it has read ahead for each chunk: a picture in chunks of one byte
takes it hundreds of times as long as in one.
"""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from gunicorn.http.body import ChunkedReader
from gunicorn.http.errors import ChunkMissingTerminator, InvalidChunkSize, NoMoreData

READ_BYTES = 65_536
# Steps in which chunks are read, by one or in runs, and chunks with extensions. No client needs as
# many.
MOST_STEPS, MOST_ODD_CHUNKS = 250_000, 5_000
# From this many equal chunks on, it is worth the time to look for more.
LEAST_RUN, MOST_RUN = 8, 65_536
_PLAIN_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})\r\n")
_END_OF_LINE = b"\r\n"


class QuickChunkedReader(ChunkedReader):  # type: ignore[misc] # gunicorn has no types
    """Takes runs of chunks of one size at once."""

    def __init__(self, request: Any, unreader: Any) -> None:
        """Begin to read the body of a request."""
        super().__init__(request, unreader)
        self._buffer, self._at = b"", 0
        self._odd_chunks = 0
        # How many chunks are looked at together: more after a run that had no end yet.
        self._together = LEAST_RUN

    def parse_chunked(self, unreader: Any) -> Iterator[bytes]:
        """Yield the content of the chunks.

        Raises:
            ParseException: They are malformed, or far too many.
            NoMoreData: The body ends within one.
        """
        for _ in range(MOST_STEPS):
            size, header = self._next_size(unreader)
            if size == 0:
                return
            run = self._take_run(size, header)
            if run:
                yield run
            else:
                yield from self._take_chunk(unreader, size)
        raise InvalidChunkSize(b"far too many chunks")

    def _next_size(self, unreader: Any) -> tuple[int, bytes]:
        """Take the line before a chunk; return the size that it says, and the line where plain."""
        plain = _PLAIN_SIZE.match(self._buffer, self._at)
        if plain is not None and (size := int(plain[1], 16)) > 0:
            self._at = plain.end()
            return size, plain[0]
        # The last chunk, a line that is not there yet, or one with an extension.
        size, rest = self.parse_chunk_size(unreader, data=self._buffer[self._at :])
        if b"\r\n" in self._buffer[self._at : self._at + 1_000]:
            self._odd_chunks += 1
            if self._odd_chunks > MOST_ODD_CHUNKS:
                raise InvalidChunkSize(b"far too many chunks with extensions")
        self._buffer, self._at = rest or b"", 0
        return size, b""

    def _take_chunk(self, unreader: Any, size: int) -> Iterator[bytes]:
        """Yield the content of one chunk, of which not all may be there yet."""
        left = size
        while left:
            piece = self._buffer[self._at : self._at + left]
            left -= len(piece)
            self._at += len(piece)
            if piece:
                yield piece
            if left:
                self._read_more(unreader, left)
        while len(self._buffer) < self._at + len(_END_OF_LINE):
            self._read_more(unreader, READ_BYTES)
        end = self._buffer[self._at : self._at + len(_END_OF_LINE)]
        if end != _END_OF_LINE:
            raise ChunkMissingTerminator(end)
        self._at += len(_END_OF_LINE)

    def _read_more(self, unreader: Any, wanted: int) -> None:
        data = unreader.read(None, read_ahead=max(READ_BYTES, wanted))
        if not data:
            raise NoMoreData()
        self._buffer, self._at = self._buffer[self._at :] + data, 0

    def _take_run(self, size: int, header: bytes) -> bytes:
        """Take a chunk and all that follow it with the same line before, as far as they are there.

        Args:
            size: Of the first chunk.
            header: The line before it, which is taken already; empty where it says more.

        Returns:
            Their content; nothing where few chunks alike follow the first.
        """
        start = self._at - len(header)
        period = len(header) + size + len(_END_OF_LINE)
        if not header or not all(
            self._buffer.startswith(header, start + number * period)
            for number in range(1, LEAST_RUN)
        ):
            return b""
        count = min(self._together, (len(self._buffer) - start) // period)
        rows = np.frombuffer(self._buffer, np.uint8, count * period, start).reshape(count, period)
        frame = np.r_[np.arange(len(header)), period - 2, period - 1]
        expected = np.frombuffer(header + _END_OF_LINE, np.uint8)
        is_alike = (rows[:, frame] == expected).all(axis=1)
        run = count if is_alike.all() else int(is_alike.argmin())
        self._together = min(4 * count, MOST_RUN) if run == count else LEAST_RUN
        self._at = start + run * period if run else self._at
        return rows[:run, len(header) : -len(_END_OF_LINE)].tobytes()
