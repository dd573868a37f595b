"""The parts that the page's script asks for: reasons, results of the API, one table."""

import base64
import csv
import io
import re

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from preprocessing.images.encode import encode_png
from serving.inference.predictor import Predictor
from serving.inference.saliency import LEAST_FACTOR
from tests.serving.web.elements import Elements
from tests.serving.web.posting import NAME, content, post


def test_reasons_are_given_for_every_label_from_the_chip_alone(
    client: FlaskClient, predictor: Predictor, photo: bytes
) -> None:
    fields = {
        attrs["name"]: attrs["value"]
        for attrs in Elements(post(client, photo).text).having("input", type="hidden")
    }
    page = client.post("/heat-map", data=fields)
    assert "<b>Orange</b>" in page.text
    factors = [float(each) for each in re.findall(r"changes the odds ([\d.]+)-fold", page.text)]
    assert max(factors) > LEAST_FACTOR
    elements = Elements(page.text)
    radios = elements.having("input", name="reason")
    assert len(radios) == len(predictor.spec.labels)
    assert sum("checked" in radio for radio in radios) == 1
    tint = elements.having("img", **{"class": "tint"})[0]
    drawn = np.asarray(Image.open(io.BytesIO(content(tint["src"], "image/png"))))
    assert drawn.shape == (48, 48, 4)
    opacity = drawn[..., 3].astype(int)
    assert opacity.max() > 150
    assert opacity.min() < opacity.max() / 2


def test_where_nothing_stands_out_words_say_so(client: FlaskClient) -> None:
    png = base64.b64encode(encode_png(np.full((48, 48), 128, np.uint8))).decode()
    fields = {"label": "happy", "chip": f"data:image/png;base64,{png}"}
    page = client.post("/heat-map", data=fields)
    assert "No spot stands out for “happy”" in page.text
    assert not Elements(page.text).having("img")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"label": "happy"}, "unreadable_image"),
        ({"label": "happy", "chip": "data:image/png;base64,%%%"}, "unreadable_image"),
        ({"label": "happy", "chip": "data:image/png;base64,éé"}, "unreadable_image"),
        ({"label": "happy", "chip": "data:image/png;base64,aGVsbG8="}, "unsupported_image"),
        ({"label": "bored", "chip": ""}, "bad_request"),
    ],
)
def test_what_is_no_chip_is_refused(fields: dict[str, str], code: str, client: FlaskClient) -> None:
    answer = client.post("/heat-map", data=fields)
    assert answer.status_code in (400, 415)
    assert answer.json["code"] == code


@pytest.mark.parametrize(("height", "code"), [(47, "unreadable_image"), (49, "too_many_pixels")])
def test_a_chip_of_another_size_is_refused(height: int, code: str, client: FlaskClient) -> None:
    png = cv2.imencode(".png", np.zeros((height, 48), np.uint8))[1].tobytes()
    chip = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    answer = client.post("/heat-map", data={"label": "happy", "chip": chip})
    assert answer.json["code"] == code
    assert f"48 x {height}" in answer.json["detail"]


def test_an_answer_of_the_api_is_shown_as_the_page_shows_its_own(
    client: FlaskClient, two_faces: bytes
) -> None:
    answer = client.post("/api/v1/predict?landmarks=true&chips=true", data=two_faces).json
    shown = client.post("/result", json={"name": NAME, "answer": answer})
    assert shown.status_code == 200

    def rows(html: str) -> list[dict[str, str]]:
        return Elements(html).having("details", **{"class": "row"})

    assert rows(shown.text) == rows(post(client, two_faces, light="1").text)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"name": "a"}',
        b'{"name": "a", "answer": {}}',
        b'{"name": 1, "answer": 2}',
        b'{"pictures": 1}',
    ],
)
@pytest.mark.parametrize("path", ["/result", "/table"])
def test_what_is_no_answer_is_refused(path: str, body: bytes, client: FlaskClient) -> None:
    refused = client.post(path, data=body, content_type="application/json")
    assert (refused.status_code, refused.json["code"]) == (400, "bad_request")
    assert "input_value" not in refused.json["detail"]
    as_form = client.post(path, data=body, content_type="text/plain")
    assert as_form.status_code == 400


def test_an_answer_with_a_label_that_there_is_not_is_refused(
    client: FlaskClient, photo: bytes
) -> None:
    answer = client.post("/api/v1/predict?landmarks=true&chips=true", data=photo).json
    answer["faces"][0]["label"] = "bored"
    assert client.post("/result", json={"name": NAME, "answer": answer}).status_code == 400


def test_one_table_holds_the_faces_of_several_pictures(
    client: FlaskClient, photo: bytes, two_faces: bytes
) -> None:
    pictures = [
        {"name": name, "answer": client.post("/api/v1/predict", data=data).json}
        for name, data in (("one.jpg", photo), ("two.jpg", two_faces))
    ]
    table = client.post("/table", json={"pictures": pictures})
    assert table.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["file"] for row in rows] == ["one.jpg", "two.jpg", "two.jpg"]
