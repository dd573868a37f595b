"""Servers on loopback, and what fetches from them."""

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from serving.web.fetch.fetcher import PictureFetcher
from tests.serving.web.fetch.fetching import LATE_S, PICTURE, Answer, make_fetcher
from tests.tools.picture_server import PictureServer, ok, picture_server


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
