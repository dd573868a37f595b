"""A server that is told to end."""

import signal
import socket
from pathlib import Path

import pytest

from tests.tools.server_process import PREDICT, running_server, wait_until


@pytest.mark.slow
def test_what_was_taken_is_answered_and_others_are_refused_at_once(
    photo: bytes, tmp_path: Path
) -> None:
    def is_refused() -> bool:
        try:
            socket.create_connection(address).close()
        except ConnectionRefusedError:
            return True
        return False

    head = f"POST {PREDICT} HTTP/1.0\r\nContent-Length: {len(photo)}\r\n\r\n".encode()
    with running_server(tmp_path / "log") as server:
        address = "127.0.0.1", server.port
        with socket.create_connection(address) as client, client.makefile("rb") as answer:
            client.sendall(head)
            server.ask("/livez")  # after the other was accepted
            server.process.send_signal(signal.SIGTERM)
            wait_until(is_refused, within_s=5)
            client.sendall(photo)
            assert answer.readline().split()[1] == b"200"
        assert server.process.wait(30) == 0
