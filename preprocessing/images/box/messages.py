"""What is said through the sockets of the box: numbers and short JSON, each with its length."""

import json
import socket
import struct
from typing import Any

_LENGTH = struct.Struct(">Q")
# What a starter is asked: to start a helper, to end one.
START, END = b"s", b"e"
# More than any message has.
MOST_BYTES = 65_536


class ClosedError(Exception):
    """The other side is gone, or sent a malformed message."""


def send_message(connection: socket.socket, message: dict[str, Any]) -> None:
    """Send a message."""
    body = json.dumps(message).encode("ascii")
    connection.sendall(_LENGTH.pack(len(body)) + body)


def receive_message(connection: socket.socket) -> dict[str, Any]:
    """Wait for a message, as long as the socket's timeout says.

    Raises:
        ClosedError: There is none.
        TimeoutError: None came in time.
    """
    body = receive_bytes(connection, most=MOST_BYTES)
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        raise ClosedError from None
    if not isinstance(message, dict):
        raise ClosedError
    return message


def send_bytes(connection: socket.socket, data: bytes) -> None:
    """Send bytes, their length first."""
    connection.sendall(_LENGTH.pack(len(data)))
    connection.sendall(data)


def receive_bytes(connection: socket.socket, *, most: int) -> bytes:
    """Receive bytes that follow their length.

    Raises:
        ClosedError: The other side is gone, or would send more than `most`.
        TimeoutError: They did not come in time.
    """
    (length,) = _LENGTH.unpack(_receive(connection, _LENGTH.size))
    if length > most:
        raise ClosedError
    return _receive(connection, length)


def _receive(connection: socket.socket, length: int) -> bytes:
    parts = []
    while length:
        try:
            part = connection.recv(length, socket.MSG_WAITALL)
        except ConnectionError:
            raise ClosedError from None
        if not part:
            raise ClosedError
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
