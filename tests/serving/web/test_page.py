import base64
import csv
import gzip
import io
import json
import re
from dataclasses import replace
from unittest import mock

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from preprocessing.faces.quality import Hint
from preprocessing.faces.types import FULL_FRAME, UNALIGNED
from preprocessing.images.decode import decode_image
from preprocessing.images.encode import encode_png
from preprocessing.images.sample import sample_photo_path
from serving.inference.annotate import annotate
from serving.inference.certainty import Level, read_record
from serving.inference.predictor import Predictor
from serving.inference.saliency import LEAST_FACTOR
from serving.inference.schema import Answer, Options
from serving.inference.serialize import to_answer
from serving.web.samples import SAMPLES, sample_bytes
from serving.web.view import ResultView, to_view
from tests.serving.web.elements import Elements
from tests.tools.specs import sure_from

# What Firefox asks for where a person follows a link.
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/png,*/*;q=0.8"
# A JPEG saved anew differs by its compression.
RECOMPRESSED = 6
NAME = "holiday.jpg"
# Of what is answered beside the picture itself.
ONE_FACE_BYTES, MANY_FACES_BYTES = 60_000, 150_000
SEVERAL = 24


def post(client: FlaskClient, data: bytes, **fields: str) -> TestResponse:
    return client.post("/", data={"image": (io.BytesIO(data), NAME), **fields})


def content(url: str, media_type: str) -> bytes:
    head, _, encoded = url.partition(",")
    assert head == f"data:{media_type};base64"
    return base64.b64decode(encoded, validate=True)


def view_of(predictor: Predictor, answer: Answer, *, sure_from: float | None = None) -> ResultView:
    record = read_record(predictor.spec)
    if sure_from is not None:
        record = replace(record, sure_from=sure_from)
    return to_view(answer, labels=predictor.spec.labels, record=record)


def answer_of(predictor: Predictor, data: bytes, *, is_crop: bool = False) -> Answer:
    rgb, result = predictor.predict(data, is_crop=is_crop)
    return to_answer(rgb, result, options=Options(landmarks=True, chips=True))


@pytest.mark.parametrize("path", ["/", "/model", "/privacy", "/live"])
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
        if not link.startswith("#") and link != "/heat-map":
            with client.get(link) as answer:
                assert answer.status_code == 200, link


@pytest.mark.parametrize(
    ("level", "said"),
    [(Level.SURE, "{0}"), (Level.PROBABLE, "Probably {1}"), (Level.OPEN, "{0} or {2}?")],
)
def test_the_headline_is_as_firm_as_the_answer(
    level: Level, said: str, predictor: Predictor, client: FlaskClient, photo: bytes
) -> None:
    (prediction,) = predictor.predict(photo)[1].predictions
    label, second = prediction.label, prediction.second_label
    sure_confidence = 0.01 if level is Level.SURE else 1.0
    metrics = predictor.spec.metrics
    if level is Level.OPEN:
        doubtful = [
            {**each, "accuracy": 0.1, "count": 200} for each in metrics["val"]["reliability"]
        ]
        metrics = {**metrics, "val": {**metrics["val"], "reliability": doubtful}}
    spec = replace(sure_from(predictor.spec, sure_confidence), metrics=metrics)
    with mock.patch.object(predictor, "spec", spec):
        text = post(client, photo).text
    headline = said.format(label.capitalize(), label, second)
    assert f'<span class="headline">{headline}</span>' in text
    assert ("Mien commits from" in text) == (level is not Level.SURE)
    box = f'class="face label-{predictor.spec.labels.index(label)} {level}'
    assert box in text


def test_what_is_said_of_certainty_is_the_bundle_s_own_record(
    client: FlaskClient, predictor: Predictor, photo: bytes
) -> None:
    spec = predictor.spec
    (prediction,) = predictor.predict(photo)[1].predictions
    test = spec.metrics["test"]
    one_bin = [{"low": 0.0, "high": 1.0, "count": 500, "accuracy": 0.4321, "confidence": 0.5}]
    figures = {**test, "reliability": one_bin, "accuracy_when_sure": 0.8765}
    changed = replace(sure_from(spec, 1.0), metrics={**spec.metrics, "test": figures})
    with mock.patch.object(predictor, "spec", changed):
        text = post(client, photo).text.replace("\N{NO-BREAK SPACE}", " ")
    assert "43 % of the time in testing." in text
    assert (
        "Mien commits from 100 %: 88 % of such answers were what most people said in testing."
        in text
    )
    assert f"{prediction.confidence:.0%}".rstrip("%") + " %" in text
    with mock.patch.object(predictor, "spec", replace(spec, metrics={})):
        bare = post(client, photo).text
    assert "in testing" not in bare


def test_the_first_screen_gives_the_three_figures_that_count(
    client: FlaskClient, predictor: Predictor
) -> None:
    text = client.get("/").text.replace("\N{NO-BREAK SPACE}", " ")
    test = predictor.spec.metrics["test"]
    for figure in (test["accuracy"], test["accuracy_when_sure"], test["share_sure"]):
        assert f"{100 * figure:.0f} %" in text
    assert f"{test['images']:,}" in text
    assert "pictures stored" in text
    assert "An expression is not an emotion" in text


def test_a_plain_form_post_shows_the_whole_result(
    client: FlaskClient, predictor: Predictor, photo: bytes
) -> None:
    answer = post(client, photo)
    assert answer.status_code == 200
    elements = Elements(answer.text)
    (row,) = elements.having("details", **{"class": "row"})
    assert "open" in row
    assert len(elements.having("tr")) == 1 + len(predictor.spec.labels)
    (points,) = elements.having("path", **{"class": "points"})
    assert points["d"].count("M") == 68
    shares = [float(share) for share in row["data-shares"].split()]
    assert sum(shares) == pytest.approx(1, abs=0.001)
    (faces,) = elements.having("div", **{"class": "faces"})
    assert json.loads(faces["data-figure"])["data"][0]["y"] == list(predictor.spec.labels)
    (photo_shown,) = elements.having("image", id="photo")
    assert photo_shown["href"].startswith("data:image/jpeg")
    assert f"One face in {NAME}" in answer.text


def test_a_script_gets_the_result_alone_and_without_the_picture(
    client: FlaskClient, photo: bytes
) -> None:
    light = post(client, photo, light="1")
    assert "<html" not in light.text
    assert "href" not in Elements(light.text).having("image", id="photo")[0]
    assert "data:image/jpeg" not in light.text
    chip = Elements(light.text).having("img", **{"class": "chip"})[0]["src"]
    assert light.text.count(chip) == 1
    with_photo = post(client, photo, light="1", photo="1")
    assert Elements(with_photo.text).having("image", id="photo")[0]["href"]


@pytest.mark.parametrize(("faces", "most"), [(1, ONE_FACE_BYTES), (SEVERAL, MANY_FACES_BYTES)])
def test_an_answer_is_light(
    faces: int, most: int, client: FlaskClient, predictor: Predictor, photo: bytes
) -> None:
    _, result = predictor.predict(photo)
    generator = np.random.default_rng(0)
    (prediction,) = result.predictions
    # Chips of noise are the least that can be compressed.
    many = tuple(
        replace(
            prediction,
            face=replace(
                prediction.face, chip=generator.integers(0, 255, (48, 48), dtype=np.uint8)
            ),
        )
        for _ in range(faces)
    )
    seen = replace(result, predictions=many, faces_found=faces)
    with mock.patch.object(predictor, "predict_decoded", return_value=seen):
        answer = client.post(
            "/",
            data={"image": (io.BytesIO(photo), NAME), "light": "1"},
            headers={"Accept-Encoding": "gzip"},
        )
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.data) < most
    assert gzip.decompress(answer.data).decode().count('class="chip" src') == faces


def test_several_faces_are_compared(
    client: FlaskClient, predictor: Predictor, two_faces: bytes
) -> None:
    elements = Elements(post(client, two_faces).text)
    (comparison,) = elements.having("details", **{"class": "comparison"})
    figure = json.loads(comparison["data-figure"])
    assert [part["name"] for part in figure["data"]] == list(predictor.spec.labels)
    assert len(figure["data"][0]["x"]) == 2
    assert len(elements.having("details", **{"class": "row"})) == 2


def test_every_face_in_the_picture_leads_to_its_row(client: FlaskClient, two_faces: bytes) -> None:
    elements = Elements(post(client, two_faces).text)
    faces = elements.having("a", **{"class": "face"})
    rows = elements.having("details", **{"class": "row"})
    assert [face["href"] for face in faces] == [f"#{row['id']}" for row in rows]


def test_the_result_can_be_downloaded_under_the_source_s_name(
    client: FlaskClient, predictor: Predictor, photo: bytes
) -> None:
    rgb, result = predictor.predict(photo)
    urls = {
        attrs["download"]: attrs["href"]
        for attrs in Elements(post(client, photo).text).having("a")
        if "download" in attrs
    }
    assert set(urls) == {"holiday-mien.json", "holiday-mien.csv", "holiday-mien.jpg"}
    shown = json.loads(content(urls["holiday-mien.json"], "application/json"))
    expected = to_answer(rgb, result, options=Options(landmarks=True))
    assert Answer.model_validate(shown).faces == expected.faces
    (row,) = csv.DictReader(io.StringIO(content(urls["holiday-mien.csv"], "text/csv").decode()))
    assert row["file"] == NAME
    assert row["label"] == result.predictions[0].label
    assert float(row["confidence"]) == pytest.approx(result.predictions[0].confidence, abs=1e-4)
    drawn = decode_image(content(urls["holiday-mien.jpg"], "image/jpeg")).astype(int)
    assert np.abs(drawn - annotate(rgb, result)).mean() < RECOMPRESSED


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("folder/a.jpg", "a.jpg"),
        ("/etc/passwd", "passwd"),
        ("<script>x</script>.jpg", "script&gt;.jpg"),
        ("صورة 😀.jpg", "صورة 😀.jpg"),
        ("x" * 500 + ".jpg", "x" * 120),
    ],
)
def test_a_name_is_shown_without_folders_and_cannot_be_markup(
    sent: str, shown: str, client: FlaskClient, photo: bytes
) -> None:
    text = client.post("/", data={"image": (io.BytesIO(photo), sent)}).text
    assert f"One face in {shown}" in text
    assert "<script>x" not in text


def test_a_picture_without_a_name_gets_files_all_the_same(
    client: FlaskClient, photo: bytes
) -> None:
    answer = client.post("/", data=photo, content_type="image/jpeg")
    assert 'download="picture-mien.csv"' in answer.text
    assert "One face</h1>" in answer.text


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_has_a_face_and_needs_no_upload(
    name: str, client: FlaskClient, predictor: Predictor
) -> None:
    answer = client.post("/", data={"sample": name})
    rows = Elements(answer.text).having("details", **{"class": "row"})
    assert len(rows) == (3 if name == "group" else 1)
    assert len(rows) == len(predictor.predict(sample_bytes(name))[1].predictions)
    assert SAMPLES[name] in answer.text


def _happy(text: str) -> float:
    """Return the probability in the file of a result that can be taken along."""
    found = re.search(r'href="data:application/json;base64,([^"]+)"', text)
    assert found
    (face,) = json.loads(base64.b64decode(found[1]))["faces"]
    return float(face["probabilities"]["happy"])


def test_the_class_balance_can_be_chosen(client: FlaskClient, predictor: Predictor) -> None:
    said = {
        balance: _happy(client.post("/", data={"sample": "hard", "balance": balance}).text)
        for balance in ("", "0", "1")
    }
    assert len(set(said.values())) == 3
    shown = client.post("/", data={"sample": "hard", "balance": f"{predictor.spec.answer.balance}"})
    assert _happy(shown.text) == said[""]


@pytest.mark.parametrize("balance", ["2", "much", "nan"])
def test_a_class_balance_that_is_none_is_refused(balance: str, client: FlaskClient) -> None:
    answer = client.post("/", data={"sample": "hard", "balance": balance})
    assert answer.status_code == 400
    assert "balance" in answer.text


def test_an_unknown_sample_is_the_first(client: FlaskClient) -> None:
    assert "One face" in client.post("/", data={"sample": "1"}).text


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"", 400, f"{NAME} is empty (0 bytes)."),
        (b"hello", 415, f"{NAME} is not a picture Mien can open."),
        (sample_photo_path().read_bytes()[:9000], 400, f"{NAME} is incomplete."),
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


@pytest.mark.parametrize(
    ("found_by", "said"),
    [(FULL_FRAME, "No face was detected"), (UNALIGNED, "does not look like a cropped face")],
)
def test_a_picture_read_whole_has_no_box_and_says_so(
    found_by: str, said: str, predictor: Predictor, photo: bytes
) -> None:
    answer = answer_of(predictor, photo, is_crop=True)
    for name, expected in (("detector", False), (found_by, True)):
        (face,) = answer.faces
        fallen = answer.model_copy(update={"faces": [face.model_copy(update={"found_by": name})]})
        view = view_of(predictor, fallen)
        (row,) = view.rows
        assert any(said in hint for hint in row.hints) == expected
        assert (row.box is None) == expected
        assert (row.crop == (0, 0, answer.image.width)) == expected
        assert (view.heading == "Read as one face") == expected


def test_no_edge_cuts_the_face_of_a_picture_that_was_kept_whole(
    predictor: Predictor, photo: bytes
) -> None:
    wide = cv2.copyMakeBorder(decode_image(photo), 0, 0, 200, 200, cv2.BORDER_REFLECT)
    answer = answer_of(predictor, encode_png(wide), is_crop=True)
    (face,) = answer.faces
    assert face.found_by == UNALIGNED
    assert Hint.CUT not in face.hints
    (row,) = view_of(predictor, answer).rows
    assert not any("outside" in hint for hint in row.hints)


def test_the_summary_counts_every_face_once_the_surest_first(
    predictor: Predictor, photo: bytes
) -> None:
    answer = answer_of(predictor, photo)
    (face,) = answer.faces
    record = read_record(predictor.spec)
    unsure = {"is_sure": False}
    probable = face.model_copy(update={**unsure, "confidence": record.probable_from})
    open_one = face.model_copy(update={**unsure, "confidence": record.probable_from - 0.01})
    faces = [open_one, probable, face.model_copy(update={"is_sure": True}), open_one]
    view = view_of(predictor, answer.model_copy(update={"faces": faces, "faces_found": len(faces)}))
    counted = [(group.name, group.count) for group in view.groups]
    assert counted == [(face.label, 1), (f"probably {face.label}", 1), ("too close to call", 2)]
    assert view.title.startswith(f"4 faces: 1 {face.label}")


def test_a_large_picture_is_sent_back_smaller(client: FlaskClient, photo: bytes) -> None:
    large = cv2.resize(decode_image(photo), (1600, 1600))
    jpeg = cv2.imencode(".jpg", large)[1].tobytes()
    (image,) = Elements(post(client, jpeg).text).having("image", id="photo")
    assert max(decode_image(content(image["href"], "image/jpeg")).shape) < 1600


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
    assert drawn[..., 3].max() > 150
    assert drawn[..., 3].min() < 40


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


@pytest.mark.parametrize("path", ["/", "/model", "/privacy", "/nothing"])
def test_every_page_leads_to_the_others(path: str, client: FlaskClient) -> None:
    elements = Elements(client.get(path, headers={"Accept": BROWSER}).text)
    links = {attrs["href"] for attrs in elements.having("a") if "href" in attrs}
    assert {"/", "/model", "/privacy", "/api/v1/docs"} <= links


def test_a_model_without_figures_says_so(client: FlaskClient, predictor: Predictor) -> None:
    with mock.patch.object(predictor, "spec", replace(predictor.spec, metrics={})):
        answer = client.get("/model")
        first = client.get("/")
    assert answer.status_code == first.status_code == 200
    assert "without figures" in answer.text


def test_the_first_screen_may_be_kept_and_an_answer_may_not(
    client: FlaskClient, photo: bytes
) -> None:
    first, answered = client.get("/"), post(client, photo)
    assert first.cache_control.no_cache
    assert not first.cache_control.no_store
    assert answered.cache_control.no_store


@pytest.mark.parametrize("path", ["/favicon.ico", "/apple-touch-icon.png", "/robots.txt"])
def test_what_browsers_and_search_engines_ask_for_is_there(path: str, client: FlaskClient) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    if path == "/robots.txt":
        assert "User-agent: *" in answer.text
    else:
        assert Image.open(io.BytesIO(answer.data)).width >= 32


def test_a_page_has_what_a_link_to_it_shows(client: FlaskClient) -> None:
    elements = Elements(client.get("/").text)
    assert elements.having("meta", name="description")[0]["content"]
    (card,) = elements.having("meta", property="og:image")
    picture = Image.open(io.BytesIO(client.get(card["content"]).data))
    assert picture.size == (1200, 630)
    assert elements.having("meta", name="theme-color")


def test_the_colours_of_labels_come_as_a_style_sheet(
    client: FlaskClient, predictor: Predictor
) -> None:
    sheet = client.get("/labels.css")
    assert sheet.mimetype == "text/css"
    for index in range(len(predictor.spec.labels)):
        assert f".label-{index} " in sheet.text
    again = client.get("/labels.css", headers={"If-None-Match": sheet.headers["ETag"]})
    assert again.status_code == 304
