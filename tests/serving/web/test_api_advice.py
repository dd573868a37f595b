"""Requests that are nearly right are told, in words of Mien's own, what to send instead."""

import base64
import io
import zipfile

import pytest
from flask.testing import FlaskClient

PREDICT = "/api/v1/predict"
JSON = "application/json"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("landmarks=yes", 'landmarks: true or false is expected. Received: "yes"'),
        ("crop=0", "crop: true or false is expected. Received: 0"),
        ("chips", 'chips: true or false is expected. Received: ""'),
        ("max_faces=0", "max_faces: a whole number from 1 to 100 is expected. Received: 0"),
        ("max_faces=many", 'max_faces: a whole number from 1 to 100 is expected. Received: "many"'),
        ("min_confidence=80", "min_confidence: a number from 0 to 1 is expected. Received: 80"),
        ("balance=0,5", 'balance: a number from 0 to 1 is expected. Received: "0,5"'),
    ],
)
def test_a_wrong_value_is_told_what_is_expected(
    query: str, expected: str, client: FlaskClient, photo: bytes
) -> None:
    answer = client.post(f"{PREDICT}?{query}", data=photo)
    assert (answer.status_code, answer.json["detail"]) == (400, expected)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_method_is_told_which_one_is_taken(method: str, client: FlaskClient) -> None:
    answer = client.open(PREDICT, method=method)
    assert answer.status_code == 405
    assert answer.json["detail"].startswith("This address takes POST only.")
    model = client.post("/api/v1/model")
    assert model.json["detail"].startswith("This address takes GET only.")


def test_a_slash_too_many_is_told_of_and_leads_nowhere(client: FlaskClient, photo: bytes) -> None:
    for path in (f"{PREDICT}/", PREDICT.replace("/v1/", "/v1//")):
        answer = client.post(path, data=photo)
        assert (answer.status_code, answer.json["code"]) == (404, "not_found")
        assert "Leave out the slash" in answer.json["detail"]
    assert "slash" in client.get("/api/v1/model/").json["detail"]
    for path in ("/api/v1/nothing", "/api/v1/nothing/", "/api/v1/", "/static/"):
        assert "slash" not in client.get(path).json["detail"]


def test_a_picture_that_is_said_to_be_json_is_told_of(client: FlaskClient, photo: bytes) -> None:
    answer = client.post(PREDICT, data=photo, content_type=JSON)
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
    assert "such as image/jpeg" in answer.json["detail"]


def test_bytes_as_python_shows_them_are_told_of(client: FlaskClient, photo: bytes) -> None:
    answer = client.post(PREDICT, json={"image": str(base64.b64encode(photo))})
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
    assert ".decode()" in answer.json["detail"]
    # Letters that are no more than letters.
    assert "decode" not in client.post(PREDICT, json={"image": "b"}).json["detail"]


@pytest.mark.parametrize("as_form", [True, False])
def test_a_zip_is_shown_the_way_to_the_batch(
    as_form: bool,  # noqa: FBT001
    client: FlaskClient,
    photo: bytes,
) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("photo.jpg", photo)
    data = file.getvalue()
    body = {"image": (io.BytesIO(data), "photos.zip")} if as_form else data
    answer = client.post(PREDICT, data=body)
    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_image")
    assert "/api/v1/predict/batch" in answer.json["detail"]
