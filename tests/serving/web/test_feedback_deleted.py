"""What people said is deleted by its code."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from serving.web.openapi import openapi_document
from tests.serving.conftest import using
from tests.serving.feedback.kept import bytes_below
from tests.serving.web.feedback_forms import (
    API,
    DELETE,
    OWN,
    code_in,
    kept_by,
    send,
    without_models,
)


def test_a_person_deletes_by_codes(feedback_client: FlaskClient, chip: bytes) -> None:
    codes = [code_in(send(feedback_client, chip, said)) for said in ("sad", "happy", "fear")]
    assert 'name="codes"' in feedback_client.get(DELETE).text
    typed = f"\n {codes[0].lower()} \r\n{codes[1].replace('-', ' ')}\n"
    done = feedback_client.post(DELETE, data={"codes": typed}, headers=OWN)
    assert "Deleted: 2 answers" in done.text
    assert [each.feedback.said for each in kept_by(feedback_client)] == ["fear"]
    again = feedback_client.post(DELETE, data={"codes": codes[0]}, headers=OWN)
    assert "Nothing is kept under this code" in again.text
    wrong = feedback_client.post(DELETE, data={"codes": codes[2][:-1]}, headers=OWN)
    assert wrong.status_code == 400
    assert "32 letters and digits" in wrong.text
    assert len(kept_by(feedback_client)) == 1


def test_a_program_deletes_by_code(feedback_client: FlaskClient, chip: bytes) -> None:
    codes = [code_in(send(feedback_client, chip)) for _ in range(2)]
    assert feedback_client.post(API, json={"code": codes[0]}).json == {"deleted": 1}
    assert feedback_client.post(API, data={"code": codes[1]}).json == {"deleted": 1}
    assert feedback_client.post(API, data={"code": codes[1]}).json == {"deleted": 0}
    bodies = ({}, {"code": "x" * 40}, {"code": codes[0], "more": "x"}, {"codes": codes[0]})
    for body in bodies:
        for answer in (feedback_client.post(API, json=body), feedback_client.post(API, data=body)):
            assert answer.status_code == 400
            assert answer.json is not None
            assert answer.json["code"] == "invalid_request"
    assert kept_by(feedback_client) == []


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
    ("place", "is_told"), [("none.db", False), ("postgresql://mien@/none?host=/none", True)]
)
def test_the_privacy_page_tells_what_a_deletion_leaves(
    place: str, *, is_told: bool, tmp_path: Path
) -> None:
    page = without_models(tmp_path, feedback_database=place).get("/privacy").text
    assert ("until they are written over" in page) == is_told
    assert "only a hash is stored" in page


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
