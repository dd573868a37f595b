"""Bodies in small chunks, as some clients send them, and in far too many."""

import json
import socket
from pathlib import Path

import pytest

from tests.tools.server_process import PREDICT, ServerProcess, running_server

HEAD = (
    f"POST {PREDICT} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def answer_to(server: ServerProcess, data: bytes, *, chunk_bytes: int) -> tuple[bytes, bytes]:
    """Send a picture in chunks; return the status and the body of the answer."""
    pieces = [data[at : at + chunk_bytes] for at in range(0, len(data), chunk_bytes)]
    body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(HEAD.encode() + body)
        with client.makefile("rb") as answer:
            head, _, said = answer.read().partition(b"\r\n\r\n")
    return head.split()[1], said


@pytest.mark.slow
def test_small_chunks_are_read_and_of_far_too_many_it_is_said(tmp_path: Path, photo: bytes) -> None:
    large = photo.ljust(9_000_000, b"\0")
    with running_server(tmp_path / "log", workers=1) as server:
        for data, chunk_bytes in ((photo, 1), (photo, 16), (large, 100)):
            assert answer_to(server, data, chunk_bytes=chunk_bytes)[0] == b"200"
        status, said = answer_to(server, large[:300_000], chunk_bytes=1)
        assert status == b"408"
        assert "in far too many small chunks" in json.loads(said)["detail"]
        assert server.ask("/livez").status == 200
