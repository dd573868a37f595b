import base64
import io
import json

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from preprocessing.dataset.labels import DisgustPolicy, labels_for
from preprocessing.images.decode import decode_image
from preprocessing.images.encode import encode_png
from serving.inference.options import PredictOptions
from serving.inference.predictor import Predictor
from serving.inference.serialize import ANNOTATED_SIDE_PX
from serving.web.settings import Settings

PREDICT = "/api/v1/predict"


def post_json(client: FlaskClient, photo: bytes, **options: object) -> TestResponse:
    image = base64.b64encode(photo).decode("ascii")
    return client.post(PREDICT, json={"image": image, **options})


def as_picture(encoded: str) -> np.ndarray:
    return decode_image(base64.b64decode(encoded, validate=True))


@pytest.fixture(scope="module")
def pair(photo: bytes) -> bytes:
    """Two of the sample photo side by side, the second at half the size."""
    image = Image.open(io.BytesIO(photo))
    canvas = Image.new("RGB", (image.width * 3 // 2, image.height))
    canvas.paste(image.resize((image.width // 2, image.height // 2)), (0, 0))
    canvas.paste(image, (image.width // 2, 0))
    buffer = io.BytesIO()
    canvas.save(buffer, "PNG")
    return buffer.getvalue()


def test_options_mean_the_same_in_address_form_and_json(client: FlaskClient, photo: bytes) -> None:
    query = "landmarks=true&min_confidence=0.5&balance=0.75"
    by_address = client.post(f"{PREDICT}?{query}", data=photo)
    words = {"landmarks": "true", "min_confidence": "0.5", "balance": "0.75"}
    by_form = client.post(PREDICT, data={"image": (io.BytesIO(photo), "a.jpg"), **words})
    by_json = post_json(client, photo, landmarks=True, min_confidence=0.5, balance=0.75)
    assert by_address.json["faces"] == by_form.json["faces"] == by_json.json["faces"]
    assert len(by_address.json["faces"][0]["landmarks"]) == 68


def test_boxes_are_clipped_where_that_is_asked_for(client: FlaskClient, photo: bytes) -> None:
    (whole,) = client.post(PREDICT, data=photo).json["faces"]
    rgb = decode_image(photo)[:, whole["box"]["left"] + 20 :]
    png = encode_png(np.ascontiguousarray(rgb))
    (cut,) = client.post(PREDICT, data=png).json["faces"]
    (clipped,) = client.post(f"{PREDICT}?clip_boxes=true", data=png).json["faces"]
    assert cut["box"]["left"] < 0
    assert clipped == cut | {"box": cut["box"] | {"left": 0}}


@pytest.mark.parametrize("word", ["false", "true"])
def test_false_is_false(word: str, client: FlaskClient, photo: bytes) -> None:
    form = {"image": (io.BytesIO(photo), "a.jpg"), "landmarks": word}
    (face,) = client.post(PREDICT, data=form).json["faces"]
    assert ("landmarks" in face) == (word == "true")


@pytest.mark.parametrize(
    "query",
    [
        "landmarks=False", "landmarks=1", "landmarks=yes", "landmarks=", "landmarks=null",
        "max_faces=0", "max_faces=-1", "max_faces=1.5", "max_faces=true", "max_faces=101",
        "min_confidence=1.1", "min_confidence=NaN", "min_confidence=high", "min_confidence=null",
        "balance=1.1", "balance=-0.1", "balance=NaN", "balance=even", "balance=null",
        "nothing=1", "landmark=true", "Landmarks=true",
        "landmarks=true&landmarks=false",
    ],
)  # fmt: skip
def test_a_wrong_option_is_400_and_named(query: str, client: FlaskClient, photo: bytes) -> None:
    answer = client.post(f"{PREDICT}?{query}", data=photo)
    assert answer.status_code == 400
    assert answer.json["code"] == "invalid_request"
    assert query.partition("=")[0] in answer.json["detail"]


@pytest.mark.parametrize(
    "given", [{"landmarks": "true"}, {"landmarks": 1}, {"max_faces": "3"}, {"extra": None}]
)
def test_json_values_have_their_types(
    given: dict[str, object], client: FlaskClient, photo: bytes
) -> None:
    answer = post_json(client, photo, **given)
    assert answer.status_code == 400
    assert answer.json["code"] == "invalid_request"


def test_an_option_in_two_places_is_refused(client: FlaskClient, photo: bytes) -> None:
    form = {"image": (io.BytesIO(photo), "a.jpg"), "crop": "true"}
    answer = client.post(f"{PREDICT}?crop=true", data=form)
    assert answer.status_code == 400
    assert "crop" in answer.json["detail"]


def test_an_option_given_twice_in_json_is_refused(client: FlaskClient, photo: bytes) -> None:
    image = base64.b64encode(photo).decode("ascii")
    for inner in ('"crop":true,"crop":false', '"crop":true,"crop":true'):
        body = f'{{{inner},"image":"{image}"}}'
        answer = client.post(PREDICT, data=body, content_type="application/json")
        assert (answer.status_code, answer.json["code"]) == (400, "invalid_request")
        assert answer.json["detail"] == '"crop" was given twice.'


def test_json_of_unknown_length_is_refused_where_it_is_too_large(client: FlaskClient) -> None:
    body = io.BytesIO(b'{"image": "' + bytes(Settings().max_upload_bytes * 2))
    answer = client.post(
        PREDICT,
        input_stream=body,
        headers={"Transfer-Encoding": "chunked"},
        content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert (answer.status_code, answer.json["code"]) == (413, "upload_too_large")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 100_000, b'"image"', b'{"image": 3}'])
def test_json_that_is_none_of_ours_is_400(body: bytes, client: FlaskClient) -> None:
    answer = client.post(PREDICT, data=body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json["code"] == "invalid_request"


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ("", "no_image"),
        ("!!", "invalid_request"),
        ("é", "invalid_request"),
        ("AAAA", "unsupported_image"),
    ],
)
def test_an_image_in_json_must_be_base64_of_a_picture(
    image: str, code: str, client: FlaskClient
) -> None:
    assert client.post(PREDICT, json={"image": image}).json["code"] == code


def test_a_picture_at_the_limit_passes_as_json(client: FlaskClient) -> None:
    too_large = base64.b64encode(bytes(Settings().max_upload_bytes + 1)).decode("ascii")
    largest = base64.b64encode(bytes(Settings().max_upload_bytes)).decode("ascii")
    assert client.post(PREDICT, json={"image": too_large}).json["code"] == "upload_too_large"
    assert client.post(PREDICT, json={"image": largest}).json["code"] == "unsupported_image"


def test_another_file_than_the_image_is_refused(client: FlaskClient, photo: bytes) -> None:
    form = {"image": (io.BytesIO(photo), "a.jpg"), "mask": (io.BytesIO(photo), "b.jpg")}
    answer = client.post(PREDICT, data=form)
    assert answer.status_code == 400
    assert "mask" in answer.json["detail"]


def test_max_faces_keeps_the_largest(client: FlaskClient, pair: bytes) -> None:
    whole = client.post(PREDICT, data=pair).json
    cut = client.post(f"{PREDICT}?max_faces=1", data=pair).json
    assert whole["faces_found"] == cut["faces_found"] == len(whole["faces"]) == 2
    (face,) = cut["faces"]
    assert face["index"] == 1
    assert {**whole["faces"][1], "index": 1} == face


def test_min_confidence_decides_what_is_sure(client: FlaskClient, photo: bytes) -> None:
    for least, is_sure in ((0, True), (1, False)):
        answer = client.post(f"{PREDICT}?min_confidence={least}", data=photo)
        assert answer.json["faces"][0]["is_sure"] is is_sure


def test_the_balance_moves_the_answer_from_frequent_to_rare_expressions(
    client: FlaskClient, predictor: Predictor, photo: bytes
) -> None:
    said = {}
    for balance in (0.0, 0.6, 1.0):
        (face,) = client.post(f"{PREDICT}?balance={balance}", data=photo).json["faces"]
        (expected,) = predictor.predict(photo, PredictOptions(balance=balance))[1].predictions
        said[balance] = np.array(list(face["probabilities"].values()))
        np.testing.assert_allclose(said[balance], expected.probabilities, atol=1e-12)
        assert face["is_sure"] == expected.is_sure
    assert np.abs(said[0.0] - said[1.0]).max() > 0
    (default,) = client.post(PREDICT, data=photo).json["faces"]
    model = client.get("/api/v1/model").json
    asked = client.post(f"{PREDICT}?balance={model['balance']}", data=photo).json
    assert asked["faces"] == [default]


def test_a_crop_always_has_one_face(client: FlaskClient) -> None:
    buffer = io.BytesIO()
    Image.new("L", (48, 48), 128).save(buffer, "PNG")
    answer = client.post(f"{PREDICT}?crop=true", data=buffer.getvalue())
    assert len(answer.json["faces"]) == 1


def test_pictures_and_charts_are_given_on_request(
    client: FlaskClient, predictor: Predictor, photo: bytes
) -> None:
    query = "chips=true&annotated=true&figure=true"
    answer = client.post(f"{PREDICT}?{query}", data=photo).json
    (face,) = answer["faces"]
    (expected,) = predictor.predict(photo)[1].predictions
    chip = cv2.cvtColor(as_picture(face["chip"]), cv2.COLOR_RGB2GRAY)
    np.testing.assert_array_equal(chip, expected.face.chip)
    drawn = as_picture(answer["annotated"])
    assert drawn.shape == decode_image(photo).shape
    assert (drawn != decode_image(photo)).any()
    (bars,) = face["figure"]["data"]
    assert dict(zip(bars["y"], bars["x"], strict=True)) == pytest.approx(
        face["probabilities"], abs=1e-4
    )
    json.loads(json.dumps(face["figure"]), parse_constant=pytest.fail)


@pytest.mark.parametrize("is_wide", [True, False])
def test_a_strip_is_marked_no_longer_than_browsers_show(
    *, is_wide: bool, client: FlaskClient
) -> None:
    strip = np.full((2, 40_000), 128, np.uint8)
    png = encode_png(strip if is_wide else strip.T.copy())
    answer = client.post(f"{PREDICT}?crop=true&annotated=true", data=png).json
    shape = as_picture(answer["annotated"]).shape
    # A key may stand below it.
    assert max(shape) == pytest.approx(ANNOTATED_SIDE_PX, abs=100)


def test_the_model_says_what_it_is(client: FlaskClient, predictor: Predictor) -> None:
    model = client.get("/api/v1/model").json
    assert tuple(model["labels"]) == labels_for(DisgustPolicy(model["disgust"]))
    assert model["name"] == predictor.spec.name
    assert "may not be used commercially" in model["landmarks_licence"]
    answer, calibration = predictor.spec.answer, predictor.spec.answer.calibration()
    assert model["answers_with"] == predictor.spec.answers_with
    assert model["balance"] == answer.balance
    assert model["temperature"] == calibration.temperature
    assert model["sure_confidence"] == calibration.sure_confidence
    assert list(model["class_shares"]) == model["labels"]
    assert tuple(model["class_shares"].values()) == answer.class_shares
    assert 0 < model["metrics"]["test"]["accuracy"] < 1
