"""Errors as people and as programs meet them."""

from unittest import mock

import pytest
from flask.testing import FlaskClient
from PIL import Image

from preprocessing.images.sample import sample_photo_path
from tests.serving.web.posting import NAME, post
from tests.tools.picture_files import encode, jpeg, noisy_picture

# Bits of a sample come after the length of the frame's header.
_HEAD, _FRAME, _REST = jpeg(Image.new("RGB", (40, 30))).partition(b"\xff\xc0")
TWELVE_BITS = _HEAD + _FRAME + _REST[:2] + bytes((12,)) + _REST[3:]
LARGE = encode(Image.new("1", (9000, 6000)), "PNG")
# What Firefox asks for where a person follows a link.
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/png,*/*;q=0.8"


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"", 400, f"{NAME} is empty (0 bytes)."),
        (b"hello", 415, f"{NAME} is not a picture Mien can open."),
        (b"%PDF-1.7 ", 415, f"{NAME} is a PDF file."),
        (TWELVE_BITS, 415, "JPEG files with 12 bits and 3 channels are not read."),
        (sample_photo_path().read_bytes()[:9000], 400, f"{NAME} is incomplete."),
        (LARGE, 413, f"{NAME} has 54 megapixels; the limit is 50."),
    ],
)
def test_errors_are_shown_on_the_page_and_name_the_file(
    data: bytes, status: int, words: str, client: FlaskClient
) -> None:
    answer = post(client, data)
    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    assert words in answer.text
    assert 'id="upload"' in answer.text
    light = post(client, data, light="1")
    assert words in light.text
    assert "<html" not in light.text


def test_a_form_without_a_picture_is_told_so(client: FlaskClient) -> None:
    answer = client.post("/", data={"crop": "1"}, content_type="multipart/form-data")
    assert answer.status_code == 400
    assert "No picture was chosen." in answer.text


@pytest.mark.parametrize("path", ["/nothing", "/model", "/heat-map", "/static/any/nothing.js"])
def test_a_person_gets_a_page_and_a_program_a_problem(path: str, client: FlaskClient) -> None:
    with mock.patch.object(client.application.extensions["mien"], "predictor", None):
        ask = client.post if path == "/heat-map" else client.get
        page, problem = ask(path, headers={"Accept": BROWSER}), ask(path)
    assert page.status_code == problem.status_code >= 400
    assert page.mimetype == "text/html"
    said = "There is no page here" if page.status_code == 404 else problem.json["title"]
    assert said in page.text
    assert problem.mimetype == "application/problem+json"
    api = client.get("/api/v1/nothing", headers={"Accept": BROWSER})
    assert api.mimetype == "application/problem+json"


@pytest.mark.parametrize("path", ["/", "/model"])
def test_a_person_with_a_host_that_is_none_gets_a_problem(path: str, client: FlaskClient) -> None:
    answer = client.get(path, headers={"Host": "a..b", "Accept": BROWSER})
    assert answer.status_code == 400


def test_where_no_face_is_found_the_page_says_that_the_picture_is_damaged(
    client: FlaskClient,
) -> None:
    data = jpeg(noisy_picture(320, 240))
    answer = post(client, data[: len(data) // 2] + bytes(400) + data[len(data) // 2 + 400 :])
    assert "No face found" in answer.text
    assert "Parts of the file are damaged and look like noise." in answer.text
