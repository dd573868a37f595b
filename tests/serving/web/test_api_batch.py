import io
import json
from contextlib import ExitStack
from http.client import HTTPConnection
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from preprocessing.images.decode import decode_image
from preprocessing.images.types import DecodedPicture
from serving.inference.prediction import PhotoResult
from serving.inference.predictor import Predictor
from serving.web.app import create_app
from serving.web.problems import BusyError
from serving.web.queue import TaskQueue
from serving.web.settings import Settings
from serving.web.uploads import MAX_BATCH_PICTURES
from tests.serving.web.batches import BATCH, lines, zipped


def test_files_and_zip_give_one_line_each_in_order(
    client: FlaskClient, photo: bytes, empty: bytes
) -> None:
    members = {"face.jpg": photo, "broken.jpg": photo[:2000], "none.png": empty}
    files = [(io.BytesIO(data), name) for name, data in members.items()]
    by_form = lines(client.post(BATCH, data={"image": files}))
    by_zip = lines(client.post(BATCH, data=zipped(members), content_type="application/zip"))
    mixed = lines(client.post(BATCH, data={"image": [(io.BytesIO(zipped(members)), "all.zip")]}))
    for found in (by_form, by_zip, mixed):
        assert [line["name"] for line in found] == list(members)
        face, broken, none = found
        assert face["answer"]["faces"][0]["label"] == "happy"
        assert broken["problem"]["code"] == "unreadable_image"
        assert none["answer"]["faces"] == []


def test_each_answer_is_that_of_its_picture_alone(
    client: FlaskClient, photo: bytes, empty: bytes
) -> None:
    members = {"a": empty, "b": photo, "c": empty}
    alone = client.post("/api/v1/predict", data=photo).json["faces"]
    batch = lines(client.post(BATCH, data=zipped(members), content_type="application/zip"))
    assert [len(line["answer"]["faces"]) for line in batch] == [0, 1, 0]
    assert batch[1]["answer"]["faces"] == alone


def test_options_hold_for_all(client: FlaskClient, photo: bytes) -> None:
    files = [(io.BytesIO(photo), name) for name in "ab"]
    found = lines(client.post(f"{BATCH}?landmarks=true", data={"image": files}))
    assert all(len(line["answer"]["faces"][0]["landmarks"]) == 68 for line in found)


def test_an_empty_file_is_told(client: FlaskClient) -> None:
    by_form = [(io.BytesIO(), "a.png"), (io.BytesIO(zipped({"a.png": b""})), "all.zip")]
    for line in lines(client.post(BATCH, data={"image": by_form})):
        assert (line["name"], line["problem"]["code"]) == ("a.png", "no_image")
        assert line["problem"]["detail"] == "This file is empty."


def test_the_largest_batch_can_be_set() -> None:
    client = create_app(Settings(max_batch_bytes=1_000)).test_client()
    # Neither names the length of its body: a server hands such a one over with this mark.
    streamed = {"headers": {"Transfer-Encoding": "chunked"}, "content_type": "application/zip"}
    mark = {"wsgi.input_terminated": True}
    for data, status in ((bytes(1_001), 413), (bytes(1_000), 400)):
        for answer in (
            client.post(BATCH, data=data, content_type="application/zip"),
            client.post(BATCH, input_stream=io.BytesIO(data), environ_overrides=mark, **streamed),
        ):
            assert answer.status_code == status
    assert "a batch 0.001 MB" in client.post(BATCH, data=bytes(1_001)).json["detail"]


def test_an_unforeseen_error_is_a_problem_of_its_picture_alone(
    client: FlaskClient, photo: bytes, empty: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict, shape = Predictor.predict_decoded, decode_image(photo).shape

    def fail_on_photo(self: Predictor, picture: DecodedPicture, **options: Any) -> PhotoResult:
        if picture.pixels.shape == shape:
            raise ZeroDivisionError
        return predict(self, picture, **options)

    monkeypatch.setattr(Predictor, "predict_decoded", fail_on_photo)
    data = zipped({"a.jpg": photo, "b.png": empty})
    failed, fine = lines(client.post(BATCH, data=data, content_type="application/zip"))
    assert failed["problem"]["code"] == "internal_error"
    assert "answer" in fine


def test_each_picture_counts_against_the_limit_of_an_address(empty: bytes) -> None:
    client = create_app(Settings(pictures_per_minute=4)).test_client()
    members = {str(number): empty for number in range(4)}
    batch = {"data": zipped(members), "content_type": "application/zip"}
    assert len(lines(client.post(BATCH, **batch))) == 4
    refused = client.post(BATCH, **batch)
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_requests")
    assert refused.json["retry_after_s"] == int(refused.headers["Retry-After"]) > 0


def test_a_busy_server_is_told_by_the_line_of_a_picture(
    client: FlaskClient, empty: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BusyError("More pictures arrive than can be looked at.")

    monkeypatch.setattr(TaskQueue, "run", refuse)
    data = zipped({"a.png": empty})
    (line,) = lines(client.post(BATCH, data=data, content_type="application/zip"))
    assert line["problem"]["code"] == "busy"
    assert line["problem"]["retry_after_s"] > 0


def test_no_more_batches_are_held_than_predictions_are_made_at_once(
    client: FlaskClient, app: Flask, empty: bytes
) -> None:
    service = app.extensions["mien"]
    batch = {"data": zipped({"a.png": empty}), "content_type": "application/zip"}
    with ExitStack() as held:
        for number in range(service.settings.parallel_requests):
            held.enter_context(service.hold_batch(address=f"192.0.2.{number}"))
        refused = client.post(BATCH, **batch)
        assert (refused.status_code, refused.json["code"]) == (503, "busy")
    for wrong in ({}, {"data": b"PK", "content_type": "application/zip"}):
        assert client.post(BATCH, **wrong).status_code == 400
    for _ in range(2 * service.settings.parallel_requests):
        answer = client.post(BATCH, **batch)
        assert len(lines(answer)) == 1
        answer.close()


def test_a_line_comes_before_the_next_picture_is_looked_at(
    address: str, photo: bytes, empty: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict, shape = Predictor.predict_decoded, decode_image(photo).shape
    let_go = Event()

    def wait_at_photo(self: Predictor, picture: DecodedPicture, **options: Any) -> PhotoResult:
        assert picture.pixels.shape != shape or let_go.wait(60)
        return predict(self, picture, **options)

    monkeypatch.setattr(Predictor, "predict_decoded", wait_at_photo)
    connection = HTTPConnection(urlsplit(address).netloc, timeout=60)
    body = zipped({"a.png": empty, "b.jpg": photo})
    connection.request("POST", BATCH, body, {"Content-Type": "application/zip"})
    answer = connection.getresponse()
    assert json.loads(answer.readline())["name"] == "a.png"
    let_go.set()
    assert json.loads(answer.readline())["answer"]["faces"]
    connection.close()


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "invalid_request"), (b"no zip", "invalid_request"), (zipped({}), "no_image")],
)
def test_no_pictures_at_all_is_400(data: bytes, code: str, client: FlaskClient) -> None:
    answer = client.post(BATCH, data=data, content_type="application/zip")
    assert answer.status_code == 400
    assert answer.json["code"] == code


def test_too_many_pictures_are_refused(client: FlaskClient, empty: bytes) -> None:
    data = zipped({str(number): empty for number in range(MAX_BATCH_PICTURES + 1)})
    answer = client.post(BATCH, data=data, content_type="application/zip")
    assert answer.status_code == 400
    assert str(MAX_BATCH_PICTURES) in answer.json["detail"]
