import io
import json
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from preprocessing.bundle.spec import ModelSpec
from preprocessing.faces.landmarks import LANDMARK_SCHEMES
from serving.inference.predictor import Predictor
from serving.web import app as app_module
from serving.web.app import create_app
from serving.web.settings import Settings

PREDICT = "/api/v1/predict"


def send(client: FlaskClient, data: bytes) -> TestResponse:
    """Post a picture as a form, encoded by hand: the test client would use temporary files."""
    head = 'Content-Disposition: form-data; name="image"; filename="secret-name.jpg"'
    body = f"--x\r\n{head}\r\n\r\n".encode() + data + b"\r\n--x--\r\n"
    return client.post(PREDICT, data=body, content_type="multipart/form-data; boundary=x")


def assert_problem(answer: TestResponse, status: int, code: str) -> None:
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.json["code"] == code
    assert answer.json["status"] == status
    assert answer.json["detail"]
    assert "Traceback" not in answer.text


def test_the_answer_has_the_stable_shape(client: FlaskClient, photo: bytes) -> None:
    answer = send(client, photo)
    assert answer.status_code == 200
    assert list(answer.json) == ["schema", "model", "image", "faces_found", "faces", "timing_ms"]
    assert answer.json["schema"] == 1
    assert answer.json["image"] == {"width": 512, "height": 512}
    (face,) = answer.json["faces"]
    assert list(face) == [
        "index", "box", "found_by", "probabilities", "label", "confidence",
        "is_sure", "second_label", "hints", "measures",
    ]  # fmt: skip
    assert face["index"] == 1
    assert list(face["box"]) == ["left", "top", "right", "bottom"]
    assert sum(face["probabilities"].values()) == pytest.approx(1)
    assert face["confidence"] == max(face["probabilities"].values())
    assert face["probabilities"][face["label"]] == face["confidence"]
    assert sorted(face["probabilities"].values())[-2] == face["probabilities"][face["second_label"]]
    assert answer.headers["Cache-Control"] == "no-store"


def test_wrong_ways_to_send_a_picture_are_told_apart(client: FlaskClient, photo: bytes) -> None:
    as_text = client.post(PREDICT, data={"image": "photo.jpg"}, content_type="multipart/form-data")
    assert_problem(as_text, 400, "invalid_request")
    assert "@photo.jpg" in as_text.json["detail"]
    twice = client.post(PREDICT, data={"image": [(io.BytesIO(photo), name) for name in "ab"]})
    assert_problem(twice, 400, "invalid_request")
    assert "2 times" in twice.json["detail"]


def test_a_host_that_is_none_is_a_problem_too(client: FlaskClient) -> None:
    answer = client.get("/api/v1/model", headers={"Host": "a..b"})
    assert_problem(answer, 400, "bad_request")
    assert "Content-Security-Policy" in answer.headers


def test_probabilities_are_in_the_order_of_the_bundle_s_labels(
    client: FlaskClient, predictor: Predictor, photo: bytes
) -> None:
    face = send(client, photo).json["faces"][0]
    assert tuple(face["probabilities"]) == predictor.spec.labels


def test_form_and_body_give_the_same(client: FlaskClient, photo: bytes) -> None:
    by_form, by_body = send(client, photo), client.post(PREDICT, data=photo)
    # What curl says of --data-binary.
    by_curl = client.post(PREDICT, data=photo, content_type="application/x-www-form-urlencoded")
    assert by_form.json["faces"] == by_body.json["faces"] == by_curl.json["faces"]


def test_landmarks_say_that_eyes_are_above_the_mouth(client: FlaskClient, photo: bytes) -> None:
    answer = client.post(f"{PREDICT}?landmarks=true", data=photo)
    landmarks = np.array(answer.json["faces"][0]["landmarks"])
    assert landmarks.shape == (68, 2)
    eyes, mouth = landmarks[36:48], landmarks[48:68]
    assert eyes[:, 1].max() < mouth[:, 1].min()
    # Landmarks 36 to 41 are the eye at image-left.
    assert landmarks[36:42, 0].max() < landmarks[42:48, 0].min()


def test_no_face_is_an_empty_list_with_a_tip(client: FlaskClient) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (200, 200), "white").save(buffer, "PNG")
    answer = send(client, buffer.getvalue())
    assert answer.status_code == 200
    assert answer.json["faces"] == []
    assert answer.json["tip"]


def test_no_picture_is_400(client: FlaskClient) -> None:
    assert_problem(client.post(PREDICT), 400, "no_image")
    assert_problem(send(client, b""), 400, "no_image")
    form = {"data": {"crop": "true"}, "content_type": "multipart/form-data"}
    assert_problem(client.post(PREDICT, **form), 400, "no_image")


def test_a_damaged_picture_is_400(client: FlaskClient, photo: bytes) -> None:
    assert_problem(send(client, photo[: len(photo) // 3]), 400, "unreadable_image")


@pytest.mark.parametrize("data", [b"%PDF-1.7 ...", b"hello", b"<svg xmlns='x'/>", b"{}"])
def test_what_is_no_picture_is_415(data: bytes, client: FlaskClient) -> None:
    assert_problem(send(client, data), 415, "unsupported_image")
    assert_problem(client.post(PREDICT, data=data), 415, "unsupported_image")


@pytest.mark.parametrize("extra", [1, 1_000_000])
def test_more_than_the_limit_is_413(extra: int, client: FlaskClient) -> None:
    data = bytes(Settings().max_upload_bytes + extra)
    assert_problem(send(client, data), 413, "upload_too_large")
    assert_problem(client.post(PREDICT, data=data), 413, "upload_too_large")


@pytest.mark.parametrize("path", ["/", PREDICT, f"{PREDICT}/batch", "/heat-map"])
def test_too_much_text_in_a_form_is_413_and_told_apart_from_a_picture(
    path: str, client: FlaskClient
) -> None:
    head = 'Content-Disposition: form-data; name="crop"'
    body = f"--x\r\n{head}\r\n\r\n{'x' * 600_000}\r\n--x--\r\n"
    answer = client.post(path, data=body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 413
    assert "500 kB of text" in answer.text
    assert "10 MB, a batch" not in answer.text


def test_a_server_may_answer_on_fewer_faces(two_faces: bytes) -> None:
    client = create_app(Settings(max_faces=1)).test_client()
    answer = client.post(f"{PREDICT}?max_faces=5", data=two_faces).json
    assert (answer["faces_found"], len(answer["faces"])) == (2, 1)
    page = client.post("/", data={"image": (io.BytesIO(two_faces), "a")})
    assert "Showing 1 of 2 faces" in page.text


def test_too_many_pixels_is_413() -> None:
    client = create_app(Settings(max_pixels=100)).test_client()
    buffer = io.BytesIO()
    Image.new("RGB", (11, 10)).save(buffer, "PNG")
    assert_problem(send(client, buffer.getvalue()), 413, "too_many_pixels")


def test_unknown_paths_and_methods_are_problems(client: FlaskClient) -> None:
    assert_problem(client.get("/api/v1/nothing"), 404, "not_found")
    assert_problem(client.get(PREDICT), 405, "method_not_allowed")


def test_an_unforeseen_error_tells_nothing(
    client: FlaskClient,
    photo: bytes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    content = "something of the user's"

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(content)

    monkeypatch.setattr(Predictor, "predict_decoded", fail)
    answer = send(client, photo)
    assert_problem(answer, 500, "internal_error")
    assert "user's" not in answer.text
    assert "user's" not in caplog.text
    assert "RuntimeError" in caplog.text


def test_nothing_of_a_picture_is_logged_or_written(
    client: FlaskClient,
    photo: bytes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a temporary file was asked for")

    monkeypatch.setattr("werkzeug.formparser.SpooledTemporaryFile", refuse)
    large = io.BytesIO()
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 256, (1500, 1500, 3)).astype(np.uint8)
    Image.fromarray(noise).save(large, "PNG")
    assert large.tell() > 5_000_000
    with caplog.at_level(logging.DEBUG):
        assert send(client, large.getvalue()).status_code == 200
        send(client, photo[:5000])
    assert "secret-name" not in caplog.text


def test_health(client: FlaskClient, predictor: Predictor) -> None:
    assert client.get("/livez").status_code == 200
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json["model"] == predictor.spec.name


def test_without_models_the_process_lives_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photo: bytes
) -> None:
    monkeypatch.setenv("MIEN_BUNDLE", str(tmp_path))
    client = create_app().test_client()
    assert client.get("/livez").status_code == 200
    assert_problem(client.get("/readyz"), 503, "not_ready")
    assert "spec.json is missing" in client.get("/readyz").json["detail"]
    assert_problem(send(client, photo), 503, "not_ready")
    assert client.get("/").status_code == 200


def test_a_missing_landmark_model_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    scheme = LANDMARK_SCHEMES["68"]
    scheme = replace(scheme, file=replace(scheme.file, package="no_such_package"))
    monkeypatch.setattr(ModelSpec, "scheme", lambda *_: scheme)
    client = app_module.create_app(Settings()).test_client()
    detail = client.get("/readyz").json["detail"]
    assert "pip install" in detail


def test_answers_are_protected(client: FlaskClient) -> None:
    for path in ("/", "/readyz", "/static/any/mien.js", "/api/v1/model", "/api/v1/nothing"):
        with client.get(path) as answer:
            headers = answer.headers
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Permissions-Policy"].startswith("camera=(self)")
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


def test_the_answer_is_json_to_the_letter(client: FlaskClient, photo: bytes) -> None:
    json.loads(send(client, photo).text, parse_constant=pytest.fail)
