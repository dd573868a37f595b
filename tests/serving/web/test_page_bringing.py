"""The ways to bring a picture to the page, to send it again and to call it back."""

import re
from functools import partial

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.serving.web.browsing import BUSY, Open, drop, file_of, hold_answers, upload

pytestmark = pytest.mark.browser


def fail(failure: str, sent: list[bytes], route: Route) -> None:
    """Give a request no answer, or one that is not the server's; keep what it sent."""
    sent.append(route.request.post_data_buffer or b"")
    if failure == "network":
        route.abort()
    elif failure == "busy":
        headers = {"Retry-After": "3", "Content-Type": "text/html"}
        route.fulfill(status=503, body=BUSY, headers=headers)
    else:
        route.fulfill(status=502, body="<h1>Bad gateway</h1>")


def test_a_picture_that_got_no_answer_is_sent_again(page: Page, photo: bytes) -> None:
    sent: list[bytes] = []
    again = page.locator("#offer")
    for failure, said in (
        ("network", "not be reached"),
        ("busy", "Busy. More"),
        ("proxy", "not be read"),
    ):
        page.route("**/", partial(fail, failure, sent), times=1)
        upload(page, photo, said=said)
        if failure == "busy":
            expect(again).to_have_attribute("aria-disabled", "true")
            expect(again).to_have_text(re.compile(r"Try again in \d s"))
        expect(again).to_have_text("Try again")
        again.click()
        expect(page.locator("#status")).to_contain_text("One face")
        expect(again).to_be_hidden()
    assert [each.count(photo) for each in sent] == [1, 1, 1]


def test_the_same_file_can_be_chosen_again(open_page: Open, photo: bytes) -> None:
    page = open_page()
    for _ in range(2):
        with page.expect_response(lambda answer: answer.request.method == "POST"):
            upload(page, photo, said="One face")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="New picture").click()
    assert chooser.value.is_multiple()


def test_a_file_chosen_before_the_script_is_there_is_sent(
    chromium: Browser, address: str, photo: bytes
) -> None:
    page = chromium.new_page()
    held: list[Route] = []
    page.route("**/mien.js", lambda route: held.append(route))  # noqa: PLW0108 - it marks its function
    with page.expect_request("**/mien.js"):
        page.goto(address, wait_until="commit")
    page.set_input_files("#image", file_of(photo))
    held[0].continue_()
    expect(page.locator("#status")).to_contain_text("One face")
    page.close()


def test_a_picture_comes_from_the_clipboard_or_is_dropped(page: Page, photo: bytes) -> None:
    for kind in ("drop", "paste"):
        drop(page, (f"{kind}.jpg", photo), kind=kind)
        expect(page.locator("#result h1")).to_have_text(f"One face in {kind}.jpg")


def test_a_veil_shows_where_a_picture_may_be_dropped(page: Page) -> None:
    page.evaluate(
        """() => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File(["a"], "a.jpg"));
          document.body.dispatchEvent(new DragEvent("dragenter", { dataTransfer, bubbles: true }));
        }"""
    )
    expect(page.get_by_text("Drop to read the faces")).to_be_visible()
    page.evaluate("document.body.dispatchEvent(new DragEvent('dragleave', { bubbles: true }))")
    expect(page.get_by_text("Drop to read the faces")).to_be_hidden()


def test_text_is_no_picture(page: Page) -> None:
    for kind, field, event, said in (
        ("drop", "dataTransfer", "DragEvent", "Save the image, then drop its file."),
        ("paste", "clipboardData", "ClipboardEvent", "Copy the image itself, then paste."),
    ):
        page.evaluate(
            f"""() => {{
              const {field} = new DataTransfer();
              {field}.setData("text/uri-list", "https://example.org/a.jpg");
              document.body.dispatchEvent(new {event}("{kind}", {{ {field}, bubbles: true }}));
            }}"""
        )
        expect(page.locator("#status")).to_contain_text(said)


def test_a_sample_is_one_click_away(page: Page) -> None:
    for name in ("Portrait", "Group", "Tilted", "Hard to tell"):
        page.get_by_role("link", name="Mien, home").click()
        page.locator(".home").get_by_role("button", name=name).click()
        expect(page.locator("#result h1")).to_contain_text(f"in {name}")
        expect(page.locator(".scene image")).to_have_attribute("href", re.compile("^data:image/"))


def test_an_upload_can_be_cancelled(page: Page, photo: bytes, two_faces: bytes) -> None:
    upload(page, photo, said="One face")
    hold_answers(page)
    for how in ("button", "Escape"):
        page.set_input_files("#image", file_of(two_faces))
        expect(page.locator("#working")).to_be_visible()
        cancel = page.get_by_role("button", name="Cancel")
        expect(cancel).to_be_in_viewport()
        if how == "button":
            cancel.press("Enter")
        else:
            page.keyboard.press("Escape")
        expect(page.locator("#status")).to_have_text("Cancelled.")
        expect(page.locator("#working")).to_be_hidden()
        expect(page.locator(".row")).to_have_count(1)
        expect(page.locator("#result")).not_to_contain_class("stale")


def test_the_last_picture_sent_is_the_one_shown(page: Page, photo: bytes, two_faces: bytes) -> None:
    held = hold_answers(page)
    page.set_input_files("#image", file_of(photo, "first.jpg"))
    expect(page.locator("#working h1")).to_have_text("Reading first.jpg")
    page.wait_for_timeout(300)
    page.set_input_files("#image", file_of(two_faces, "second.jpg"))
    expect(page.locator("#working h1")).to_have_text("Reading second.jpg")
    page.wait_for_timeout(300)
    held[-1].continue_()
    expect(page.locator("#result h1")).to_have_text("2 faces in second.jpg")
