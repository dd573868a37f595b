"""The result comes back: by the back button, on a reload, at a new start; and is forgotten."""

import re

import pytest
from playwright.sync_api import Route, expect

from serving.web.assets import assets_version
from tests.serving.web.browsing import Open, drop, upload

pytestmark = pytest.mark.browser


def test_back_brings_the_result_again(open_page: Open, photo: bytes) -> None:
    page = open_page()
    upload(page, photo, said="One face", name="mine.jpg")
    for link in ("How good is it?", "API", "Privacy", "Mien, home"):
        page.get_by_role("banner").get_by_role("link", name=link).click()
        expect(page.locator("#result h1")).to_have_count(0)
        page.go_back()
        expect(page.locator("#result h1")).to_have_text("One face in mine.jpg")
        expect(page.locator(".scene image")).to_have_attribute(
            "href", re.compile("^data:image/jpeg")
        )
        assert page.evaluate("document.querySelector('.row').open")


def test_a_reload_keeps_the_result_and_it_can_still_be_read_anew(
    open_page: Open, photo: bytes
) -> None:
    page = open_page()
    upload(page, photo, said="One face", name="mine.jpg")
    shares = page.locator(".row").get_attribute("data-probabilities")
    page.reload()
    expect(page.locator("#result h1")).to_have_text("One face in mine.jpg")
    assert page.locator(".row").get_attribute("data-probabilities") == shares
    page.get_by_role("button", name="Why").click()
    expect(page.locator(".tint:visible")).to_have_count(1)


def test_what_another_version_of_the_page_kept_is_not_shown(open_page: Open, photo: bytes) -> None:
    """Its scripts may not understand it: an upgrade left results without charts."""
    page = open_page()
    upload(page, photo, said="One face")
    page.evaluate(
        """Object.keys(sessionStorage).forEach((key) => {
          const kept = { ...JSON.parse(sessionStorage[key]), version: "before" };
          sessionStorage[key] = JSON.stringify(kept);
        })"""
    )
    page.reload()
    expect(page.locator("#promise")).to_be_visible()
    expect(page.locator("#result h1")).to_have_count(0)
    expect(page.locator("#status")).to_contain_text("Choose the picture again.")
    upload(page, photo, said="One face")
    page.reload()
    expect(page.locator("#result h1")).to_have_count(1)


def test_a_page_that_is_older_than_the_server_says_so_and_a_reload_loses_nothing(
    open_page: Open, photo: bytes, two_faces: bytes
) -> None:
    page = open_page()

    def send_old(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace(assets_version(), "0" * 12))

    page.route("**/", send_old)
    page.reload()
    page.unroute("**/")
    upload(page, two_faces, said="2 faces", name="first.jpg")
    upload(page, photo, said="One face", name="second.jpg")
    page.go_back()
    expect(page.locator("#result h1")).to_have_text("2 faces in first.jpg")
    drop(page, ("one.jpg", photo), ("two.jpg", two_faces))
    expect(page.locator("#status")).to_have_text("2 of 2 pictures read.")
    expect(page.locator(".hint")).to_contain_text("Mien was updated since this page was opened.")
    page.get_by_role("button", name="Load it again").click()
    expect(page.locator(".hint")).to_have_count(0)
    expect(page.locator("#result h1")).to_have_text("One face in one.jpg")
    page.get_by_role("button", name="two.jpg").click()
    expect(page.locator("#result h1")).to_have_text("2 faces in two.jpg")


def test_a_new_start_offers_the_last_result(open_page: Open, photo: bytes) -> None:
    page = open_page()
    upload(page, photo, said="One face", name="mine.jpg")
    page.get_by_role("link", name="Mien, home").click()
    expect(page.locator("#promise")).to_be_visible()
    page.get_by_role("button", name="Show it").click()
    expect(page.locator("#result h1")).to_have_text("One face in mine.jpg")


def test_results_are_forgotten_when_one_says_so(open_page: Open, photo: bytes) -> None:
    page = open_page()
    upload(page, photo, said="One face")
    page.get_by_role("banner").get_by_role("link", name="Privacy").click()
    page.get_by_role("button", name="Forget my results now").click()
    expect(page.locator("#forgotten")).to_contain_text("no results")
    assert page.evaluate("sessionStorage.length") == 0
    page.go_back()
    expect(page.locator("#promise")).to_be_visible()


def test_back_leads_to_the_picture_before_and_a_jump_within_the_page_keeps_it(
    open_page: Open, photo: bytes, two_faces: bytes
) -> None:
    page = open_page()
    title = page.locator("#result h1")
    upload(page, photo, said="One face", name="first.jpg")
    upload(page, two_faces, said="2 faces", name="second.jpg")
    page.go_back()
    expect(title).to_have_text("One face in first.jpg")
    page.evaluate("location.hash = '#main'")
    page.reload()
    expect(title).to_have_text("One face in first.jpg")
    page.go_back()
    page.go_forward()
    expect(title).to_have_text("One face in first.jpg")
    page.evaluate("sessionStorage.clear()")
    page.go_back()
    expect(page.locator("#status")).to_contain_text("Choose the picture again.")
    expect(page.locator("#promise")).to_be_visible()
