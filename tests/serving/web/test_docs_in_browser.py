"""The documentation of the API as a person meets it; no complaint of the browser's may be heard."""

import json
import shlex
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Request
from flask.testing import FlaskClient
from playwright.sync_api import Locator, Page, expect

from serving.inference.options import Options
from serving.inference.schema import FACE_HINTS, PROBLEM_CODES
from serving.web import routes_api
from serving.web.openapi import openapi_document
from serving.web.openapi_examples import ANSWER
from serving.web.predict_request import PredictRequest, read_predict_request
from serving.web.problems import BUSY_RETRY_S, BusyError
from serving.web.queue import TaskQueue
from tests.tools.accessibility import assert_accessible

pytestmark = pytest.mark.browser

DOCS = "/api/v1/docs"
OPERATIONS: dict[str, dict[str, Any]] = {
    operation["operationId"]: operation
    for methods in openapi_document()["paths"].values()
    for operation in methods.values()
}
HARD_NAME = """it's "1", 2; \\ 3.jpg"""
PAGE_BYTES = 60_000

Open = Callable[..., Page]


@pytest.fixture
def open_docs(open_page: Open) -> Open:
    return partial(open_page, DOCS, reduced_motion="reduce")


def choose(page: Page, operation: str, data: bytes, *, name: str = "photo.jpg") -> Locator:
    """Choose a file in the form of an operation, where there is a place for one."""
    section = page.locator(f"#{operation}")
    for place in section.locator("input[type=file]").all():
        place.set_input_files({"name": name, "mimeType": "image/jpeg", "buffer": data})
    return section


def send(section: Locator, *, said: str) -> str:
    """Send the form of an operation; return the answer that is shown."""
    section.get_by_role("button", name="Send").click()
    expect(section.get_by_role("status")).to_contain_text(said)
    return section.locator(".body").inner_text()


def bring_to(state: str, page: Page, photo: bytes) -> None:
    """Bring the page to a state in which a person may meet it."""
    if state == "opened":
        for summary in page.locator("summary").all():
            summary.click()
    if state == "answered":
        for operation in OPERATIONS:
            send(choose(page, operation, photo), said="200")
    if state == "refused":
        send(choose(page, "predict", b"no picture"), said="415")


@pytest.mark.parametrize("state", ["collapsed", "opened", "answered", "refused"])
def test_no_rule_of_accessibility_is_broken(state: str, open_docs: Open, photo: bytes) -> None:
    page = open_docs()
    bring_to(state, page, photo)
    assert_accessible(page)


def test_every_operation_can_be_tried_out(open_docs: Open, photo: bytes) -> None:
    page = open_docs()
    for operation in OPERATIONS:
        answer = json.loads(send(choose(page, operation, photo), said="200 OK"))
        if operation == "describe_model":
            assert answer["name"] == ANSWER.model
        else:
            (face,) = answer.get("answer", answer)["faces"]
            assert face["label"] == "happy"


def test_every_option_can_be_set(open_docs: Open, photo: bytes) -> None:
    section = choose(open_docs(), "predict", photo)
    for box in section.get_by_role("checkbox").all():
        box.check()
    for number in section.get_by_role("spinbutton").all():
        number.fill("1")
    answer = json.loads(send(section, said="200"))
    (face,) = answer["faces"]
    assert len(face["landmarks"]) == 68
    assert "characters)" in face["chip"]
    assert "characters)" in answer["annotated"]
    assert face["figure"]["data"]
    assert not face["is_sure"]  # of a confidence of 1
    line = section.locator(".curl").inner_text()
    assert all(f" -F {name}=" in line for name in Options.model_fields)


def test_only_what_is_set_is_sent(
    open_docs: Open, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    received: list[tuple[dict[str, str], list[str], dict[str, str]]] = []

    def read(request: Request) -> PredictRequest:
        received.append((request.form.to_dict(), list(request.files), request.args.to_dict()))
        return read_predict_request(request)

    monkeypatch.setattr(routes_api, "read_predict_request", read)
    section = choose(open_docs(), "predict", photo)
    section.get_by_label("max_faces").fill("2")
    section.get_by_label("min_confidence").fill("0.5")
    section.get_by_label("min_confidence").fill("")
    send(section, said="200")
    assert received == [({"max_faces": "2"}, ["image"], {})]


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl")
def test_the_line_for_curl_does_the_same(open_docs: Open, photo: bytes, tmp_path: Path) -> None:
    (tmp_path / HARD_NAME).write_bytes(photo)
    section = choose(open_docs(), "predict_batch", photo, name=HARD_NAME)
    section.get_by_label("landmarks").check()
    words = shlex.split(section.locator(".curl").inner_text())
    assert words[0] == "curl"
    said = subprocess.run(words, cwd=tmp_path, capture_output=True, check=True).stdout
    (face,) = json.loads(said)["answer"]["faces"]
    shown = json.loads(send(section, said="200"))["answer"]["faces"][0]
    assert face == shown


def test_a_refusal_is_shown_with_its_headers(
    open_docs: Open, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BusyError("Busy.")

    section = choose(open_docs(), "predict", photo)
    monkeypatch.setattr(TaskQueue, "run", refuse)
    assert json.loads(send(section, said="503"))["code"] == "busy"
    expect(section.locator(".headers")).to_contain_text(f"Retry-After: {BUSY_RETRY_S}")
    monkeypatch.undo()
    send(section, said="200")
    expect(section.locator(".headers")).not_to_contain_text("Retry-After")


def test_the_keyboard_is_enough(open_docs: Open, photo: bytes) -> None:
    page = open_docs()
    section = choose(page, "predict", photo)
    section.get_by_label("figure").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(section.get_by_role("status")).to_contain_text("200")
    expect(section.get_by_role("button", name="Send")).to_be_focused()
    page.keyboard.press("Tab")
    expect(section.get_by_role("region", name="Answer")).to_be_focused()
    assert '"figure"' in section.locator(".body").inner_text()


def test_it_works_without_scripts(open_docs: Open, photo: bytes) -> None:
    page = open_docs(java_script_enabled=False)
    docs = page.url
    for operation in OPERATIONS:
        page.goto(docs)
        section = choose(page, operation, photo)
        button = section.get_by_role("button", name="Send")
        if operation == "predict_batch":  # a browser saves lines of JSON
            with page.expect_download() as download:
                button.click()
            text = download.value.path().read_text()
        else:
            button.click()
            page.wait_for_url(lambda url: not url.endswith(DOCS))
            text = page.locator("pre").inner_text()
        assert ("labels" if operation == "describe_model" else "happy") in text, operation


def test_all_of_the_document_is_on_a_light_page(open_docs: Open, client: FlaskClient) -> None:
    assert len(client.get(DOCS).data) < PAGE_BYTES
    page = open_docs()
    expect(page.get_by_role("link", name="Mien")).to_have_attribute("href", "/")
    text = page.locator("main").evaluate("main => main.textContent")
    for operation in OPERATIONS.values():
        assert operation["summary"] in text
        for status, answer in operation["responses"].items():
            assert status in text
            assert answer["description"] in text
    for name, shape in openapi_document()["components"]["schemas"].items():
        assert name in text
        assert all(field in text for field in shape["properties"])
    assert all(word in text for word in (*Options.model_fields, *PROBLEM_CODES, *FACE_HINTS))
