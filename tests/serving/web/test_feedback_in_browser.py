"""A person says what a face looks like, and deletes that again; no complaint may be heard."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Request, expect

from serving.feedback.store import Store
from tests.serving.conftest import answering, using, watched_pages
from tests.serving.web.browsing import Open, upload
from tests.tools.accessibility import assert_accessible

pytestmark = pytest.mark.browser
FORM = ".feedback-area"


@pytest.fixture
def store(feedback_app: Flask, sqlite_place: str) -> Iterator[Store]:
    with using(feedback_app, sqlite_place) as store:
        yield store


@pytest.fixture(scope="module")
def feedback_address(feedback_app: Flask) -> Iterator[str]:
    with answering(feedback_app) as address:
        yield address


@pytest.fixture
def open_page(chromium: Browser, feedback_address: str) -> Iterator[Callable[..., Page]]:
    with watched_pages(chromium, feedback_address) as open_one:
        yield open_one


def said(store: Store) -> list[str]:
    return sorted(each.feedback.said for each in store.read())


def test_a_person_agrees_answers_and_deletes(
    open_page: Open, store: Store, two_faces: bytes
) -> None:
    page = open_page(reduced_motion="reduce")
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request))  # noqa: PLW0108 - it marks its function
    upload(page, two_faces, said="2 faces")
    first, second = (page.locator(FORM).nth(index) for index in range(2))
    sent.clear()

    first.get_by_role("button", name="Right").click()
    consent = page.get_by_role("dialog")
    expect(consent).to_contain_text("It does not keep your photo")
    consent.get_by_role("button", name="Do not send").click()
    expect(consent).to_be_hidden()
    assert sent == []

    first.get_by_role("button", name="Right").click()
    consent.get_by_role("button", name="Agree and send").click()
    expect(first.locator(".code")).to_have_text(re.compile("^([A-Z2-7]{4}-){7}[A-Z2-7]{4}$"))
    assert said(store) == ["happy"]

    # Who has agreed is not asked again in this tab.
    second.locator(".looks summary").click()
    second.get_by_role("button", name="surprise").click()
    expect(second.locator(".code")).to_be_visible()
    assert said(store) == ["happy", "surprise"]
    assert_accessible(page)

    first.get_by_role("button", name="Delete it now").click()
    expect(first).to_contain_text("Deleted: 1 answer")
    expect(first.get_by_role("button", name="Right")).to_be_focused()
    assert said(store) == ["surprise"]

    code = second.locator(".code").inner_text()
    page.goto(page.url + "feedback/delete")
    page.get_by_label("Codes").fill(code.lower())
    page.get_by_role("button", name="Delete").click()
    expect(page.locator(".deleted")).to_contain_text("Deleted: 1 answer")
    assert_accessible(page)
    assert said(store) == []


def test_without_scripts_a_person_is_asked_too(open_page: Open, store: Store) -> None:
    page = open_page(java_script_enabled=False)
    page.locator(".home").get_by_role("button", name="Portrait").click()
    form = page.locator(FORM)
    expect(form.get_by_text("What is kept if you answer")).to_be_visible()
    with page.expect_popup() as opened:
        form.get_by_role("button", name="Right").click()
    answer = opened.value
    expect(answer.locator("h1")).to_have_text("May this be kept?")
    assert said(store) == []
    answer.get_by_role("button", name="Agree and send").click()
    code = answer.locator(".code").inner_text()
    assert len(said(store)) == 1
    answer.get_by_role("button", name="Delete it now").click()
    expect(answer.locator(".deleted")).to_contain_text("Deleted: 1 answer")
    assert said(store) == []
    assert code
    answer.close()
