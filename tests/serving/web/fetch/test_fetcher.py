"""Known tricks against whoever fetches an address, played by servers on loopback."""

import contextlib
import gzip
import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import RequestEntityTooLarge

from serving.web.fetch.fetcher import MAX_REDIRECTS, PictureFetcher
from serving.web.problems import AddressNotAllowedError, FetchError, InvalidRequestError
from tests.tools.picture_server import PictureServer, ok, picture_server, redirect

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


@pytest.fixture(scope="module")
def server() -> Iterator[PictureServer]:
    with picture_server() as running:
        yield running


@pytest.fixture(scope="module")
def fetcher() -> PictureFetcher:
    return make_fetcher()


@pytest.fixture
def fetch(server: PictureServer, fetcher: PictureFetcher) -> Callable[..., bytes]:
    """A function that fetches from servers on loopback."""
    server.heads.clear()

    def fetch_one(url: str, answer: Answer | None = None, *, within_s: float = LATE_S) -> bytes:
        server.answer = answer or (lambda _: [ok(PICTURE)])
        return fetcher.fetch(url, until_s=time.monotonic() + within_s)

    return fetch_one


def make_fetcher() -> PictureFetcher:
    return PictureFetcher(
        networks=[ip_network(ALLOWED), ip_network(CLOSED)],
        ports=PORTS,
        most_bytes=MOST_BYTES,
        parallel=2,
    )


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """A function that says to what names resolve, look-up by look-up; it gives what is asked."""
    look_up, asked = socket.getaddrinfo, list[str]()

    def patch(*answers: list[str]) -> list[str]:
        following = iter(answers)

        def getaddrinfo(host: str, *arguments: Any, **options: Any) -> list[Any]:
            if not host.endswith(".example"):
                return look_up(host, *arguments, **options)
            asked.append(host)
            return [
                found
                for address in next(following)
                for found in look_up(address, *arguments, **options)
            ]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return patch


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


def test_a_picture_is_fetched_with_no_more_than_its_address(
    server: PictureServer, fetch: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{FORBIDDEN}:9")
    cookie = "Set-Cookie: a=b; Path=/"
    answers = iter([ok(PICTURE, cookie), ok(PICTURE, cookie)])
    for _ in range(2):
        assert fetch(server.url("/a?b#c"), lambda _: [next(answers)]) == PICTURE
    first, second = (head.decode().lower().split("\r\n") for head in server.heads)
    assert first == second
    assert first[0] == "get /a?b http/1.1"
    names = {line.partition(":")[0] for line in first[1:] if line}
    assert names == {"host", "accept", "accept-encoding", "connection", "user-agent"}
    assert f"host: {ALLOWED}:{server.port}" in first
    assert "accept-encoding: identity" in first


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.0 200 OK\r\n\r\n" + PICTURE,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n16\r\n" + PICTURE + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + ok(PICTURE),
        ok(PICTURE, "Content-Type: text/html"),
        ok(PICTURE) + b"and more",
    ],
)
def test_a_picture_is_read_however_it_is_sent(
    answer: bytes, server: PictureServer, fetch: Callable[..., bytes]
) -> None:
    assert fetch(server.url(), lambda _: [answer]) == PICTURE


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(
    status: int, server: PictureServer, fetch: Callable[..., bytes]
) -> None:
    def answer(head: bytes) -> list[bytes]:
        return [ok(PICTURE) if b" /next " in head else redirect("/next", status=status)]

    assert fetch(server.url(), answer) == PICTURE


def test_of_several_addresses_one_that_answers_is_enough(
    server: PictureServer, fetch: Callable[..., bytes], resolve: Callable[..., list[str]]
) -> None:
    resolve([CLOSED, ALLOWED], [CLOSED, CLOSED])
    assert fetch(server.url(host=NAME)) == PICTURE
    with pytest.raises(FetchError):
        fetch(server.url(host=NAME))


@pytest.mark.parametrize(
    "host",
    [FORBIDDEN, "127.0.0.1.nip.invalid", "0.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.0.1",
     "100.100.100.200", "224.0.0.1", "255.255.255.255", "[::1]", "[::]", "[::ffff:127.0.0.1]",
     "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::1]", "[fe80::1]",
     "[2001:0:7f00:1::]", "[fd00:ec2::254]", "ip6-localhost", "no-such-name.invalid"],
)  # fmt: skip
def test_internal_addresses_are_refused_whether_something_is_there_or_not(
    host: str, server: PictureServer, fetch: Callable[..., bytes]
) -> None:
    said = set()
    for port in (server.port, 80):
        with pytest.raises(AddressNotAllowedError) as refused:
            fetch(f"http://{host}:{port}/")
        said.add(str(refused.value))
    assert said == {str(AddressNotAllowedError())}
    assert not server.heads


def test_a_name_with_an_internal_address_among_others_is_refused(
    server: PictureServer, fetch: Callable[..., bytes], resolve: Callable[..., list[str]]
) -> None:
    resolve([ALLOWED, FORBIDDEN])
    with pytest.raises(AddressNotAllowedError):
        fetch(server.url(host=NAME))
    assert not server.heads


def test_a_name_that_changes_is_looked_up_once_for_a_connection(
    server: PictureServer, fetch: Callable[..., bytes], resolve: Callable[..., list[str]]
) -> None:
    with picture_server(lambda _: [ok(b"internal")], host=FORBIDDEN, port=server.port) as internal:
        asked = resolve([ALLOWED], [FORBIDDEN], [FORBIDDEN])
        assert fetch(server.url(host=NAME)) == PICTURE
        assert asked == [NAME]
        assert f"Host: {NAME}:{server.port}\r\n".encode() in server.heads[0]
        # Now it is internal, and so it is where a redirect leads to the same name.
        with pytest.raises(AddressNotAllowedError):
            fetch(server.url(host=NAME))
        resolve([ALLOWED], [FORBIDDEN])
        with pytest.raises(AddressNotAllowedError):
            fetch(server.url(host=NAME), lambda _: [redirect("/next")])
    assert not internal.heads


@pytest.mark.parametrize(
    "location",
    [
        f"http://{FORBIDDEN}:PORT/", "//127.0.0.2:PORT/", "http://[::1]:PORT/", "http://127.2:PORT/",
        "http://2130706433/", "http://user:pass@127.0.0.1:PORT/", "http://127.0.0.1:22/",
        "http://169.254.169.254/latest/meta-data/", "http://no-such-name.invalid/",
        "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:PORT/_GET", "data:,a",
        "http://127.0.0.1:PORT\\@127.0.0.2/", "http://\u00fc.example/", "http://[::1",
    ],
)  # fmt: skip
def test_a_redirect_to_what_is_not_allowed_is_refused(
    location: str, server: PictureServer, fetch: Callable[..., bytes]
) -> None:
    with picture_server(lambda _: [ok(PICTURE)], host=FORBIDDEN, port=server.port) as internal:
        target = redirect(location.replace("PORT", str(server.port)))
        with pytest.raises(AddressNotAllowedError) as refused:
            fetch(server.url(), lambda _: [target])
    assert str(refused.value) == str(AddressNotAllowedError())
    assert len(server.heads) == 1
    assert not internal.heads


def test_a_redirect_may_have_letters_beyond_ascii_in_its_path(
    server: PictureServer, fetch: Callable[..., bytes]
) -> None:
    def answer(head: bytes) -> list[bytes]:
        moved = redirect("/PLACE").replace(b"PLACE", "ü".encode())
        return [ok(PICTURE) if b" /%C3%BC " in head else moved]

    assert fetch(server.url(), answer) == PICTURE


def test_redirects_come_to_an_end(server: PictureServer, fetch: Callable[..., bytes]) -> None:
    with pytest.raises(FetchError):
        fetch(server.url(), lambda _: [redirect("/again")])
    assert len(server.heads) == MAX_REDIRECTS + 1


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        drip(b"", then=b"H"),
        drip(b"HTTP/1.1 100 Continue\r\n", then=b"\r\n"),
        drip(HEAD + b"A: ", then=b"a"),
        drip(HEAD + b"Content-Length: 5000\r\n\r\n"),
        drip(HEAD + b"\r\n"),
        drip(CHUNKED, then=b"1\r\nx\r\n"),
        drip(CHUNKED, then=b"0"),
        drip(redirect("/a")[:-2], then=b"a"),
    ],
)
def test_who_answers_a_byte_now_and_then_is_given_up(
    answer: Answer, server: PictureServer, fetch: Callable[..., bytes]
) -> None:
    with pytest.raises(FetchError):
        fetch(server.url(), answer, within_s=SOON_S)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_who_never_answers_is_given_up(scheme: str, fetch: Callable[..., bytes]) -> None:
    with socket.create_server((ALLOWED, 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(FetchError):
            fetch(f"{scheme}://{ALLOWED}:{port}/", within_s=SOON_S)


def test_a_look_up_that_takes_too_long_is_left_alone(
    server: PictureServer, fetch: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found.wait())
    with pytest.raises(AddressNotAllowedError):
        fetch(server.url(host=NAME), within_s=SOON_S)
    found.set()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (flood(HEAD + b"\r\n", then=bytes(10_000)), RequestEntityTooLarge),
        (flood(CHUNKED, then=b"5\r\nabcde\r\n"), RequestEntityTooLarge),
        (lambda _: [HEAD + b"Content-Length: 10001\r\n\r\n"], RequestEntityTooLarge),
        (lambda _: [HEAD + b"Content-Length: 9" + b"9" * 400 + b"\r\n\r\n"], RequestEntityTooLarge),
        # Much around little.
        (flood(b"", then=b"H" * 10_000), FetchError),
        (flood(HEAD, then=b"A: " + b"a" * 1_000 + b"\r\n"), FetchError),
        (flood(HEAD + b"A: ", then=b"a" * 10_000), FetchError),
        (flood(b"", then=b"HTTP/1.1 100 Continue\r\n\r\n"), FetchError),
        (flood(CHUNKED, then=b"0" * 10_000), FetchError),
        (flood(CHUNKED, then=b"1;" + b"a" * 10_000 + b"\r\nx\r\n"), FetchError),
        (flood(CHUNKED + b"0\r\n", then=b"A: a\r\n"), FetchError),
        (lambda _: [CHUNKED + b"f" * 16 + b"\r\n"], FetchError),
    ],
)
def test_who_answers_without_end_or_too_much_is_given_up(
    answer: Answer,
    error: type[Exception],
    server: PictureServer,
    fetch: Callable[..., bytes],
) -> None:
    with pytest.raises(error):
        fetch(server.url(), answer)


def test_the_largest_picture_is_taken(server: PictureServer, fetch: Callable[..., bytes]) -> None:
    assert len(fetch(server.url(), lambda _: [ok(bytes(MOST_BYTES))])) == MOST_BYTES


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\xff\xd8\xff",
        HEAD,
        HEAD + b"Content-Length: 100\r\n\r\n" + PICTURE,
        CHUNKED + b"5\r\nabc",
        CHUNKED + b"-5\r\nabcde\r\n",
        CHUNKED + b"zz\r\n",
        ok(b""),
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\na",
        b"HTTP/1.1 302 Nowhere\r\nContent-Length: 1\r\n\r\na",
        b"HTTP/1.1 304 Not Modified\r\n\r\n",
        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\na",
        b"HTTP/1.1 500 Error\r\nContent-Length: 1\r\n\r\na",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
)
def test_whatever_else_is_answered_is_told_alike(
    answer: bytes, server: PictureServer, fetch: Callable[..., bytes]
) -> None:
    with pytest.raises(FetchError) as failed:
        fetch(server.url(), lambda _: [answer])
    assert str(failed.value) == str(FetchError())


def test_a_closed_port_is_told_like_any_other_failure(fetch: Callable[..., bytes]) -> None:
    with socket.socket() as closed:
        closed.bind((ALLOWED, 0))
        port = closed.getsockname()[1]
        with pytest.raises(FetchError) as failed:
            fetch(f"http://{ALLOWED}:{port}/")
    assert str(failed.value) == str(FetchError())


def test_another_port_is_refused_before_anything_is_looked_up(
    fetch: Callable[..., bytes], resolve: Callable[..., list[str]]
) -> None:
    asked = resolve()
    with pytest.raises(InvalidRequestError, match="port 22"):
        fetch(f"http://{NAME}:22/")
    assert asked == []


def test_nothing_is_unpacked(server: PictureServer, fetch: Callable[..., bytes]) -> None:
    bomb = gzip.compress(bytes(5_000_000))
    assert fetch(server.url(), lambda _: [ok(bomb, "Content-Encoding: gzip")]) == bomb


START = st.sampled_from([b"", b"HTTP/", b"HTTP/1.1 200 ", HEAD, HEAD + b"\r\n", CHUNKED,
                         HEAD + b"Content-Length: ", b"HTTP/1.1 302 a\r\nLocation: "])  # fmt: skip


@settings(
    max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(start=START, rest=st.binary(max_size=200))
def test_answers_of_all_sorts_are_a_picture_or_a_known_error(
    start: bytes, rest: bytes, server: PictureServer, fetch: Callable[..., bytes]
) -> None:
    with contextlib.suppress(FetchError, AddressNotAllowedError, RequestEntityTooLarge):
        assert fetch(server.url(), lambda _: [start + rest])


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def test_a_certificate_is_checked_for_the_name_and_not_for_the_ip_address(
    authority: trustme.CA,
    resolve: Callable[..., list[str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    names = list[str | None]()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = lambda _, name, __: names.append(name)
    authority.issue_cert(NAME).configure_cert(context)
    with picture_server(lambda _: [ok(PICTURE)], tls=context) as server:
        resolve([ALLOWED], [ALLOWED])
        fetcher = make_fetcher()
        until_s = time.monotonic() + LATE_S
        url = f"https://{NAME}:{server.port}/"
        assert fetcher.fetch(url, until_s=until_s) == PICTURE
        assert names == [NAME]
        assert f"Host: {NAME}:{server.port}\r\n".encode() in server.heads[0]
        for other in ("another.example", ALLOWED):
            with pytest.raises(FetchError):
                fetcher.fetch(url.replace(NAME, other), until_s=until_s)
        # Without the authority nothing is believed.
        monkeypatch.delenv("SSL_CERT_FILE")
        resolve([ALLOWED])
        with pytest.raises(FetchError):
            make_fetcher().fetch(url, until_s=until_s)
        assert len(server.heads) == 1


def test_a_slow_picture_over_tls_is_given_up_too(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(ALLOWED).configure_cert(context)
    with picture_server(drip(HEAD + b"\r\n"), tls=context) as server:
        fetcher = make_fetcher()
        with pytest.raises(FetchError):
            fetcher.fetch(f"https://{ALLOWED}:{server.port}/", until_s=time.monotonic() + SOON_S)
