"""A picture by its address, as the API takes it."""

import logging
import socket
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from serving.web.app import create_app
from serving.web.json_body import MOST_VALUE_BYTES
from serving.web.queue import TaskQueue
from serving.web.settings import Settings
from tests.tools.picture_server import PictureServer, ok, picture_server, redirect

PREDICT = "/api/v1/predict"
# In the address of a picture, which no log may have.
MARK = "not-to-be-logged"


@pytest.fixture(scope="module")
def pictures() -> Iterator[PictureServer]:
    with picture_server() as running:
        yield running


@pytest.fixture(scope="module")
def fetching(pictures: PictureServer) -> FlaskClient:
    """A client of a server that fetches one picture at once, from loopback too."""
    settings = Settings(
        fetch_pictures=True,
        fetch_networks="127.0.0.1/32",
        fetch_ports=f"80,443,{pictures.port}",
        max_upload_bytes=1_000_000,
        parallel_requests=1,
        pictures_per_minute=0,
    )
    return create_app(settings).test_client()


def ask(client: FlaskClient, url: object, **options: object) -> TestResponse:
    return client.post(PREDICT, json={"image_url": url, **options})


def test_a_fetched_picture_is_answered_like_a_sent_one(
    fetching: FlaskClient, pictures: PictureServer, photo: bytes
) -> None:
    pictures.answer = lambda head: [ok(photo) if b"GET /b" in head else redirect("/b")]
    fetched = ask(fetching, pictures.url("/a"), max_faces=3, landmarks=True).json
    sent = fetching.post(f"{PREDICT}?max_faces=3&landmarks=true", data=photo).json
    assert fetched["faces"] == sent["faces"]
    assert len(fetched["faces"]) == 1


def test_nothing_is_fetched_unless_it_was_switched_on(
    client: FlaskClient, pictures: PictureServer
) -> None:
    pictures.heads.clear()
    for url in (pictures.url(), "http://10.0.0.1/", "no address"):
        answer = ask(client, url)
        assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
        assert "fetches no pictures" in answer.json["detail"]
    assert not pictures.heads


@pytest.mark.parametrize(
    "body",
    [
        {"image_url": 3},
        {"image_url": None},
        {"image_url": ["http://example.org/"]},
        {"image_url": ""},
        {"image_url": "data:image/png;base64,AAAA"},
        {"image_url": "data:image/png;base64," + "A" * 2 * MOST_VALUE_BYTES},
        {"image_url": "http://user:pass@example.org/"},
        {"image_url": "http://example.org:22/"},
        {"image_url": "http://example.org/", "image": "AAAA"},
        {"image_url": "http://example.org/", "max_faces": 0},
    ],
)
def test_a_wrong_request_is_told_so_before_anything_is_fetched(
    body: dict[str, object], fetching: FlaskClient
) -> None:
    answer = fetching.post(PREDICT, json=body)
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
    assert "max_faces" in answer.json["detail"] or "image_url" in answer.json["detail"]


def test_an_address_in_the_query_is_refused_for_queries_end_up_in_logs(
    fetching: FlaskClient,
) -> None:
    for sent in ({}, {"data": b"AAAA"}):
        answer = fetching.post(f"{PREDICT}?image_url=http://example.org/", **sent)
        assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (ok(b"<!doctype html><title>A page</title>", "Content-Type: image/png"), 415,
         "unsupported_image"),
        (ok(bytes(1_000_001)), 413, "upload_too_large"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", 422, "fetch_failed"),
        (redirect("http://169.254.169.254/latest/meta-data/"), 403, "address_not_allowed"),
        (redirect("file:///etc/passwd"), 403, "address_not_allowed"),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_a_problem(
    answer: bytes, status: int, code: str, fetching: FlaskClient, pictures: PictureServer
) -> None:
    pictures.answer = lambda _: [answer]
    told = ask(fetching, pictures.url())
    assert (told.status_code, told.json["code"]) == (status, code)


def test_an_internal_address_is_told_alike_whether_something_is_there_or_not(
    fetching: FlaskClient, pictures: PictureServer
) -> None:
    with picture_server(host="127.0.0.2", port=pictures.port) as internal:
        told = {ask(fetching, f"http://127.0.0.2:{port}/").text for port in (pictures.port, 80)}
        told |= {ask(fetching, f"http://{name}/").text for name in ("10.0.0.1", "no.invalid")}
    assert len(told) == 1
    assert not internal.heads


def test_nothing_of_an_address_is_logged_or_counted(
    fetching: FlaskClient,
    pictures: PictureServer,
    photo: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    answers = [
        ok(photo), ok(photo[:5000]), b"", b"HTTP/1.1 200 OK\r\nno header\r\n\r\n",
        b"HTTP/1.1 500 " + MARK.encode() + b"\r\n\r\n", redirect(f"http://{MARK}.invalid/"),
        redirect(f"/{MARK}"), b"",
    ]  # fmt: skip
    urls = [pictures.url(f"/{MARK}")] * (len(answers) - 1)  # one redirects to another
    urls += [f"http://{MARK}/", f"http://{MARK}:22/", f"http://a:{MARK}@example.org/"]
    given = iter(answers)
    pictures.answer = lambda _: [next(given)]
    with caplog.at_level(logging.DEBUG):
        for url in urls:
            with ask(fetching, url) as told:  # which is logged and counted when it is closed
                assert MARK not in told.text
                assert MARK not in str(told.headers)
    figures = fetching.get("/metrics").text
    assert 'mien_requests_total{route="/api/v1/predict",status="422"}' in figures
    assert len(caplog.records) >= len(urls)
    for text in (str([vars(record) for record in caplog.records]), figures):
        assert MARK not in text
        assert f":{pictures.port}" not in text


def test_the_privacy_page_tells_of_it(fetching: FlaskClient, client: FlaskClient) -> None:
    assert "the address of a picture" in fetching.get("/privacy").text
    assert "the address of a picture" not in client.get("/privacy").text


def test_a_slow_picture_holds_up_no_sent_one_and_shares_a_limit_with_other_slow_ones(
    fetching: FlaskClient, pictures: PictureServer, photo: bytes
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def answer(_: bytes) -> Iterable[bytes]:
        begun.set()
        go_on.wait()
        return [ok(photo)]

    pictures.answer = answer
    with ThreadPoolExecutor() as clients:
        slow = clients.submit(ask, fetching.application.test_client(), pictures.url())
        begun.wait()
        another = ask(fetching, pictures.url())
        assert (another.status_code, another.json["code"]) == (503, "busy")
        assert another.headers["Retry-After"]
        assert fetching.post(PREDICT, data=photo).status_code == 200
        go_on.set()
        assert slow.result().status_code == 200


def test_fetching_takes_no_longer_than_a_request_may(
    fetching: FlaskClient, pictures: PictureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = fetching.application.extensions["mien"]
    monkeypatch.setattr(service, "queue", TaskQueue(capacity=1, time_limit_s=0.2))
    go_on = threading.Event()

    def answer(_: bytes) -> Iterable[bytes]:
        go_on.wait()
        return []

    pictures.answer = answer
    assert ask(fetching, pictures.url()).json["code"] == "fetch_failed"
    go_on.set()


def test_a_name_is_looked_up_only_where_pictures_are_fetched(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a name was looked up")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert ask(client, "http://example.org/").status_code == 400
