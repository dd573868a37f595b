"""What people say of predictions, as the page and programs hand it in."""

import base64
import io
import logging
import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from preprocessing.bundle.spec import SPEC_NAME, spec_sha256
from preprocessing.images.decode import decode_image, to_grey
from preprocessing.images.encode import encode_png
from preprocessing.images.sample import sample_photo_path
from serving.feedback.types import Stored
from serving.inference.predictor import Predictor
from serving.inference.shipped_bundle import SHIPPED_BUNDLE
from serving.web.app import create_app
from serving.web.openapi import openapi_document
from serving.web.routes_feedback import LONGEST_FORM_BYTES, Desk
from serving.web.settings import Settings
from tests.serving.conftest import TOKEN, using
from tests.serving.feedback.kept import bytes_below

SUMMARY, DELETE, API = "/feedback/summary", "/feedback/delete", "/api/v1/feedback/delete"
OWN = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
CODE = re.compile("<code>([A-Z2-7-]{39})</code>")
SIZE_PX = 48


@pytest.fixture
def client(feedback_app: Flask, place: str) -> Iterator[FlaskClient]:
    with using(feedback_app, place):
        yield feedback_app.test_client()


@pytest.fixture(scope="module")
def chip(feedback_app: Flask, photo: bytes) -> bytes:
    """The chip that the page shows of the sample photo."""
    page = feedback_app.test_client().post("/", data={"image": (io.BytesIO(photo), "a")}).text
    (url,) = set(re.findall(r'name="chip" value="([^"]+)"', page))
    return base64.b64decode(url.partition(",")[2])


def url_of(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode('ascii')}"


def send(client: FlaskClient, chip: bytes, said: str = "sad", **fields: str) -> TestResponse:
    data = {"chip": url_of(chip), "said": said, "consent": "1", **fields}
    return client.post("/feedback", data=data, headers=OWN, buffered=True)


def code_in(answer: TestResponse) -> str:
    assert answer.status_code == 200, answer.text
    (code,) = CODE.findall(answer.text)
    assert isinstance(code, str)
    return code


def kept_by(client: FlaskClient) -> list[Stored]:
    desk: Desk = client.application.extensions["mien_feedback"]
    return list(desk.store.read())


def png_of(picture: np.ndarray, **options: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", **options)
    return buffer.getvalue()


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
    client: FlaskClient, chip: bytes, predictor: Predictor
) -> None:
    code_in(send(client, chip))
    (stored,) = kept_by(client)
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


def test_a_prediction_cannot_be_made_up(client: FlaskClient, chip: bytes) -> None:
    made_up = {"predicted": "fear", "label": "fear", "probabilities": '{"fear": 1}', "model": "x"}
    code_in(send(client, chip, **made_up, day="1999-01-01"))
    (stored,) = kept_by(client)
    kept = stored.feedback
    assert (kept.predicted, kept.model) == ("happy", "mien-resnet34")
    assert kept.probabilities["fear"] < 0.5
    assert kept.day.year > 1999


def test_the_prediction_is_at_the_balance_that_was_chosen(
    client: FlaskClient, chip: bytes, predictor: Predictor
) -> None:
    code_in(send(client, chip, balance="1"))
    (stored,) = kept_by(client)
    expected = predictor.probabilities(to_grey(decode_image(chip))[None], 1.0)[0]
    found = list(stored.feedback.probabilities.values())
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert stored.feedback.balance == 1


@pytest.mark.parametrize("consent", ["", "0", "yes"])
def test_without_consent_nothing_is_kept_and_the_words_are_shown(
    consent: str, client: FlaskClient, chip: bytes
) -> None:
    asked = send(client, chip, consent=consent, balance="0.5")
    assert asked.status_code == 200
    assert kept_by(client) == []
    for words in ("network saw", "does not keep your photo", "delete it at any time"):
        assert words in asked.text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', asked.text))
    code_in(client.post("/feedback", data=fields, headers=OWN))
    (stored,) = kept_by(client)
    assert (stored.feedback.said, stored.feedback.balance) == ("sad", 0.5)


def test_the_page_shows_the_words_before_anything_is_sent(
    client: FlaskClient, photo: bytes
) -> None:
    page = client.post("/", data={"image": (io.BytesIO(photo), "a"), "balance": "1"}).text
    form = page.partition('<form class="feedback"')[2].partition("</form>")[0]
    assert "what the network saw" in form
    assert 'name="balance" value="1.0"' in form
    said = re.findall(r'name="said" value="(\w+)"', form)
    assert said[0] == "happy"
    assert sorted(said) == ["angry", "fear", "happy", "neutral", "sad", "surprise"]
    assert "unless you answer below a face" in client.get("/privacy").text


def chunk_of(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def png_with(rows: int, *, side_px: int = SIZE_PX, extra: bytes = b"") -> bytes:
    """A black PNG that unpacks into more rows than it says."""
    header = chunk_of(b"IHDR", struct.pack(">IIBBBBB", side_px, side_px, 8, 0, 0, 0, 0))
    pixels = chunk_of(b"IDAT", zlib.compress(bytes(rows * (side_px + 1)), 9))
    return b"\x89PNG\r\n\x1a\n" + header + extra + pixels + chunk_of(b"IEND", b"")


GREY = np.full((SIZE_PX, SIZE_PX), 128, np.uint8)
NO_CHIPS = {
    "a photo": sample_photo_path().read_bytes()[:5_000],
    "another width": png_of(GREY[:, :47]),
    "another size": png_of(np.full((96, 96), 128, np.uint8)),
    "in colour": png_of(np.full((SIZE_PX, SIZE_PX, 3), 128, np.uint8)),
    "with opacity": png_of(np.full((SIZE_PX, SIZE_PX, 4), 128, np.uint8)),
    "with 16 bits": png_of(GREY.astype(np.uint16) * 256),
    "cut short": png_of(GREY)[:40],
    "its beginning alone": png_of(GREY)[:20],
    "more behind it": png_of(GREY) + bytes(4_000),
    "a bomb": png_with(3_000, side_px=3_000),
    "nothing": b"",
}


@pytest.mark.parametrize("kind", NO_CHIPS)
def test_what_is_no_chip_is_refused(kind: str, feedback_app: Flask) -> None:
    # Its database is not there: who kept anything would get 503.
    assert send(feedback_app.test_client(), NO_CHIPS[kind]).status_code == 400


def test_nothing_that_a_chip_hides_is_kept(client: FlaskClient) -> None:
    text = chunk_of(b"tEXt", b"Comment\0something of mine")
    code_in(send(client, png_with(50_000, extra=text) + b"behind it"))
    (stored,) = kept_by(client)
    assert stored.feedback.chip == encode_png(np.zeros((SIZE_PX, SIZE_PX), np.uint8))


def test_a_form_that_is_too_long_is_refused(client: FlaskClient, chip: bytes) -> None:
    answer = send(client, chip, balance="0" * LONGEST_FORM_BYTES)
    assert answer.status_code == 413
    assert "at most 20,000 bytes" in answer.text
    assert kept_by(client) == []


@pytest.mark.parametrize("fields", [{"said": "bored"}, {"said": ""}, {"balance": "2"}])
def test_what_cannot_be_said_is_refused(
    fields: dict[str, str], client: FlaskClient, chip: bytes
) -> None:
    assert send(client, chip, **fields).status_code == 400
    assert kept_by(client) == []


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


def test_a_person_deletes_by_codes(client: FlaskClient, chip: bytes) -> None:
    codes = [code_in(send(client, chip, said)) for said in ("sad", "happy", "fear")]
    assert 'name="codes"' in client.get(DELETE).text
    typed = f"\n {codes[0].lower()} \r\n{codes[1].replace('-', ' ')}\n"
    done = client.post(DELETE, data={"codes": typed}, headers=OWN)
    assert "Deleted: 2 answers" in done.text
    assert [each.feedback.said for each in kept_by(client)] == ["fear"]
    again = client.post(DELETE, data={"codes": codes[0]}, headers=OWN)
    assert "Nothing is kept under this code" in again.text
    wrong = client.post(DELETE, data={"codes": codes[2][:-1]}, headers=OWN)
    assert wrong.status_code == 400
    assert "32 letters and digits" in wrong.text
    assert len(kept_by(client)) == 1


def test_a_program_deletes_by_code(client: FlaskClient, chip: bytes) -> None:
    codes = [code_in(send(client, chip)) for _ in range(2)]
    assert client.post(API, json={"code": codes[0]}).json == {"deleted": 1}
    assert client.post(API, data={"code": codes[1]}).json == {"deleted": 1}
    assert client.post(API, data={"code": codes[1]}).json == {"deleted": 0}
    bodies = ({}, {"code": "x" * 40}, {"code": codes[0], "more": "x"}, {"codes": codes[0]})
    for body in bodies:
        for answer in (client.post(API, json=body), client.post(API, data=body)):
            assert answer.status_code == 400
            assert answer.json is not None
            assert answer.json["code"] == "invalid_request"
    assert kept_by(client) == []


def test_nothing_of_a_deleted_face_is_left(
    feedback_app: Flask, sqlite_place: str, chip: bytes, tmp_path: Path
) -> None:
    middle = chip[len(chip) // 2 :][:64]
    with using(feedback_app, sqlite_place):
        client = feedback_app.test_client()
        code = code_in(send(client, chip))
        assert middle in bytes_below(tmp_path)
        client.post(API, data={"code": code})
        assert middle not in bytes_below(tmp_path)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic " + base64.b64encode(b"operator:wrong").decode()},
        {"Authorization": "Basic " + base64.b64encode(f"{TOKEN}:".encode()).decode()},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic \N{LATIN SMALL LETTER E WITH ACUTE}"},
        {"Cookie": f"token={TOKEN}"},
    ],
)
def test_the_summary_is_for_the_operator_only(headers: dict[str, str], feedback_app: Flask) -> None:
    for path in (SUMMARY, f"{SUMMARY}?token={TOKEN}", f"{SUMMARY}?password={TOKEN}"):
        answer = feedback_app.test_client().get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic")
        assert "answers" not in answer.text


def test_the_operator_sees_counts_agreement_and_what_was_said_instead(
    client: FlaskClient, chip: bytes
) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert "Nobody has answered yet" in client.get(SUMMARY, headers=bearer).text
    for said in ("happy", "happy", "happy", "sad"):
        code_in(send(client, chip, said))
    page = client.get(SUMMARY, auth=("anyone", TOKEN)).text
    assert page == client.get(SUMMARY, headers=bearer).text
    assert "4 answers, of which 3 said “right”" in page
    assert "75\N{NO-BREAK SPACE}%" in page
    rows = dict(re.findall(r'<th scope="row">(\w+)</th>((?:<td.*?</td>)+)</tr>', page))
    cells = {
        label: [int(each) for each in re.findall(r">(\d+)<", row)] for label, row in rows.items()
    }
    assert list(cells) == ["angry", "fear", "happy", "sad", "surprise", "neutral"]
    assert (cells["happy"][2], cells["sad"][2]) == (3, 1)
    assert sum(map(sum, cells.values())) == 4


def without_models(folder: Path, **settings: object) -> FlaskClient:
    """An application that is up at once, for it has no models."""
    chosen = {"feedback_database": str(folder / "none.db"), **settings}
    return create_app(Settings(bundle=folder, **chosen)).test_client()


@pytest.mark.parametrize(
    ("place", "is_told"), [("none.db", False), ("postgresql://mien@/none?host=/none", True)]
)
def test_the_privacy_page_tells_what_a_deletion_leaves(
    place: str, *, is_told: bool, tmp_path: Path
) -> None:
    page = without_models(tmp_path, feedback_database=place).get("/privacy").text
    assert ("until they are written over" in page) == is_told
    assert "only a hash is stored" in page


def test_without_a_token_there_is_no_summary(tmp_path: Path) -> None:
    client = without_models(tmp_path)
    assert client.get(SUMMARY).status_code == 404
    assert client.get(DELETE).status_code == 200


def test_answers_and_guesses_count_for_the_limit_of_an_address(tmp_path: Path, chip: bytes) -> None:
    client = without_models(tmp_path, feedback_token=TOKEN, pictures_per_minute=4)
    assert [send(client, chip).status_code for _ in range(2)] == [503, 503]
    assert client.get(SUMMARY).status_code == 401
    assert client.post(API, data={"code": "A" * 32}).status_code == 503
    assert client.get(SUMMARY, auth=("", TOKEN)).status_code == 429
    assert send(client, chip).status_code == 429


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
    client: FlaskClient, chip: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        code = code_in(send(client, chip))
        client.post(API, data={"code": code}, buffered=True)
        client.get(SUMMARY, auth=("", TOKEN), buffered=True)
    records = [record for record in caplog.records if record.name == "serving.web.request_log"]
    fields = [getattr(record, "fields", {}) for record in records]
    assert [each["route"] for each in fields] == ["/feedback", API, SUMMARY]
    # The length of a request would tell a chip from another.
    assert not any("bytes" in name for each in fields[:2] for name in each)
    told = " ".join([caplog.text, *map(str, fields), client.get("/metrics").text])
    for secret in (code, code.replace("-", ""), TOKEN, url_of(chip)[60:90], "sad"):
        assert secret not in told


def test_no_cookie_is_set(client: FlaskClient, chip: bytes) -> None:
    answers = [send(client, chip), client.get(SUMMARY, auth=("", TOKEN)), client.get(DELETE)]
    assert not any("Set-Cookie" in answer.headers for answer in answers)
    assert all(answer.headers["Cache-Control"] == "no-store" for answer in answers)


def test_the_api_s_document_tells_of_the_deletion_where_there_is_one(feedback_app: Flask) -> None:
    client = feedback_app.test_client()
    document = client.get("/api/v1/openapi.json").json
    routes = {
        rule.rule
        for rule in feedback_app.url_map.iter_rules()
        if rule.rule.startswith("/api/") and not rule.rule.endswith(("/openapi.json", "/docs"))
    }
    assert document is not None
    assert set(document["paths"]) == routes
    assert API not in openapi_document()["paths"]
    assert "-F code=CODE" in client.get("/api/v1/docs").text


def test_the_digest_names_the_bundle(tmp_path: Path) -> None:
    spec = (SHIPPED_BUNDLE / SPEC_NAME).read_bytes()
    (tmp_path / SPEC_NAME).write_bytes(spec)
    assert spec_sha256(tmp_path) == spec_sha256(SHIPPED_BUNDLE)
    (tmp_path / SPEC_NAME).write_bytes(spec + b"\n")
    assert spec_sha256(tmp_path) != spec_sha256(SHIPPED_BUNDLE)
