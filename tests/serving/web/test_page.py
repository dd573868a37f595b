import base64
import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from unittest import mock

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from preprocessing.faces.align import UNALIGNED
from preprocessing.faces.quality import Hint
from preprocessing.faces.types import FULL_FRAME
from preprocessing.images.decode import decode_image
from preprocessing.images.encode import encode_png
from preprocessing.images.sample import sample_photo_path
from serving.inference.annotate import MARK_RGB, annotate
from serving.inference.predictor import Predictor
from serving.inference.saliency import DRAWN_SIDE_PX, LEAST_FACTOR
from serving.inference.schema import Answer, Options
from serving.inference.serialize import to_answer
from serving.web.view import to_view

# What Firefox asks for where a person follows a link.
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/png,*/*;q=0.8"
# A JPEG saved anew differs by its compression.
RECOMPRESSED = 6


class Elements(HTMLParser):
    """Collect tags with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def having(self, tag: str, **attributes: str) -> list[dict[str, str]]:
        return [
            attrs
            for name, attrs in self.found
            if name == tag and all(attrs.get(key) == value for key, value in attributes.items())
        ]


def post(client: FlaskClient, data: bytes) -> TestResponse:
    return client.post("/", data={"image": (io.BytesIO(data), "secret-name.jpg")})


def content(url: str, media_type: str) -> bytes:
    head, _, encoded = url.partition(",")
    assert head == f"data:{media_type};base64"
    return base64.b64decode(encoded, validate=True)


@pytest.mark.parametrize("path", ["/", "/model"])
def test_the_page_asks_for_nothing_from_elsewhere(path: str, client: FlaskClient) -> None:
    elements = Elements(client.get(path).text)
    links = [
        attrs[key]
        for _, attrs in elements.found
        for key in ("src", "href", "action")
        if key in attrs
    ]
    assert links
    assert all(link.startswith(("/", "#")) for link in links)
    for link in links:
        if link.startswith("/static"):
            with client.get(link) as answer:
                assert answer.status_code == 200


def test_the_page_says_when_it_is_not_sure(
    client: FlaskClient, predictor: Predictor, photo: bytes
) -> None:
    (prediction,) = predictor.predict(photo)[1].predictions
    for sure_confidence, said, reason in (
        (0.01, f"<h2>{prediction.label}</h2>", ""),
        (1.0, "<h2>not sure</h2>", "is not enough to be sure"),
    ):
        spec = replace(predictor.spec, sure_confidence=sure_confidence)
        with mock.patch.object(predictor, "spec", spec):
            text = post(client, photo).text
        assert said in text
        assert reason in text
        assert f"{prediction.second_label} (" in text


def test_a_plain_form_post_shows_the_whole_result(
    client: FlaskClient, predictor: Predictor, photo: bytes
) -> None:
    answer = post(client, photo)
    assert answer.status_code == 200
    elements = Elements(answer.text)
    assert len(elements.having("li", **{"class": "card"})) == 1
    assert len(elements.having("tr")) == 1 + len(predictor.spec.labels)
    points = [attrs for attrs in elements.having("circle") if attrs.get("r")]
    assert len(points) >= 68
    (chart,) = elements.having("div", **{"class": "chart"})
    figure = json.loads(chart["data-figure"])
    assert figure["data"][0]["y"] == list(predictor.spec.labels)
    assert sum(figure["data"][0]["x"]) == pytest.approx(1, abs=0.001)


def test_several_faces_are_compared(
    client: FlaskClient, predictor: Predictor, two_faces: bytes
) -> None:
    elements = Elements(post(client, two_faces).text)
    compared, *each = [
        json.loads(chart["data-figure"]) for chart in elements.having("div", **{"class": "chart"})
    ]
    of_faces = zip(*(parts["x"] for parts in compared["data"]), strict=True)
    assert [list(shares) for shares in of_faces] == [one["data"][0]["x"] for one in each]
    assert [parts["name"] for parts in compared["data"]] == list(predictor.spec.labels)


def test_every_face_in_the_picture_leads_to_its_card_and_back(
    client: FlaskClient, two_faces: bytes
) -> None:
    elements = Elements(post(client, two_faces).text)
    faces = elements.having("a", **{"class": "face"})
    cards = elements.having("li", **{"class": "card"})
    numbers = elements.having("a", **{"class": "number"})
    assert [face["href"] for face in faces] == [f"#{card['id']}" for card in cards]
    assert [number["href"] for number in numbers] == [f"#{face['id']}" for face in faces]


def test_the_result_can_be_downloaded(
    client: FlaskClient, predictor: Predictor, photo: bytes
) -> None:
    rgb, result = predictor.predict(photo)
    urls = {
        attrs["download"]: attrs["href"]
        for attrs in Elements(post(client, photo).text).having("a", **{"class": "download"})
    }
    shown = json.loads(content(urls["mien.json"], "application/json"))
    expected = to_answer(rgb, result, options=Options(landmarks=True))
    assert Answer.model_validate(shown).faces == expected.faces
    (row,) = csv.DictReader(io.StringIO(content(urls["mien.csv"], "text/csv").decode()))
    assert row["label"] == result.predictions[0].label
    assert float(row["confidence"]) == pytest.approx(result.predictions[0].confidence, abs=1e-4)
    drawn = decode_image(content(urls["mien.jpg"], "image/jpeg")).astype(int)
    assert np.abs(drawn - annotate(rgb, result)).mean() < RECOMPRESSED
    box = result.predictions[0].face.face.box
    assert np.abs(drawn[box.bottom - 1, box.left + 5] - MARK_RGB).max() < 100


def test_the_name_of_a_picture_is_not_told(client: FlaskClient, photo: bytes) -> None:
    assert "secret-name" not in post(client, photo).text


def test_the_sample_needs_no_upload(client: FlaskClient, photo: bytes) -> None:
    pages = (client.post("/", data={"sample": "1"}), post(client, photo))
    by_sample, by_upload = (
        [chart["data-figure"] for chart in Elements(page.text).having("div", **{"class": "chart"})]
        for page in pages
    )
    assert by_sample == by_upload
    assert by_sample


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"", 400, "Choose a picture first."),
        (b"hello", 415, "Not a picture"),
        (sample_photo_path().read_bytes()[:9000], 400, "Damaged"),
    ],
)
def test_errors_are_shown_on_the_page(
    data: bytes, status: int, words: str, client: FlaskClient
) -> None:
    answer = post(client, data)
    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    assert words in answer.text
    assert 'id="upload"' in answer.text


@pytest.mark.parametrize(
    ("found_by", "said"),
    [(FULL_FRAME, "the whole frame"), (UNALIGNED, "does not look like a cut-out face")],
)
def test_a_fallback_is_said_on_the_card(
    found_by: str, said: str, predictor: Predictor, photo: bytes
) -> None:
    rgb, result = predictor.predict(photo, is_crop=True)
    (prediction,) = result.predictions
    for name, expected in (("detector", False), (found_by, True)):
        face = replace(prediction.face, face=replace(prediction.face.face, found_by=name))
        fallen = replace(result, predictions=(replace(prediction, face=face),))
        (card,) = to_view(rgb, fallen, sure_confidence=0.5).cards
        assert any(said in hint for hint in card.hints) == expected


def test_no_edge_cuts_the_face_of_a_picture_that_was_kept_whole(
    predictor: Predictor, photo: bytes
) -> None:
    wide = cv2.copyMakeBorder(decode_image(photo), 0, 0, 200, 200, cv2.BORDER_REFLECT)
    rgb, result = predictor.predict(encode_png(wide), is_crop=True)
    (prediction,) = result.predictions
    assert prediction.face.face.found_by == UNALIGNED
    assert Hint.CUT in prediction.measures.hints()
    (card,) = to_view(rgb, result, sure_confidence=0.5).cards
    assert not any("edge" in hint for hint in card.hints)
    (face,) = to_answer(rgb, result, options=Options()).faces
    assert Hint.CUT not in face.hints


def test_a_large_picture_is_marked_in_a_smaller_one_that_says_so(
    client: FlaskClient, photo: bytes
) -> None:
    large = cv2.resize(decode_image(photo), (1600, 1600))
    jpeg = cv2.imencode(".jpg", large)[1].tobytes()
    elements = Elements(answer := post(client, jpeg).text)
    (link,) = elements.having("a", download="mien.jpg")
    drawn = decode_image(content(link["href"], "image/jpeg"))
    height, width = drawn.shape[:2]
    assert f"annotated picture, shrunk to {width} by {height} pixels</a>" in answer
    assert "shrunk" not in post(client, photo).text


@pytest.mark.parametrize("path", ["/nothing", "/model", "/heat-map", "/static/any/nothing.js"])
def test_a_person_gets_a_page_and_a_program_a_problem(path: str, client: FlaskClient) -> None:
    with mock.patch.object(client.application.extensions["mien"], "predictor", None):
        ask = client.post if path == "/heat-map" else client.get
        page, problem = ask(path, headers={"Accept": BROWSER}), ask(path)
    assert page.status_code == problem.status_code >= 400
    assert page.mimetype == "text/html"
    assert problem.json["title"] in page.text
    assert problem.mimetype == "application/problem+json"
    api = client.get("/api/v1/nothing", headers={"Accept": BROWSER})
    assert api.mimetype == "application/problem+json"


@pytest.mark.parametrize("path", ["/", "/model"])
def test_a_person_with_a_host_that_is_none_gets_a_problem(path: str, client: FlaskClient) -> None:
    answer = client.get(path, headers={"Host": "a..b", "Accept": BROWSER})
    assert answer.status_code == 400


def test_what_mattered_is_drawn_from_the_chip_alone(client: FlaskClient, photo: bytes) -> None:
    fields = {
        attrs["name"]: attrs["value"]
        for attrs in Elements(post(client, photo).text).having("input", type="hidden")
    }
    page = client.post("/heat-map", data=fields)
    assert "<b>Orange</b>" in page.text
    factor = re.search(r"changes the odds ([\d.]+)-fold", page.text)
    assert factor
    assert float(factor[1]) > LEAST_FACTOR
    (image,) = Elements(page.text).having("img")
    drawn = decode_image(content(image["src"], "image/png"))
    assert drawn.shape == (DRAWN_SIDE_PX, DRAWN_SIDE_PX, 3)


def test_where_nothing_stands_out_words_say_so(client: FlaskClient) -> None:
    png = base64.b64encode(encode_png(np.full((48, 48), 128, np.uint8))).decode()
    fields = {"label": "happy", "chip": f"data:image/png;base64,{png}"}
    page = client.post("/heat-map", data=fields)
    assert "No place stands out for “happy”" in page.text
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


def test_the_model_s_record_gives_its_own_figures(
    client: FlaskClient, predictor: Predictor
) -> None:
    text = client.get("/model").text
    for figures in predictor.spec.metrics.values():
        for name in ("accuracy", "accuracy_one_view", "accuracy_without_leaked", "macro_f1"):
            assert f"{figures[name]:.1%}" in text
        assert f"{figures['ece_15_bins']:.3f}" in text
    test = predictor.spec.metrics["test"]
    for row in (*test["reliability"], *test["coverage"][4::5], *test["slices"]):
        assert f">{row['accuracy']:.1%}</td>" in text
    for name, key in (("reliability", "confidence"), ("coverage", "share")):
        points = [
            f"{40 + 300 * row[key]:.1f} {210 - 200 * row['accuracy']:.1f}" for row in test[name]
        ]
        assert f'd="M{"L".join(points)}"' in text
    for counts in predictor.spec.metrics["test"]["confusion"]:
        assert all(f">{count}</td>" in text for count in counts)
    assert predictor.scheme.licence in text
    assert "Not measured" in text
    assert "An expression is not an emotion" in text
    assert f"trained for {predictor.spec.provenance['training_minutes']:.0f} minutes" in text
    assert "never seen" not in text


@pytest.mark.parametrize("path", ["/", "/model", "/nothing"])
def test_every_page_leads_to_the_others(path: str, client: FlaskClient) -> None:
    elements = Elements(client.get(path, headers={"Accept": BROWSER}).text)
    links = {attrs["href"] for attrs in elements.having("a") if "href" in attrs}
    assert {"/", "/model", "/api/v1/docs"} <= links


def test_a_model_without_figures_says_so(client: FlaskClient, predictor: Predictor) -> None:
    with mock.patch.object(predictor, "spec", replace(predictor.spec, metrics={})):
        answer = client.get("/model")
    assert answer.status_code == 200
    assert "without figures" in answer.text
