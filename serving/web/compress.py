"""Compress answers for clients that accept it: pages, problems, JSON, lines of a batch."""

import gzip
import zlib
from collections.abc import Iterable, Iterator

from flask import Response, request

COMPRESSED = {
    "text/html",
    "text/css",
    "text/csv",
    "application/json",
    "application/problem+json",
    "application/x-ndjson",
}
# Less would not become smaller than its frame. More is mostly a marked picture, of which a quarter
# could be saved at a second's processor time.
LEAST_BYTES, MOST_BYTES = 600, 2_000_000
# Twice as quick as the usual 6, and hardly larger.
LEVEL = 4
_GZIP_WINDOW = 31  # zlib's number for gzip's own frame


def compress(response: Response) -> Response:
    """Compress a response if the client accepts gzip and it gains enough."""
    if response.mimetype not in COMPRESSED or "Content-Encoding" in response.headers:
        return response
    response.vary.add("Accept-Encoding")
    if request.accept_encodings.quality("gzip") <= 0 or response.status_code in (204, 304):
        return response
    if response.is_streamed:
        response.response = _in_pieces(response.iter_encoded())
        response.headers.pop("Content-Length", None)
    elif not LEAST_BYTES <= len(response.get_data()) <= MOST_BYTES:
        return response
    else:
        response.set_data(gzip.compress(response.get_data(), LEVEL, mtime=0))
    response.content_encoding = "gzip"
    return response


def _in_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Compress piece by piece, so that each can be read as soon as it is sent."""
    packer = zlib.compressobj(LEVEL, wbits=_GZIP_WINDOW)
    for piece in pieces:
        yield packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()
