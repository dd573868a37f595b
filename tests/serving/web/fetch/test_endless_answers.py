"""Servers that answer slowly, too much, without end or never."""

import gzip
import socket
import threading
from collections.abc import Callable

import pytest
from werkzeug.exceptions import RequestEntityTooLarge

from serving.web.fetch.fetcher import MAX_REDIRECTS
from serving.web.problems import AddressNotAllowedError, FetchError
from tests.serving.web.fetch.fetching import (
    ALLOWED,
    CHUNKED,
    HEAD,
    MOST_BYTES,
    NAME,
    SOON_S,
    Answer,
    drip,
    flood,
)
from tests.tools.picture_server import PictureServer, ok, redirect


def test_redirects_come_to_an_end(server: PictureServer, fetch: Callable[..., bytes]) -> None:
    with pytest.raises(FetchError):
        fetch(server.url(), lambda _: [redirect("/again")])
    assert len(server.heads) == MAX_REDIRECTS + 1


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


def test_nothing_is_unpacked(server: PictureServer, fetch: Callable[..., bytes]) -> None:
    bomb = gzip.compress(bytes(5_000_000))
    assert fetch(server.url(), lambda _: [ok(bomb, "Content-Encoding: gzip")]) == bomb
