"""What is taken for a whole request, gunicorn takes for one too, also of odd and damaged ones."""

import contextlib
import random
from collections.abc import Iterator

from gunicorn.config import Config
from gunicorn.http.parser import RequestParser

from serving.web.incoming import Incoming

REQUESTS = 4_000
NEXT = b"GET /next HTTP/1.1\r\nHost: b\r\n\r\n"
LENGTHS = [
    b"Content-Length: %d",
    b"content-length:00%d",
    b"Content-Length:\t%d ",
    b"Content_Length: %d",
]
CODINGS = [
    b"Transfer-Encoding: chunked",
    b"transfer-encoding:\tchunked ",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: identity",
    b"Transfer-Encoding: chunked\r\nContent-Length: 4",
]
SIZES = [b"%x", b"0%X", b"%018x", b"%x ", b"%x;a=b", b'%x\t;a="\\";"', b"0x%x"]
TRAILERS = [b"", b"", b"A: b\r\n", b"Content-Length: 5\r\n"]
DAMAGE = [b"\r\n", b"\n", b"\r", b" ", b"0", b"5", b":", b";", b"\0", b"\r\n\r\n", b"\xb2", b"+"]
# The largest number that is read as a size.
LARGEST = 16 * b"F"


class MoreIsWantedError(Exception):
    pass


class Received:
    """A connection on which something has come, of which pieces are read."""

    def __init__(self, data: bytes, size: int) -> None:
        self.data, self.size, self.at = data, size, 0

    def recv(self, size: int) -> bytes:
        if self.at == len(self.data):
            raise MoreIsWantedError
        piece = self.data[self.at : self.at + min(size, self.size)]
        self.at += len(piece)
        return piece


def read_by_gunicorn(data: bytes, size: int) -> int | None:
    """Return where a request ends; None where it is refused."""
    connection = Received(data, size)
    parser = RequestParser(Config(), connection, ("192.0.2.1", 1))
    try:
        request = next(parser)
        while request.body.read(1 << 20):
            pass
    except MoreIsWantedError:
        raise
    except Exception:  # noqa: BLE001 - it has many
        return None
    return connection.at - len(request.unreader.take_buffered())


def random_request(dice: random.Random) -> bytes:
    """Return a request, maybe damaged, and maybe with the next one."""
    head, body = [b"Host: a"], b""
    if dice.random() < 0.25:
        body = bytes(dice.choices(b"abc\r\n0", k=dice.randrange(12)))
        head.append(dice.choice(LENGTHS) % len(body))
    elif dice.random() < 0.8:
        head.append(dice.choice(CODINGS))
        for _ in range(dice.randrange(4)):
            chunk = bytes(dice.choices(b"abc\r\n0", k=dice.randrange(1, 20)))
            body += dice.choice(SIZES) % len(chunk) + b"\r\n" + chunk + b"\r\n"
        body += dice.choice(SIZES) % 0 + b"\r\n" + dice.choice(TRAILERS) + b"\r\n"
    version = dice.choice([b"1.1", b"1.1", b"1.0"])
    data = bytearray(b"POST / HTTP/%s\r\n%s\r\n\r\n" % (version, b"\r\n".join(head)) + body)
    for _ in range(dice.choice([0, 0, 1, 2])):
        place = dice.randrange(len(data))
        data[place : place + dice.randrange(2)] = dice.choice([*DAMAGE, LARGEST])
    return bytes(data) + NEXT * dice.randrange(2)


def taken_for_whole(data: bytes, step: int) -> Iterator[tuple[Incoming, bytes]]:
    request, come = Incoming(most_bytes=1_000), bytearray()
    for start in range(0, len(data), step):
        come += data[start : start + step]
        if request.is_whole(come):
            yield request, bytes(come)
            return


def test_what_is_whole_is_read_to_its_end_and_what_is_not_is_never_answered() -> None:
    dice = random.Random(1)  # noqa: S311 - no secret
    whole = 0
    for _ in range(REQUESTS):
        data, step = random_request(dice), dice.choice([1, 13, 1_000])
        for request, come in taken_for_whole(data, step):
            if not request.is_complete:
                # Where more is wanted the connection ends, for no more is read.
                with contextlib.suppress(MoreIsWantedError):
                    assert read_by_gunicorn(come, 8192) is None, data
                continue
            end = read_by_gunicorn(come, dice.choice([1, 7, 8192]))
            whole += end is not None
            assert step > 1 or end in (None, len(come)), data
    assert whole > REQUESTS / 10
