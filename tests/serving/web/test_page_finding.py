"""A newcomer finds what they look for within one screen, without scrolling."""

import pytest
from playwright.sync_api import expect

from tests.serving.web.browsing import (
    FACES,
    LAPTOP,
    LARGE,
    TOUCH,
    Open,
    is_in_sight,
    is_seen_whole,
    upload,
)

pytestmark = pytest.mark.browser

SCREENS: dict[str, dict[str, object]] = {
    "laptop": {"viewport": LAPTOP},
    "phone": TOUCH,
    "large": {"viewport": LARGE},
}
# Of a wide screen's width.
LEAST_USED = 0.65


@pytest.mark.parametrize("screen", SCREENS)
def test_upload_samples_record_and_privacy_are_on_the_first_screen(
    screen: str, open_page: Open
) -> None:
    page = open_page(**SCREENS[screen])
    for selector in (
        ".home [data-choose]",
        *(f".home .sample[value={name}]" for name in ("portrait", "group", "tilted", "hard")),
        ".bar a[href='/model']",
        ".bar a[href='/privacy']",
        "#image-help",
    ):
        assert is_seen_whole(page, selector), selector
    assert is_in_sight(page, ".finished")
    if screen == "large":
        home = page.locator(".home").bounding_box()
        assert home
        assert home["width"] > LEAST_USED * LARGE["width"]


@pytest.mark.parametrize("screen", SCREENS)
def test_why_and_save_are_on_the_first_screen_of_a_result(
    screen: str, open_page: Open, many_faces: bytes
) -> None:
    page = open_page(**SCREENS[screen], reduced_motion="reduce")
    save = ".bar-actions [data-save]" if screen == "phone" else ".tools [data-save]"
    for faces in ("One face", "3 faces", f"{FACES} faces"):
        page.get_by_role("link", name="Mien, home").click()
        if faces == f"{FACES} faces":
            upload(page, many_faces, said=faces)
        else:
            sample = {"One face": "portrait", "3 faces": "group"}[faces]
            page.locator(f".home .sample[value={sample}]").click()
        expect(page.locator("#result h1")).to_contain_text(faces)
        expect(page.locator(".row[open] .bars").first).to_be_visible()
        for selector in ("#result h1", ".row[open] .why button", save):
            assert is_seen_whole(page, selector), (faces, selector)


@pytest.mark.parametrize("screen", ["laptop", "phone"])
def test_an_error_hides_neither_the_picture_nor_the_name_of_the_last_result(
    screen: str, open_page: Open, photo: bytes
) -> None:
    page = open_page(**SCREENS[screen])
    upload(page, photo, said="One face", name="mine.jpg")
    upload(page, b"text", said="notes.docx is not a picture", name="notes.docx")
    for selector in ("#status", "#result h1", ".scene .box"):
        assert is_seen_whole(page, selector), selector
