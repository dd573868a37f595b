"""Several pictures at once on the page."""

import csv
import io
import itertools
import re
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect

from serving.web.settings import Settings
from tests.serving.web.browsing import Open, blank_picture, drop, file_of, is_in_sight, upload

pytestmark = pytest.mark.browser


def test_several_pictures_go_through_the_batch_route_and_each_is_shown(
    page: Page, photo: bytes, two_faces: bytes
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    files = [("one.jpg", photo), ("two.jpg", two_faces), ("none.jpg", blank_picture())]
    page.set_input_files("#image", [file_of(data, name) for name, data in files])
    expect(page.locator("#status")).to_contain_text("3 of 3 pictures read.")
    assert asked.count("/api/v1/predict/batch") == 1
    assert asked.count("/") == 0
    # The first that is known is shown, below the strip.
    expect(page.locator("#result h1")).to_have_text("One face in one.jpg")
    assert is_in_sight(page, ".picture")
    assert is_in_sight(page, "#result h1")
    expect(page.locator(".picture")).to_have_count(3)
    expect(page.locator(".picture img")).to_have_count(3)
    page.locator(".picture").nth(1).click()
    expect(page.locator("#result h1")).to_have_text("2 faces in two.jpg")
    expect(page.locator(".picture").nth(1)).to_have_attribute("aria-current", "true")
    expect(page.locator(".scene image")).to_have_attribute("href", re.compile("^data:image/jpeg"))
    page.locator(".picture").nth(2).press("Enter")
    expect(page.locator("#result h1")).to_have_text("No face found in none.jpg")
    page.locator(".picture").nth(0).click()
    page.get_by_role("button", name="Why").click()
    expect(page.locator(".tint:visible")).to_have_count(1)


def test_one_table_holds_all_pictures(page: Page, photo: bytes, two_faces: bytes) -> None:
    drop(page, ("one.jpg", photo), ("two.jpg", two_faces))
    expect(page.locator("#status")).to_contain_text("2 of 2")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV of all").click()
    assert download.value.suggested_filename == "2-pictures-mien.csv"
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8"))))
    assert [row["file"] for row in rows] == ["one.jpg", "two.jpg", "two.jpg"]


def test_a_picture_that_cannot_be_read_says_why_and_holds_up_no_other(
    page: Page, photo: bytes
) -> None:
    drop(page, ("notes.docx", b"text"), ("one.jpg", photo), ("empty.jpg", b""))
    expect(page.locator("#status")).to_contain_text("1 of 3 pictures read, 2 could not be.")
    expect(page.locator("#result h1")).to_have_text("One face in one.jpg")
    failed = page.locator(".picture.failed")
    expect(failed).to_have_count(2)
    failed.first.click()
    expect(page.locator("#status")).to_contain_text("notes.docx")
    expect(page.locator("#status")).to_be_in_viewport()


def test_more_than_fifty_are_cut_with_a_word(page: Page) -> None:
    page.route("**/predict/batch*", lambda route: route.abort())
    blank = blank_picture(40, 30)
    drop(page, *[(f"{number}.jpg", blank) for number in range(52)])
    expect(page.locator(".picture")).to_have_count(50)
    # Also where none of them could be sent, and when they are sent again.
    expect(page.locator("#status")).to_contain_text("None of the 50 pictures could be read.")
    expect(page.locator("#status")).to_contain_text("Took the first 50 of 52.")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#status")).to_contain_text("None of the 50 pictures could be read.")
    expect(page.locator("#status")).to_contain_text("Took the first 50 of 52.")


def test_pictures_that_do_not_fit_into_one_request_go_in_several(
    open_page: Open, app: Flask, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(max_batch_bytes=150_000, pictures_per_minute=0)
    monkeypatch.setattr(app.extensions["mien"], "settings", settings)
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    drop(page, *[(f"{number}.jpg", photo) for number in range(4)])
    expect(page.locator("#status")).to_contain_text("4 of 4 pictures read.")
    assert asked.count("/api/v1/predict/batch") == 2
    expect(page.locator(".picture.failed")).to_have_count(0)


def test_pictures_that_did_not_reach_the_server_can_be_sent_again(
    open_page: Open, app: Flask, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(max_batch_bytes=150_000, pictures_per_minute=0)
    monkeypatch.setattr(app.extensions["mien"], "settings", settings)
    page = open_page()
    ways = iter(["through", "too many", "unreachable", "through"])

    def answer(route: Route) -> None:
        way = next(ways)
        if way == "through":
            route.continue_()
        elif way == "unreachable":
            route.abort()
        else:
            refused = {"detail": "Too many pictures."}
            route.fulfill(status=429, headers={"Retry-After": "1"}, json=refused)

    page.route("**/predict/batch*", answer)
    drop(page, *[(f"{number}.jpg", photo) for number in range(4)])
    status = page.locator("#status")
    expect(status).to_have_text("2 of 4 pictures read, 2 could not be. Too many pictures.")
    expect(page.get_by_role("button", name="Try again in")).to_be_visible()
    page.get_by_role("button", name="Try again", exact=True).click()
    expect(status).to_contain_text("2 could not be. The server could not be reached.")
    # Who looks at one of them meanwhile can still do so.
    page.get_by_role("button", name="0.jpg").click()
    expect(page.get_by_role("button", name="Try again")).to_be_hidden()
    page.get_by_role("button", name="3.jpg").click()
    page.get_by_role("button", name="Try again").click()
    expect(status).to_have_text("4 of 4 pictures read.")
    expect(page.locator("#result h1")).to_have_text("One face in 0.jpg")
    page.get_by_role("button", name="3.jpg").click()
    expect(page.locator("#result h1")).to_have_text("One face in 3.jpg")


def test_what_is_sent_again_while_others_are_sent_is_cancelled_with_them(
    open_page: Open, app: Flask, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(max_batch_bytes=150_000, pictures_per_minute=0)
    monkeypatch.setattr(app.extensions["mien"], "settings", settings)
    page = open_page()
    sent, ended = itertools.count(1), itertools.count(1)

    def refuse_the_first(route: Route) -> None:
        if next(sent) == 1:
            route.abort()

    page.route("**/predict/batch*", refuse_the_first)
    drop(page, *[(f"{number}.jpg", photo) for number in range(4)])
    expect(page.locator(".picture.failed")).to_have_count(2)
    page.get_by_role("button", name="0.jpg").click()
    with page.expect_request("**/predict/batch*"):
        page.get_by_role("button", name="Try again").click()
    with page.expect_event("requestfailed", lambda _: next(ended) == 2, timeout=10_000):
        page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#status")).to_have_text("Cancelled.")


def test_what_is_sent_again_is_shown_where_nothing_could_be_before(
    open_page: Open, app: Flask, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(max_batch_bytes=150_000, pictures_per_minute=0)
    monkeypatch.setattr(app.extensions["mien"], "settings", settings)
    page = open_page()
    page.route("**/result", lambda route: route.abort())
    ways = iter(["through", "unreachable", "through"])
    page.route(
        "**/predict/batch*",
        lambda route: route.continue_() if next(ways) == "through" else route.abort(),
    )
    drop(page, *[(f"{number}.jpg", photo) for number in range(4)])
    status = page.locator("#status")
    expect(status).to_contain_text("2 of 4 pictures read, 2 could not be.")
    page.unroute("**/result")
    page.get_by_role("button", name="Try again").click()
    expect(status).to_have_text("4 of 4 pictures read.")
    expect(page.locator("#result h1")).to_contain_text("One face in")
    expect(page.locator("#working")).to_be_hidden()


def test_a_single_picture_takes_the_place_of_several(
    page: Page, photo: bytes, two_faces: bytes
) -> None:
    drop(page, ("one.jpg", photo), ("two.jpg", two_faces))
    expect(page.locator("#status")).to_contain_text("2 of 2")
    upload(page, photo, said="One face", name="other.jpg")
    expect(page.locator("#pictures")).to_be_hidden()
    expect(page.locator("#result h1")).to_have_text("One face in other.jpg")


def test_a_reload_keeps_the_picture_that_was_shown(
    page: Page, photo: bytes, two_faces: bytes
) -> None:
    drop(page, ("one.jpg", photo), ("two.jpg", two_faces))
    expect(page.locator("#status")).to_contain_text("2 of 2")
    page.locator(".picture").nth(1).click()
    expect(page.locator("#result h1")).to_have_text("2 faces in two.jpg")
    page.reload()
    expect(page.locator("#result h1")).to_have_text("2 faces in two.jpg")
    expect(page.locator(".picture")).to_have_count(2)
    page.locator(".picture").first.click()
    expect(page.locator("#result h1")).to_have_text("One face in one.jpg")


def test_the_class_balance_counts_for_all(open_page: Open, photo: bytes, two_faces: bytes) -> None:
    probabilities = []
    for balance in ("0", "1"):
        page = open_page()
        page.get_by_text("More options").click()
        page.get_by_label("Expect expressions").select_option(balance)
        with page.expect_request("**/result") as asked:
            drop(page, ("one.jpg", photo), ("two.jpg", two_faces))
        posted = asked.value.post_data_json
        assert posted["balance"] == float(balance)
        probabilities.append(posted["answer"]["faces"][0]["probabilities"])
        expect(page.locator("#status")).to_contain_text("2 of 2 pictures read.")
    assert probabilities[0] != probabilities[1]
