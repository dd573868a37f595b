"""Answers that are sent to be shown, and are such as the API never gives."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from time import sleep
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import BadRequest

from serving.inference.options import MAX_FACES
from serving.web.engine import Service
from serving.web.posted_answers import MOST_ENTRIES, NamedAnswer, Table

BEYOND_ALL_BOUNDS = 10**400
MEASURES = dict.fromkeys(
    ("width_px", "sharpness", "roll_deg", "yaw_deg", "pitch_deg", "outside"), float("nan")
)


@pytest.fixture
def answer(client: FlaskClient, photo: bytes) -> dict[str, Any]:
    given: dict[str, Any] = client.post(
        "/api/v1/predict?landmarks=true&chips=true", data=photo
    ).json
    return given


def refusals(client: FlaskClient, answer: dict[str, Any]) -> list[tuple[int, str]]:
    """Send an answer to be shown and to be put into a table; say what became of it."""
    named = {"name": "a.jpg", "answer": answer}
    sent = {"/result": named, "/table": {"pictures": [named]}}
    answers = [
        client.post(path, data=json.dumps(body), content_type="application/json")
        for path, body in sent.items()
    ]
    return [(each.status_code, each.json["code"]) for each in answers]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("probabilities", {}),
        ("probabilities", {"happy": 1.0, "bored": 0.0}),
        ("second_label", "bored"),
        ("index", BEYOND_ALL_BOUNDS),
        ("box", dict.fromkeys(("left", "top", "right", "bottom"), BEYOND_ALL_BOUNDS)),
        ("confidence", float("inf")),
        ("measures", MEASURES),
        ("hints", ["small"] * 1_000),
        ("landmarks", [[1, 1]] * 1_000),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_face_that_no_picture_has_is_refused(
    field: str, value: Any, client: FlaskClient, answer: dict[str, Any]
) -> None:
    odd = answer["faces"][0] | {field: value}
    assert refusals(client, answer | {"faces": [odd]}) == [(400, "bad_request")] * 2


@pytest.mark.parametrize(
    "change",
    [
        {"image": {"width": 0, "height": 0}},
        {"timing_ms": {}},
        {"faces_found": BEYOND_ALL_BOUNDS},
        {"hints": ["damaged"] * 1_000},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_answer_on_no_picture_is_refused(
    change: dict[str, Any], client: FlaskClient, answer: dict[str, Any]
) -> None:
    assert refusals(client, answer | change) == [(400, "bad_request")] * 2


def test_a_hint_that_is_not_known_is_passed_over(
    client: FlaskClient, answer: dict[str, Any]
) -> None:
    # As from a newer server, or while one is rolled out.
    named = {"name": "a.jpg", "answer": answer | {"faces": [], "hints": ["newer", "damaged"]}}
    page = client.post("/result", json=named)
    assert page.status_code == 200
    assert page.text.count('class="hint"') == 1


def test_more_faces_than_are_ever_answered_are_refused(
    client: FlaskClient, answer: dict[str, Any]
) -> None:
    # Two megabytes of them would take the page tens of seconds.
    face = answer["faces"][0] | {"landmarks": None, "chip": None}
    assert (
        refusals(client, answer | {"faces": [face] * (MAX_FACES + 1)}) == [(400, "bad_request")] * 2
    )


MANY = 100_000


@pytest.mark.parametrize(
    "faces",
    [
        [{}] * MANY,
        [{}] * MOST_ENTRIES,
        [{"probabilities": dict.fromkeys(map(str, range(MANY)), "")}],
        [{"landmarks": [[]] * MOST_ENTRIES}] * MAX_FACES,
        [{"hints": [1] * MANY}],
    ],
    ids=["faces", "fewer faces", "probabilities", "landmarks", "hints"],
)
@pytest.mark.parametrize("kind", [NamedAnswer, Table])
def test_of_very_many_errors_few_are_found(kind: type[BaseModel], faces: list[object]) -> None:
    named = {"name": "a.jpg", "answer": {"faces": faces}}
    with pytest.raises(ValidationError) as caught:
        kind.model_validate_json(
            json.dumps(named if kind is NamedAnswer else {"pictures": [named] * 3})
        )
    assert caught.value.error_count() < 4 * MOST_ENTRIES


def test_of_very_many_unknown_fields_few_are_found() -> None:
    with pytest.raises(ValidationError) as caught:
        NamedAnswer.model_validate_json(json.dumps(dict.fromkeys(map(str, range(MANY)), 1)))
    assert caught.value.error_count() < MOST_ENTRIES


def test_one_body_is_read_after_the_other(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, most = 0, 0

    def read(*_: object) -> None:
        nonlocal reading, most
        reading += 1
        most = max(most, reading)
        sleep(0.05)
        reading -= 1
        raise BadRequest

    monkeypatch.setattr(Table, "model_validate_json", read)
    send = client.application.test_client
    with ThreadPoolExecutor() as clients:
        sent = [clients.submit(send().post, "/table", json={}) for _ in range(3)]
    assert {each.result().status_code for each in sent} == {400}
    assert most == 1


@pytest.mark.parametrize("path", ["/result", "/table"])
def test_who_has_all_slots_sends_no_answers_back(
    path: str, client: FlaskClient, app: Flask
) -> None:
    service: Service = app.extensions["mien"]
    with ExitStack() as held:
        for _ in range(service.settings.parallel_requests):
            held.enter_context(service.queue.slot("192.0.2.1"))
        sent = [
            client.post(path, json={}, environ_base={"REMOTE_ADDR": each}).status_code
            for each in ("192.0.2.1", "192.0.2.2")
        ]
    assert sent == [503, 400]
