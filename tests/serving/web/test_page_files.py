"""What is taken along from the page: files, and paper."""

import io
import re

import numpy as np
import pytest
from PIL import Image, ImageFilter
from playwright.sync_api import expect

from tests.serving.web.browsing import FACES, Open, crowd, jpeg_of, open_many, upload

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_printed_is_dark_on_white_and_holds_no_form(
    scheme: str, open_page: Open, two_faces: bytes
) -> None:
    page = open_page(color_scheme=scheme)
    upload(page, two_faces, said="2 faces")
    page.emulate_media(media="print", color_scheme=scheme)
    for selector in (".bar", ".home", ".tools", ".chart", ".comparison", "footer .links"):
        expect(page.locator(selector).first).to_be_hidden()
    for selector in ("h1", ".headline", ".percent", ".photo-notes"):
        red, green, blue = map(
            int,
            re.findall(
                r"\d+",
                page.locator(f"#result {selector}").first.evaluate(
                    "(e) => getComputedStyle(e).color"
                ),
            )[:3],
        )
        assert max(red, green, blue) < 110, selector
    expect(page.locator(".printed")).to_be_visible()
    for row in page.locator(".row").all():
        expect(row).to_be_visible()
        expect(row).to_have_css("break-inside", "avoid")


def test_paper_has_what_warns_of_each_face(open_page: Open, photo: bytes) -> None:
    three = Image.open(io.BytesIO(crowd(photo, 3)))
    place = (360, 0, 540, 180)
    three.paste(three.crop(place).filter(ImageFilter.GaussianBlur(4)), place)
    page = open_page()
    upload(page, jpeg_of(three), said="3 faces")
    hint = page.locator(".row:not([open]) .hint")
    expect(hint).to_contain_text("This face is blurred")
    expect(hint).to_be_hidden()
    page.emulate_media(media="print")
    expect(hint).to_be_visible()


def test_twenty_four_faces_are_printed_on_one_page(open_page: Open, many_faces: bytes) -> None:
    page = open_many(open_page, many_faces)
    pages = re.findall(rb"/Type\s*/Page[^s]", page.pdf(format="A4"))
    assert len(pages) == 1


def test_the_saved_picture_names_every_face_and_covers_none(
    open_page: Open, many_faces: bytes
) -> None:
    page = open_many(open_page, many_faces)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save picture").click()
    assert download.value.suggested_filename == "many-mien.jpg"
    saved = Image.open(download.value.path())
    original = Image.open(io.BytesIO(many_faces))
    assert saved.width == original.width
    assert saved.height > original.height, "the key is below the picture"
    key = np.asarray(saved.convert("L"))[original.height :]
    lines = (key < 128).any(axis=1)
    assert np.count_nonzero(np.diff(lines.astype(int)) == 1) >= FACES // 6
    # A word is no wider than its box, so no face lies under another's.
    boxes = page.locator(".face .box").evaluate_all(
        "(all) => all.map((one) => one.getBBox().width)"
    )
    words = page.locator(".face.fits .tag").evaluate_all(
        "(all) => all.map((one) => one.getComputedTextLength())"
    )
    assert all(word <= max(boxes) for word in words)


def test_a_picture_that_cannot_be_saved_is_told(open_page: Open, photo: bytes) -> None:
    page = open_page()
    upload(page, photo, said="One face")
    page.locator("#photo").evaluate("(one) => one.setAttribute('href', 'data:image/jpeg;base64,')")
    page.get_by_role("button", name="Save picture").click()
    expect(page.locator("#status")).to_contain_text("The picture could not be saved: ")


def test_files_are_named_after_the_source(open_page: Open, photo: bytes) -> None:
    page = open_page()
    upload(page, photo, said="One face", name="IMG_2041.jpg")
    for role, title, name, start in (
        ("button", "Save chart", "IMG_2041-mien-face-1.png", b"\x89PNG"),
        ("link", "JSON", "IMG_2041-mien.json", b"{"),
        ("link", "CSV", "IMG_2041-mien.csv", b"file,face,"),
        ("button", "Save picture", "IMG_2041-mien.jpg", b"\xff\xd8"),
    ):
        with page.expect_download() as download:
            page.get_by_role(role, name=title, exact=True).click()  # type: ignore[arg-type]
        assert download.value.suggested_filename == name
        content = download.value.path().read_bytes()
        assert content.startswith(start)
        assert title != "CSV" or b"\nIMG_2041.jpg," in content.replace(b"\r", b"")
