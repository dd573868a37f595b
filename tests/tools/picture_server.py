"""A server on loopback that answers with any bytes: good ones, none, slow ones, without end."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, ThreadingTCPServer

Pieces = Iterable[bytes]


@dataclass
class PictureServer:
    """A running server.

    Attributes:
        port: On 127.0.0.1, or the address that it was given.
        heads: The first lines and headers of all requests that came.
        answer: Gives what is answered to a request, piece by piece.
    """

    port: int
    answer: Callable[[bytes], Pieces]
    heads: list[bytes] = field(default_factory=list)

    def url(self, path: str = "/photo.jpg", *, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


def ok(content: bytes, *headers: str) -> bytes:
    """Return an answer with a picture."""
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(content)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + content


def redirect(location: str, *, status: int = 302) -> bytes:
    head = f"HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    return head.encode("latin-1")


@contextmanager
def picture_server(
    answer: Callable[[bytes], Pieces] = lambda _: (),
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
) -> Iterator[PictureServer]:
    """Run a server; what it does not get rid of when it ends it keeps to itself."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):  # the client has gone
                if tls is None:
                    self.talk(self.request)
                else:
                    with tls.wrap_socket(self.request, server_side=True) as secured:
                        self.talk(secured)

        def talk(self, connection: socket.socket) -> None:
            with connection.makefile("rb") as received:
                head = b"".join(iter(received.readline, b"\r\n"))
            running.heads.append(head)
            for piece in running.answer(head):
                connection.sendall(piece)

    class Server(ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server((host, port), Handler) as server:
        running = PictureServer(server.server_address[1], answer)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield running
        server.shutdown()
        thread.join()
