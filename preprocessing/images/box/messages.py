"""What is said through the sockets of the box: numbers and short JSON, each with its length."""

import json
import socket
import struct
import time
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


def receive_message(connection: socket.socket, *, until_s: float | None = None) -> dict[str, Any]:
    """Wait for a message.

    Args:
        connection: The socket.
        until_s: When to give it up, by `time.monotonic`, however it comes; by default each part of
            it may take as long as the socket's timeout says.

    Raises:
        ClosedError: There is none.
        TimeoutError: None came in time.
    """
    body = receive_bytes(connection, most=MOST_BYTES, until_s=until_s)
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


def receive_bytes(connection: socket.socket, *, most: int, until_s: float | None = None) -> bytes:
    """Receive bytes that follow their length.

    Args:
        connection: The socket.
        most: How many may come.
        until_s: See `receive_message`.

    Raises:
        ClosedError: The other side is gone, or would send more than `most`.
        TimeoutError: They did not come in time.
    """
    (length,) = _LENGTH.unpack(_receive(connection, _LENGTH.size, until_s))
    if length > most:
        raise ClosedError
    return _receive(connection, length, until_s)


def wait_until(connection: socket.socket, until_s: float) -> None:
    """Let what is received next through a socket come until a time of `time.monotonic`.

    Raises:
        TimeoutError: It is over.
    """
    left_s = until_s - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    connection.settimeout(left_s)


def _receive(connection: socket.socket, length: int, until_s: float | None) -> bytes:
    parts = []
    while length:
        if until_s is not None:
            wait_until(connection, until_s)
        try:
            part = connection.recv(length, socket.MSG_WAITALL)
        except ConnectionError:
            raise ClosedError from None
        if not part:
            raise ClosedError
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
