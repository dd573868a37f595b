"""Choosing pictures that the page is to read on the person's own device."""

import json
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, Page, expect

from serving.inference.options import Options
from serving.inference.predictor import Predictor
from serving.inference.serialize import to_answer
from tests.serving.web.browsing import Open, blank_picture, drawing_of, drop, file_of
from tests.tools.accessibility import assert_accessible

pytestmark = pytest.mark.browser


def choose(page: Page, data: bytes, name: str, *, heading: str) -> None:
    page.set_input_files("#image", file_of(data, name))
    expect(page.locator("#result h1")).to_have_text(heading)


def test_a_picture_is_read_without_a_request(
    open_page: Open, photo: bytes, two_faces: bytes, predictor: Predictor
) -> None:
    page = open_page(viewport={"width": 1366, "height": 650})
    page.get_by_label("Read photos on this device").check()
    sent: list[tuple[str, str]] = []
    page.on("request", lambda request: sent.append((request.method, request.url)))
    choose(page, photo, "me.jpg", heading="One face in me.jpg")
    expect(page.locator(".row .bars .point")).to_have_count(len(predictor.spec.labels))
    assert sent
    assert {method for method, _ in sent} == {"GET"}
    sent.clear()
    choose(page, two_faces, "us <b>.jpg", heading="2 faces in us <b>.jpg")
    expect(page.locator(".photo-notes")).to_contain_text("was not sent")
    expect(page.locator(".row .bars")).to_have_count(2)
    assert not [url for _, url in sent if url.startswith("http")]

    rgb, result = predictor.predict(two_faces)
    answer = to_answer(rgb, result, options=Options())
    href = page.locator("a.download", has_text="JSON").get_attribute("href") or ""
    here = json.loads(unquote(href.partition(",")[2]))
    assert [face["label"] for face in here["faces"]] == [face.label for face in answer.faces]
    assert [set(face["probabilities"]) for face in here["faces"]] == [
        set(face.probabilities) for face in answer.faces
    ]
    table = unquote(
        page.locator("a.download", has_text="CSV").get_attribute("href") or ""
    ).splitlines()
    assert table[0].endswith(",".join(predictor.spec.labels))
    assert len(table) == 3
    page.locator("#result").get_by_label("Points").check()
    assert_accessible(page)


def test_a_drawing_is_read_here_too(open_page: Open, photo: bytes) -> None:
    page = open_page()
    page.get_by_label("Read photos on this device").check()
    page.set_input_files("#image", drawing_of(photo, 512))
    expect(page.locator("#result h1")).to_have_text("One face in drawing.svg")


def test_what_cannot_be_read_here_is_said_and_not_sent(open_page: Open, photo: bytes) -> None:
    page = open_page()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    page.get_by_label("Read photos on this device").check()
    choose(page, blank_picture(), "wall.jpg", heading="No face found in wall.jpg")
    page.set_input_files("#image", file_of(b"no picture", "notes.docx"))
    expect(page.locator("#status")).to_contain_text("notes.docx cannot be opened by your browser")
    drop(page, ("one.jpg", photo), ("two.jpg", photo))
    expect(page.locator("#status")).to_contain_text("the first of 2")
    page.get_by_role("link", name="Mien, home").click()
    page.locator("#crop").evaluate("(box) => { box.checked = true; }")
    page.set_input_files("#image", file_of(photo))
    expect(page.locator("#status")).to_contain_text("read by the server only")
    assert "POST" not in sent


def test_after_the_first_time_it_works_without_a_network(
    chromium: Browser, address: str, photo: bytes
) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(address)
    page.get_by_label("Read photos on this device").check()
    choose(page, photo, "me.jpg", heading="One face in me.jpg")
    page.evaluate("navigator.serviceWorker.ready.then(({ active }) => active.state)")
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    context.set_offline(True)
    page.goto(f"{address}/live")
    expect(page.get_by_role("button", name="Start the camera")).to_be_visible()
    page.goto(address)
    page.get_by_label("Read photos on this device").check()
    choose(page, photo, "again.jpg", heading="One face in again.jpg")
    expect(page.locator(".row .bars")).to_be_visible()
    context.close()
