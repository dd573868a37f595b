"""From choosing a picture to seeing it answered, or refused."""

import io
import re

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Page, expect

from serving.web.settings import Settings
from tests.serving.web.browsing import (
    Open,
    blank_picture,
    drawing_of,
    drop,
    file_of,
    hold_answers,
    open_many,
    upload,
)

pytestmark = pytest.mark.browser


def test_an_error_is_in_sight_names_its_file_and_dims_the_old_result(
    open_page: Open, many_faces: bytes
) -> None:
    page = open_many(open_page, many_faces)
    page.locator("#face-11").scroll_into_view_if_needed()
    drop(page, ("notes.docx", b"no picture"))
    status = page.locator("#status")
    expect(status).to_contain_text("notes.docx is not a picture Mien can open.")
    expect(status).to_be_in_viewport()
    expect(page.locator("#result")).to_contain_class("stale")
    expect(page.locator("#result h1")).to_have_text("24 faces in many.jpg")
    expect(page.locator(".scene image")).to_have_css("opacity", "0.45")
    page.get_by_role("button", name="Close").click()
    expect(status).to_be_empty()


def test_the_switch_for_crops_belongs_to_one_picture(page: Page, two_faces: bytes) -> None:
    page.get_by_text("More options").click()
    page.get_by_label("My picture is already a cropped face").check()
    upload(page, two_faces, said="One face", name="wide.jpg")
    expect(page.locator("#result h1")).to_have_text(re.compile("Read as one face|One face in"))
    upload(page, two_faces, said="2 faces", name="wide.jpg")


def test_a_picture_read_whole_has_no_box_and_can_be_read_for_faces(page: Page) -> None:
    upload(page, blank_picture(), said="No face found")
    page.get_by_role("button", name="It is a cropped face: read it whole").click()
    expect(page.locator("#result h1")).to_have_text("Read as one face")
    expect(page.locator("#result .face")).to_have_count(0)
    expect(page.locator(".hint").first).to_contain_text("the whole picture was read as one")
    page.get_by_role("button", name="Find faces instead").click()
    expect(page.locator("#result h1")).to_have_text("No face found in a.jpg")


def test_a_second_picture_is_not_dropped_without_a_word(
    page: Page, photo: bytes, two_faces: bytes
) -> None:
    drop(page, ("one.jpg", photo), ("two.jpg", two_faces))
    expect(page.locator("#pictures .picture")).to_have_count(2)
    expect(page.locator("#status")).to_contain_text("2 of 2 pictures read.")


def test_a_picture_over_the_limits_is_shrunk_here_and_says_so(
    open_page: Open, app: Flask, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(max_pixels=100_000, max_upload_bytes=40_000, pictures_per_minute=0)
    monkeypatch.setattr(app.extensions["mien"], "settings", settings)
    page = open_page()
    with page.expect_request(lambda request: request.method == "POST") as sent:
        upload(page, photo, said="One face", name="large.jpg")
    assert len(sent.value.post_data_buffer or b"") < 45_000
    expect(page.locator(".photo-notes")).to_contain_text("shrunk in your browser from 0.26 to")


def test_what_only_the_browser_reads_is_converted_here(page: Page, photo: bytes) -> None:
    file = drawing_of(photo, 64)
    with page.expect_request(lambda request: request.method == "POST") as sent:
        page.set_input_files("#image", file)
    assert b"<svg" not in (sent.value.post_data_buffer or b"")
    expect(page.locator("#result h1")).to_have_text("One face in drawing.svg")
    expect(page.locator(".photo-notes")).to_contain_text("converted in your browser")
    page.set_input_files("#image", [file, file_of(photo)])
    expect(page.locator("#status")).to_contain_text("2 of 2 pictures read.")


def test_the_picture_is_shown_at_once_and_does_not_come_back(page: Page, photo: bytes) -> None:
    held = hold_answers(page)
    page.set_input_files("#image", file_of(photo, "mine.jpg"))
    preview = page.locator("#working img")
    expect(preview).to_be_visible()
    expect(preview).to_have_js_property("naturalWidth", 512)
    expect(page.locator("#working h1")).to_have_text("Reading mine.jpg")
    expect(page.get_by_role("progressbar", name="Progress")).to_be_visible()
    page.wait_for_timeout(300)
    with page.expect_response("**/") as answer:
        held[0].continue_()
    assert b"data:image/jpeg" not in answer.value.body()
    expect(page.locator("#result h1")).to_have_text("One face in mine.jpg")
    assert answer.value.headers["content-encoding"] == "gzip"


def test_a_picture_that_the_browser_cannot_show_comes_back(page: Page, photo: bytes) -> None:
    buffer = io.BytesIO()
    Image.open(io.BytesIO(photo)).save(buffer, "TIFF")
    upload(page, buffer.getvalue(), said="One face", name="scan.tiff")
    expect(page.locator(".scene image")).to_have_attribute("href", re.compile("^data:image/jpeg"))


def test_boxes_lie_on_the_faces_of_a_turned_photo(page: Page, photo: bytes) -> None:
    upright = Image.open(io.BytesIO(photo)).crop((60, 0, 400, 300))
    for orientation, turned in ((3, 180), (6, 90), (8, 270)):
        exif = Image.Exif()
        exif[0x0112] = orientation
        buffer = io.BytesIO()
        upright.rotate(turned, expand=True).save(buffer, "JPEG", quality=95, exif=exif)
        name = f"turned by {turned}.jpg"
        upload(page, buffer.getvalue(), said="One face", name=name)
        expect(page.locator("#result h1")).to_contain_text(name)
        shown = page.locator(".scene").evaluate(
            "(scene) => [scene.viewBox.baseVal.width, scene.viewBox.baseVal.height]"
        )
        assert shown == [340, 300], name
        size = page.evaluate(
            """async () => {
              const image = new Image();
              image.src = document.getElementById("photo").getAttribute("href");
              await image.decode();
              return [image.naturalWidth, image.naturalHeight];
            }"""
        )
        assert size == [340, 300], name


def test_the_window_s_title_tells_the_result(page: Page, two_faces: bytes) -> None:
    expect(page).to_have_title(re.compile("^Mien"))
    upload(page, two_faces, said="2 faces")
    expect(page).to_have_title(re.compile(r"^2 faces: .* - Mien$"))
