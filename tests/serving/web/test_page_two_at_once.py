"""What people bring or choose while an earlier picture is still on its way."""

import pytest
from playwright.sync_api import Page, expect

from tests.serving.web.browsing import drop, file_of, hold_answers, upload

pytestmark = pytest.mark.browser


def test_several_pictures_take_the_place_of_one_that_is_on_its_way(
    page: Page, photo: bytes, two_faces: bytes
) -> None:
    held = hold_answers(page)
    page.set_input_files("#image", file_of(two_faces, "single.jpg"))
    expect(page.locator("#working h1")).to_have_text("Reading single.jpg")
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    page.wait_for_timeout(200)
    drop(page, ("one.jpg", photo), ("two.jpg", photo))
    expect(page.locator("#status")).to_have_text("2 of 2 pictures read.")
    for route in held:
        route.continue_()
    page.wait_for_timeout(500)
    expect(page.locator("#result h1")).to_have_text("One face in one.jpg")


def test_who_goes_home_is_not_shown_what_was_on_its_way(page: Page, photo: bytes) -> None:
    held = hold_answers(page)
    page.set_input_files("#image", file_of(photo))
    expect(page.locator("#working")).to_be_visible()
    page.wait_for_timeout(200)
    page.get_by_role("link", name="Mien, home").click()
    expect(page.locator("#promise")).to_be_visible()
    for route in held:
        route.continue_()
    page.wait_for_timeout(500)
    expect(page.locator("#promise")).to_be_visible()
    expect(page.locator("#status")).to_have_text("")


def test_several_pictures_can_be_cancelled(page: Page, photo: bytes, two_faces: bytes) -> None:
    upload(page, photo, said="One face", name="before.jpg")
    hold_answers(page, "**/predict/batch*")
    drop(page, ("one.jpg", photo), ("two.jpg", two_faces))
    expect(page.locator("#working")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#status")).to_have_text("Cancelled.")
    expect(page.locator("#result h1")).to_have_text("One face in before.jpg")
    expect(page.locator("#pictures")).to_be_hidden()


def test_a_large_picture_that_opens_slowly_does_not_replace_a_later_one(
    page: Page, photo: bytes, two_faces: bytes
) -> None:
    upload(page, photo, said="One face")  # all scripts are there
    page.evaluate(
        """() => {
          const original = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src");
          let slow = true;
          Object.defineProperty(HTMLImageElement.prototype, "src", {
            ...original,
            set(value) {
              const wait_ms = slow && value.startsWith("blob:") ? 1000 : 0;
              slow = false;
              setTimeout(() => original.set.call(this, value), wait_ms);
            },
          });
        }"""
    )
    page.set_input_files("#image", file_of(photo, "slow.jpg"))
    expect(page.locator("#status")).to_have_text("Opening the picture…")
    expect(page.locator("#working h1")).to_have_text("Reading slow.jpg")
    upload(page, two_faces, said="2 faces", name="quick.jpg")
    page.wait_for_timeout(1000)
    expect(page.locator("#result h1")).to_have_text("2 faces in quick.jpg")
