import io
import json
import struct
import zipfile
from http.client import HTTPConnection
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from preprocessing.images.decode import decode_image
from preprocessing.images.types import DecodedPicture
from serving.inference.prediction import PhotoResult
from serving.inference.predictor import Predictor
from serving.web.app import create_app
from serving.web.problems import BusyError
from serving.web.queue import TaskQueue
from serving.web.settings import Settings
from serving.web.uploads import MAX_BATCH_PICTURES, MAX_ZIP_MEMBERS

BATCH = "/api/v1/predict/batch"


def zipped(members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def lines(answer: TestResponse) -> list[dict[str, Any]]:
    assert answer.status_code == 200
    assert answer.mimetype == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.fixture(scope="module")
def empty() -> bytes:
    """A picture without a face."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "white").save(buffer, "PNG")
    return buffer.getvalue()


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


@pytest.mark.parametrize("end", [b"PK\x05\x06" + bytes(18), b"PK\x05\x06" + b"\xff" * 18])
def test_a_picture_that_ends_like_a_zip_stays_a_picture(
    end: bytes, client: FlaskClient, photo: bytes
) -> None:
    files = [(io.BytesIO(data), name) for name, data in (("a.jpg", photo + end), ("b.jpg", photo))]
    found = lines(client.post(BATCH, data={"image": files}))
    assert [line["name"] for line in found] == ["a.jpg", "b.jpg"]
    assert found[0]["answer"]["faces"] == found[1]["answer"]["faces"]


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


def test_folders_and_what_systems_add_are_passed_over(client: FlaskClient, empty: bytes) -> None:
    added = ("__MACOSX/._a.png", "photos/__MACOSX/._a.png", "photos/.DS_Store", "Thumbs.db")
    data = zipped({"photos/": b"", "photos/a.png": empty, **dict.fromkeys(added, b"x")})
    (line,) = lines(client.post(BATCH, data=data, content_type="application/zip"))
    assert line["name"] == "photos/a.png"


def test_a_member_without_a_name_is_read(client: FlaskClient, empty: bytes) -> None:
    # Python reads a name to its first zero byte.
    data = zipped({"QQ": empty}).replace(b"QQ", b"\0Q")
    (line,) = lines(client.post(BATCH, data=data, content_type="application/zip"))
    assert line["answer"]["faces"] == []


def test_what_unpacks_to_too_much_is_a_problem_of_its_own(
    client: FlaskClient, empty: bytes
) -> None:
    data = zipped({"bomb": bytes(Settings().max_upload_bytes * 5), "a.png": empty})
    assert len(data) < 200_000
    bomb, fine = lines(client.post(BATCH, data=data, content_type="application/zip"))
    assert bomb["problem"]["code"] == "upload_too_large"
    assert "answer" in fine


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=str
)
def test_a_damaged_member_is_a_problem_of_its_own(
    method: int, client: FlaskClient, photo: bytes
) -> None:
    data = bytearray(zipped({"a.jpg": photo, "b.jpg": photo}, method=method))
    data[100:400] = bytes(300)
    broken, fine = lines(client.post(BATCH, data=bytes(data), content_type="application/zip"))
    assert broken["problem"]["code"] == "invalid_request"
    assert fine["answer"]["faces"]


def test_an_unforeseen_error_is_a_problem_of_its_picture_alone(
    client: FlaskClient, photo: bytes, empty: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict, shape = Predictor.predict_decoded, decode_image(photo).shape

    def fail_on_photo(self: Predictor, picture: DecodedPicture, **options: Any) -> PhotoResult:
        if picture.rgb.shape == shape:
            raise ZeroDivisionError
        return predict(self, picture, **options)

    monkeypatch.setattr(Predictor, "predict_decoded", fail_on_photo)
    data = zipped({"a.jpg": photo, "b.png": empty})
    failed, fine = lines(client.post(BATCH, data=data, content_type="application/zip"))
    assert failed["problem"]["code"] == "internal_error"
    assert "answer" in fine


def test_a_zip_of_very_many_members_is_refused_before_it_is_listed(client: FlaskClient) -> None:
    data = zipped({f"{number}/": b"" for number in range(MAX_ZIP_MEMBERS + 1)})
    answer = client.post(BATCH, data=data, content_type="application/zip")
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
    assert f"{MAX_ZIP_MEMBERS:,}" in answer.json["detail"]


@pytest.mark.parametrize("what", ["fields", "folders"])
def test_a_zip_that_says_far_too_much_of_a_file_is_refused_before_it_is_listed(
    what: str, client: FlaskClient, empty: bytes
) -> None:
    # Read as they are, 500 of the first take 16 s, and one of the second 600 MB.
    member = zipfile.ZipInfo("a.png" if what == "fields" else "a/" * 30_000 + "b.png")
    member.extra = struct.pack("<HH", 0x9999, 0) * 16_000 if what == "fields" else b""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(member, empty)
    answer = client.post(BATCH, data=buffer.getvalue(), content_type="application/zip")
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
    assert "far too" in answer.json["detail"]


def test_members_and_pictures_are_counted_over_all_zips_while_they_are_listed(
    client: FlaskClient, empty: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[object] = []

    class Counted(zipfile.ZipFile):
        def __init__(self, file: Any) -> None:
            listed.append(file)
            super().__init__(file)

    folders = zipped({f"{number}/": b"" for number in range(MAX_ZIP_MEMBERS // 2)})
    pictures = zipped({str(number): empty for number in range(MAX_BATCH_PICTURES)})
    monkeypatch.setattr(zipfile, "ZipFile", Counted)
    for data, most, said in ((folders, 2, "files and folders"), (pictures, 2, "50 pictures")):
        listed.clear()
        files = [(io.BytesIO(data), f"{number}.zip") for number in range(4)]
        answer = client.post(BATCH, data={"image": files})
        assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
        assert said in answer.json["detail"]
        assert len(listed) == most


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


def test_a_line_comes_before_the_next_picture_is_looked_at(
    address: str, photo: bytes, empty: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict, shape = Predictor.predict_decoded, decode_image(photo).shape
    let_go = Event()

    def wait_at_photo(self: Predictor, picture: DecodedPicture, **options: Any) -> PhotoResult:
        assert picture.rgb.shape != shape or let_go.wait(60)
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
