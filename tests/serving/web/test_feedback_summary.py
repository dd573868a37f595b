"""What the operator sees of what people said."""

import base64
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.serving.conftest import TOKEN
from tests.serving.web.feedback_forms import API, DELETE, SUMMARY, code_in, send, without_models


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
    feedback_client: FlaskClient, chip: bytes
) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert "Nobody has answered yet" in feedback_client.get(SUMMARY, headers=bearer).text
    for said in ("happy", "happy", "happy", "sad"):
        code_in(send(feedback_client, chip, said))
    page = feedback_client.get(SUMMARY, auth=("anyone", TOKEN)).text
    assert page == feedback_client.get(SUMMARY, headers=bearer).text
    assert "4 answers, of which 3 said “right”" in page
    assert "75\N{NO-BREAK SPACE}%" in page
    rows = dict(re.findall(r'<th scope="row">(\w+)</th>((?:<td.*?</td>)+)</tr>', page))
    cells = {
        label: [int(each) for each in re.findall(r">(\d+)<", row)] for label, row in rows.items()
    }
    assert list(cells) == ["angry", "fear", "happy", "sad", "surprise", "neutral"]
    assert (cells["happy"][2], cells["sad"][2]) == (3, 1)
    assert sum(map(sum, cells.values())) == 4


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
