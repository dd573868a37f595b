"""The samples of the page, and its class balance."""

import base64
import json
import re

import pytest
from flask.testing import FlaskClient

from serving.inference.predictor import Predictor
from serving.web.samples import SAMPLES, sample_bytes
from tests.serving.web.elements import Elements


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
