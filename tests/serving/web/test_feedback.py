"""What people say of predictions, as the page and programs hand it in."""

import io
import logging
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient

from preprocessing.bundle.spec import SPEC_NAME, spec_sha256
from preprocessing.images.decode import decode_image, to_grey
from serving.inference.predictor import Predictor
from serving.inference.shipped_bundle import SHIPPED_BUNDLE
from serving.web.app import _add_feedback as add_feedback
from serving.web.environment import SettingsError
from serving.web.routes_feedback import LONGEST_FORM_BYTES
from tests.serving.conftest import TOKEN
from tests.serving.web.feedback_forms import (
    API,
    DELETE,
    OWN,
    SUMMARY,
    code_in,
    kept_by,
    send,
    url_of,
)


def test_off_there_is_nothing_of_it(app: Flask, photo: bytes) -> None:
    client = app.test_client()
    for path in ("/feedback", DELETE, API):
        assert client.post(path, headers=OWN).status_code == 404
    for path in (DELETE, SUMMARY):
        assert client.get(path).status_code == 404
    pages = [client.get(path).text for path in ("/", "/privacy", "/model", "/api/v1/docs")]
    pages.append(client.post("/", data={"image": (io.BytesIO(photo), "a")}).text)
    assert not any("feedback" in page for page in pages)
    assert client.get("/").headers["Referrer-Policy"] == "no-referrer"


def test_on_without_its_packages_the_server_says_what_to_install(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Python takes a module that is None for one that is not installed.
    monkeypatch.delattr("serving.web.routes_feedback")
    monkeypatch.setitem(sys.modules, "serving.web.routes_feedback", None)
    with pytest.raises(SettingsError, match=r"pip install 'mien\[server,feedback\]'"):
        add_feedback(app, app.extensions["mien"])


@pytest.mark.slow
def test_off_no_library_for_it_is_loaded(repository_root: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from serving.web.app import create_app; "
        "from serving.web.settings import Settings; create_app(Settings(bundle=Path('none'))); "
        "print([name for name in ('sqlalchemy', 'alembic', 'psycopg') if name in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        cwd=repository_root,
        capture_output=True,
        check=True,
        text=True,
    )
    assert ran.stdout == "[]\n"


def test_what_a_person_says_is_kept_with_what_was_predicted(
    feedback_client: FlaskClient, chip: bytes, predictor: Predictor
) -> None:
    code_in(send(feedback_client, chip))
    (stored,) = kept_by(feedback_client)
    kept, spec = stored.feedback, predictor.spec
    pixels = to_grey(decode_image(chip))
    expected = predictor.probabilities(pixels[None])[0]
    np.testing.assert_array_equal(to_grey(decode_image(kept.chip)), pixels)
    assert list(kept.probabilities) == list(spec.labels)
    np.testing.assert_allclose(list(kept.probabilities.values()), expected, atol=1e-6)
    assert (kept.predicted, kept.said) == ("happy", "sad")
    assert (kept.model, kept.balance) == (spec.name, spec.answer.balance)
    assert kept.model_digest == spec_sha256(SHIPPED_BUNDLE)
    assert kept.day == datetime.now(UTC).date()


def test_a_prediction_cannot_be_made_up(feedback_client: FlaskClient, chip: bytes) -> None:
    made_up = {"predicted": "fear", "label": "fear", "probabilities": '{"fear": 1}', "model": "x"}
    code_in(send(feedback_client, chip, **made_up, day="1999-01-01"))
    (stored,) = kept_by(feedback_client)
    kept = stored.feedback
    assert (kept.predicted, kept.model) == ("happy", "mien-resnet34")
    assert kept.probabilities["fear"] < 0.5
    assert kept.day.year > 1999


def test_the_prediction_is_at_the_balance_that_was_chosen(
    feedback_client: FlaskClient, chip: bytes, predictor: Predictor
) -> None:
    code_in(send(feedback_client, chip, balance="1"))
    (stored,) = kept_by(feedback_client)
    expected = predictor.probabilities(to_grey(decode_image(chip))[None], 1.0)[0]
    found = list(stored.feedback.probabilities.values())
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert stored.feedback.balance == 1


@pytest.mark.parametrize("consent", ["", "0", "yes"])
def test_without_consent_nothing_is_kept_and_the_words_are_shown(
    consent: str, feedback_client: FlaskClient, chip: bytes
) -> None:
    asked = send(feedback_client, chip, consent=consent, balance="0.5")
    assert asked.status_code == 200
    assert kept_by(feedback_client) == []
    for words in ("network saw", "does not keep your photo", "delete it at any time"):
        assert words in asked.text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', asked.text))
    code_in(feedback_client.post("/feedback", data=fields, headers=OWN))
    (stored,) = kept_by(feedback_client)
    assert (stored.feedback.said, stored.feedback.balance) == ("sad", 0.5)


def test_the_page_shows_the_words_before_anything_is_sent(
    feedback_client: FlaskClient, photo: bytes
) -> None:
    page = feedback_client.post("/", data={"image": (io.BytesIO(photo), "a"), "balance": "1"}).text
    form = page.partition('<form class="feedback"')[2].partition("</form>")[0]
    assert "what the network saw" in form
    assert 'name="balance" value="1.0"' in form
    said = re.findall(r'name="said" value="(\w+)"', form)
    assert said[0] == "happy"
    assert sorted(said) == ["angry", "fear", "happy", "neutral", "sad", "surprise"]
    assert "unless you answer below a face" in feedback_client.get("/privacy").text


def test_a_form_that_is_too_long_is_refused(feedback_client: FlaskClient, chip: bytes) -> None:
    answer = send(feedback_client, chip, balance="0" * LONGEST_FORM_BYTES)
    assert answer.status_code == 413
    assert "at most 20,000 bytes" in answer.text
    assert kept_by(feedback_client) == []


@pytest.mark.parametrize("fields", [{"said": "bored"}, {"said": ""}, {"balance": "2"}])
def test_what_cannot_be_said_is_refused(
    fields: dict[str, str], feedback_client: FlaskClient, chip: bytes
) -> None:
    assert send(feedback_client, chip, **fields).status_code == 400
    assert kept_by(feedback_client) == []


@pytest.mark.parametrize("path", ["/feedback", DELETE])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 400),
        ({"Origin": "http://localhost"}, 400),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403),
        ({"Origin": "http://localhost.example.org"}, 403),
        ({"Origin": "http://localhost:81"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[localhost"}, 403),
        ({"Origin": "", "Host": ""}, 403),
        ({}, 403),
    ],
)
def test_forms_of_other_sites_are_refused(
    path: str, headers: dict[str, str], status: int, feedback_app: Flask
) -> None:
    assert feedback_app.test_client().post(path, headers=headers).status_code == status


def test_a_browser_names_the_origin_of_a_form(feedback_app: Flask) -> None:
    # By no-referrer it would say "null".
    policy = feedback_app.test_client().get("/").headers["Referrer-Policy"]
    assert policy == "same-origin"


def test_where_the_database_fails_the_page_goes_on(
    feedback_app: Flask, chip: bytes, photo: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    client = feedback_app.test_client()
    answer = send(client, chip)
    assert answer.status_code == 503
    assert "cannot be used at the moment" in answer.text
    assert "the database of the feedback failed" in caplog.text
    assert client.post("/", data={"image": (io.BytesIO(photo), "a")}).status_code == 200
    assert client.get("/readyz").status_code == 200


def test_nothing_of_it_is_logged_or_measured(
    feedback_client: FlaskClient, chip: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        code = code_in(send(feedback_client, chip))
        feedback_client.post(API, data={"code": code}, buffered=True)
        feedback_client.get(SUMMARY, auth=("", TOKEN), buffered=True)
    records = [record for record in caplog.records if record.name == "serving.web.request_log"]
    fields = [getattr(record, "fields", {}) for record in records]
    assert [each["route"] for each in fields] == ["/feedback", API, SUMMARY]
    # The length of a request would tell a chip from another.
    assert not any("bytes" in name for each in fields[:2] for name in each)
    told = " ".join([caplog.text, *map(str, fields), feedback_client.get("/metrics").text])
    for secret in (code, code.replace("-", ""), TOKEN, url_of(chip)[60:90], "sad"):
        assert secret not in told


def test_no_cookie_is_set(feedback_client: FlaskClient, chip: bytes) -> None:
    answers = [
        send(feedback_client, chip),
        feedback_client.get(SUMMARY, auth=("", TOKEN)),
        feedback_client.get(DELETE),
    ]
    assert not any("Set-Cookie" in answer.headers for answer in answers)
    assert all(answer.headers["Cache-Control"] == "no-store" for answer in answers)


def test_the_digest_names_the_bundle(tmp_path: Path) -> None:
    spec = (SHIPPED_BUNDLE / SPEC_NAME).read_bytes()
    (tmp_path / SPEC_NAME).write_bytes(spec)
    assert spec_sha256(tmp_path) == spec_sha256(SHIPPED_BUNDLE)
    (tmp_path / SPEC_NAME).write_bytes(spec + b"\n")
    assert spec_sha256(tmp_path) != spec_sha256(SHIPPED_BUNDLE)
