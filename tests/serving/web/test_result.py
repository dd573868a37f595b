"""What the page answers to a picture."""

import csv
import gzip
import io
import json
from dataclasses import replace
from unittest import mock

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient

from preprocessing.images.decode import decode_image
from serving.inference.annotate import annotate
from serving.inference.certainty import Level
from serving.inference.options import Options
from serving.inference.predictor import Predictor
from serving.inference.schema import Answer
from serving.inference.serialize import to_answer
from tests.serving.web.elements import Elements
from tests.serving.web.posting import NAME, content, post
from tests.tools.specs import sure_from

# A JPEG that is saved again differs by its compression.
RECOMPRESSED = 6
# Of what is answered beside the picture itself.
ONE_FACE_BYTES, MANY_FACES_BYTES = 60_000, 150_000
SEVERAL = 24


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
    shares = [float(share) for share in row["data-probabilities"].split()]
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


def test_a_large_picture_is_sent_back_smaller(client: FlaskClient, photo: bytes) -> None:
    large = cv2.resize(decode_image(photo), (1600, 1600))
    jpeg = cv2.imencode(".jpg", large)[1].tobytes()
    (image,) = Elements(post(client, jpeg).text).having("image", id="photo")
    assert max(decode_image(content(image["href"], "image/jpeg")).shape) < 1600
