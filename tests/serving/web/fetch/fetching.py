"""Addresses, limits and answers of servers on loopback from which the tests fetch."""

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_network

from serving.web.fetch.fetcher import PictureFetcher

# Linux has all of 127.0.0.0/8. The second is allowed too, and nothing is there.
ALLOWED, CLOSED, FORBIDDEN = "127.0.0.1", "127.0.0.3", "127.0.0.2"


PICTURE = b"the bytes of a picture"


MOST_BYTES = 10_000


# Of servers that never come to an end, and of all others.
SOON_S, LATE_S = 0.2, 20.0


# Any that a server of the tests may have.
PORTS = frozenset((80, 443, *range(1024, 65536)))


NAME = "photos.example"


Answer = Callable[[bytes], Iterable[bytes]]


def make_fetcher() -> PictureFetcher:
    return PictureFetcher(
        networks=[ip_network(ALLOWED), ip_network(CLOSED)],
        ports=PORTS,
        most_bytes=MOST_BYTES,
        parallel=2,
    )


def drip(start: bytes, *, then: bytes = b"x") -> Answer:
    """Return an answer that goes on with a byte now and then."""

    def answer(_: bytes) -> Iterator[bytes]:
        yield start
        while True:
            time.sleep(0.02)
            yield then

    return answer


def flood(start: bytes, *, then: bytes) -> Answer:
    """Return an answer that goes on as quickly as it can."""
    return lambda _: itertools.chain([start], itertools.repeat(then))


HEAD = b"HTTP/1.1 200 OK\r\n"


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
