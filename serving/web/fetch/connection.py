"""Speak HTTP with one IP address that was checked, within limits of time and bytes.

`http.client` asks for no proxy, follows no redirect, keeps no cookie and unpacks nothing; here it
cannot look up a name either, for it is given a connection.
"""

import contextlib
import io
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from typing import Any, cast

from werkzeug.exceptions import RequestEntityTooLarge

from serving.web.fetch.address import DEFAULT_PORTS, WebAddress
from serving.web.fetch.networks import IpAddress

# To connect to one of several addresses of a host; TLS may take as long again.
CONNECT_S = 3.0
# Longest head of an answer.
HEAD_BYTES = 64_000
# How much longer than a picture a body may be that comes in chunks.
CHUNKS_FACTOR = 2
READ_BYTES = 65_536
HEADERS = {
    "Accept": "image/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": "Mien",
}


class Limits:
    """The limits of a connection; a socket's own timeout would start again with every byte."""

    def __init__(self, *, until_s: float, bytes_left: int) -> None:
        """Begin.

        Args:
            until_s: When the connection is given up, by `time.monotonic`.
            bytes_left: How many may come.
        """
        self._until_s, self.bytes_left = until_s, bytes_left

    def seconds_left(self) -> float:
        """Return how long the connection may still take.

        Raises:
            TimeoutError: No longer.
        """
        left_s = self._until_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s

    def count(self, received: int) -> int:
        """Count bytes that came, and return their number.

        Raises:
            OSError: They are too many.
        """
        self.bytes_left -= received
        if self.bytes_left < 0:
            raise OSError("more bytes came than may")
        return received


class LimitedSocket(socket.socket):
    """A connection that is read within limits.

    Attributes:
        limits: What it may take.
    """

    limits: Limits

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """Read as `socket.socket` does.

        Raises:
            OSError: It took too long, or too many bytes came.
        """
        self.settimeout(self.limits.seconds_left())
        return self.limits.count(super().recv_into(buffer, nbytes, flags))


class LimitedTlsSocket(ssl.SSLSocket):
    """The same with TLS."""

    limits: Limits

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        """Read as `ssl.SSLSocket` does.

        Raises:
            OSError: It took too long, or too many bytes came.
        """
        self.settimeout(self.limits.seconds_left())
        return self.limits.count(super().recv_into(buffer, nbytes, flags))


class CheckedConnection(HTTPConnection):
    """HTTP over a connection that is open already; it never opens one by itself."""

    auto_open = 0

    def __init__(self, address: WebAddress, connected: LimitedSocket | LimitedTlsSocket) -> None:
        """Prepare to ask a host, which is named in the request."""
        super().__init__(address.host, address.port)
        self.default_port = DEFAULT_PORTS[address.scheme]
        self.sock = connected


def make_tls_context() -> ssl.SSLContext:
    """Return what checks certificates by the system's authorities, or those of SSL_CERT_FILE."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    context.sslsocket_class = LimitedTlsSocket
    return context


@contextlib.contextmanager
def ask(
    address: WebAddress, ips: Sequence[IpAddress], *, limits: Limits, tls: ssl.SSLContext
) -> Iterator[HTTPResponse]:
    """Ask the first of several IP addresses that can be reached for a picture; give its answer.

    Args:
        address: Of the picture; its host is not looked up again.
        ips: Of the host, checked.
        limits: Of the connection.
        tls: What checks certificates.

    Raises:
        OSError: There is no connection, its certificate is wrong, or it takes too long.
        HTTPException: What the server answers is no HTTP.
    """
    with contextlib.closing(_connect(address, ips, limits, tls)) as connected:
        connected.settimeout(limits.seconds_left())
        connection = CheckedConnection(address, connected)
        connection.request("GET", address.target, headers=HEADERS)
        with connection.getresponse() as response:
            yield response


def read_body(response: HTTPResponse, limits: Limits, *, most_bytes: int) -> bytes:
    """Read the body of an answer.

    Raises:
        RequestEntityTooLarge: It has more bytes than a picture may have.
        OSError: It takes too long.
        HTTPException: It ends too early.
    """
    if (response.length or 0) > most_bytes:
        raise RequestEntityTooLarge
    limits.bytes_left = CHUNKS_FACTOR * most_bytes + HEAD_BYTES
    body = io.BytesIO()
    while piece := response.read(min(READ_BYTES, most_bytes + 1 - body.tell())):
        body.write(piece)
        if body.tell() > most_bytes:
            raise RequestEntityTooLarge
    if response.length:
        raise IncompleteRead(b"", response.length)
    return body.getvalue()


def _connect(
    address: WebAddress, ips: Sequence[IpAddress], limits: Limits, tls: ssl.SSLContext
) -> LimitedSocket | LimitedTlsSocket:
    for ip in ips:
        with contextlib.suppress(OSError):
            connected = _connect_to(ip, address, limits, tls)
            connected.limits = limits
            return connected
    raise ConnectionError


def _connect_to(
    ip: IpAddress, address: WebAddress, limits: Limits, tls: ssl.SSLContext
) -> LimitedSocket | LimitedTlsSocket:
    # Connecting and the handshake may each take as long as the socket's timeout.
    timeout_s = min(CONNECT_S, limits.seconds_left() / 2)
    with socket.create_connection((str(ip), address.port), timeout_s) as plain:
        if address.scheme == "https":
            return cast(LimitedTlsSocket, tls.wrap_socket(plain, server_hostname=address.host))
        return LimitedSocket(fileno=plain.detach())
