"""Pictures fetched from servers on loopback, well and badly behaved ones."""

import contextlib
import socket
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import RequestEntityTooLarge

from serving.web.problems import AddressNotAllowedError, FetchError
from tests.serving.web.fetch.fetching import (
    ALLOWED,
    CHUNKED,
    CLOSED,
    FORBIDDEN,
    HEAD,
    NAME,
    PICTURE,
)
from tests.tools.picture_server import PictureServer, ok, redirect


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


def test_a_redirect_may_have_letters_beyond_ascii_in_its_path(
    server: PictureServer, fetch: Callable[..., bytes]
) -> None:
    def answer(head: bytes) -> list[bytes]:
        moved = redirect("/PLACE").replace(b"PLACE", "ü".encode())
        return [ok(PICTURE) if b" /%C3%BC " in head else moved]

    assert fetch(server.url(), answer) == PICTURE


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
