"""How a result lies on screens of several sizes: what is in sight, beside what, and how large."""

import io

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.serving.web.browsing import (
    FACES,
    LAPTOP,
    LARGE,
    TOUCH,
    Open,
    blank_picture,
    drop,
    is_in_sight,
    is_seen_whole,
    jpeg_of,
    open_many,
    top_of,
    upload,
)

pytestmark = pytest.mark.browser

TARGET_PX = 44


@pytest.mark.parametrize("screen", ["laptop", "phone"])
def test_a_new_result_begins_at_the_top_of_the_window(
    screen: str, open_page: Open, many_faces: bytes, photo: bytes
) -> None:
    options = TOUCH if screen == "phone" else {}
    page = open_many(open_page, many_faces, **options)
    title = page.locator("#result h1")
    for kind in ("drop", "paste"):
        page.locator("#face-20").scroll_into_view_if_needed()
        assert page.evaluate("scrollY") > 500
        drop(page, (f"{kind}.jpg", photo), kind=kind)
        expect(title).to_have_text(f"One face in {kind}.jpg")
        assert is_in_sight(page, "#result h1")
        assert is_in_sight(page, ".scene")
        page.go_back()
        expect(title).to_have_text(f"{FACES} faces in many.jpg")


def test_the_chart_of_all_faces_has_its_words_on_a_phone(open_page: Open, two_faces: bytes) -> None:
    page = open_page(**TOUCH)
    upload(page, two_faces, said="2 faces")
    page.get_by_text("All faces at a glance").click()
    words = page.locator(".comparison .bartext")
    expect(words.filter(has_text="happy").first).to_be_visible()
    height = page.locator(".comparison .bars .point path").first.bounding_box()
    assert height
    assert height["height"] > 18
    expect(page.locator("#result .key li")).to_have_count(6)


def test_boxes_bars_and_strips_of_a_label_have_one_colour(
    open_page: Open, two_faces: bytes
) -> None:
    for scheme in ("light", "dark"):
        page = open_page(color_scheme=scheme)
        upload(page, two_faces, said="2 faces")
        expect(page.locator(".row .bars .point")).to_have_count(12)
        index = page.locator(".row").first.evaluate(
            "(row) => row.className.match(/label-(\\d)/)[1]"
        )
        colours = page.evaluate(
            """(index) => {
              const style = (selector, part) =>
                getComputedStyle(document.querySelector(selector), part);
              return [
                style("#result .face .box").stroke,
                style(`#result .strip .label-${index}`).fill,
                style(`#result .key .label-${index}`, "::before").backgroundColor,
                document.querySelectorAll(".row .bars .point path")[index].style.fill,
              ];
            }""",
            index,
        )
        assert len(set(colours)) == 1, colours


def test_the_picture_stays_beside_the_rows_on_a_low_screen(
    open_page: Open, many_faces: bytes
) -> None:
    page = open_many(open_page, many_faces)
    page.locator("#face-22").scroll_into_view_if_needed()
    assert page.evaluate("scrollY") > 500
    expect(page.locator(".scene")).to_be_in_viewport(ratio=0.95)
    box = page.locator("#result .photo-side").bounding_box()
    assert box
    assert box["height"] <= LAPTOP["height"] - 56


def test_the_heading_and_the_tip_are_in_sight_on_a_phone(open_page: Open, photo: bytes) -> None:
    page = open_page(**TOUCH)
    upload(page, photo, said="One face")
    assert is_in_sight(page, "#result h1")
    tall = jpeg_of(Image.open(io.BytesIO(blank_picture())).resize((300, 600)))
    upload(page, tall, said="No face found")
    assert is_in_sight(page, "#result h1")
    assert is_in_sight(page, "#result .actions button")


def test_what_is_tapped_is_large_enough(open_page: Open, many_faces: bytes) -> None:
    page = open_many(open_page, many_faces, **TOUCH)
    for selector in (
        ".row > summary",
        ".tools button",
        ".tools a",
        ".bar-actions button",
        ".summary .chip",
        ".numbers > summary",
    ):
        for element in page.locator(f"{selector}:visible").all():
            box = element.bounding_box()
            assert box
            assert box["height"] >= TARGET_PX - 0.5, selector
    # Beside a small box its face is meant as well.
    box = page.locator("#box-9 .box").bounding_box()
    assert box
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] + 4)
    assert page.locator(".row[open]").count() == 1


def test_the_column_is_as_wide_as_a_tall_picture_and_a_large_screen_is_used(
    open_page: Open, photo: bytes, many_faces: bytes
) -> None:
    page = open_page(viewport=LAPTOP)
    tall = Image.open(io.BytesIO(photo)).crop((120, 0, 320, 500))
    upload(page, jpeg_of(tall), said="One face")
    scene, column = (
        page.locator(each).bounding_box() for each in (".scene", "#result .photo-side")
    )
    assert scene
    assert column
    # The buttons below it may need more room than a narrow picture.
    assert column["width"] <= max(scene["width"], 420) + 2
    page.set_viewport_size(LARGE)
    upload(page, many_faces, said="24 faces")
    expect(page.locator(".row[open] .sheet-title")).to_be_visible()
    edges = page.locator(".row[open] .sheet").bounding_box()
    rows = page.locator(".faces").bounding_box()
    assert edges
    assert rows
    assert edges["x"] > rows["x"] + rows["width"]
    assert edges["x"] + edges["width"] <= LARGE["width"]
    used = (
        edges["x"]
        + edges["width"]
        - (page.locator("#result .photo-side").bounding_box() or edges)["x"]
    )
    assert used > 0.8 * LARGE["width"]


def test_a_click_beside_the_faces_enlarges_the_picture(open_page: Open, photo: bytes) -> None:
    page = open_page(viewport=LAPTOP)
    upload(page, photo, said="One face")
    page.locator(".scene").click(position={"x": 10, "y": 10})
    large = page.locator(".lightbox img")
    expect(large).to_have_js_property("naturalWidth", 512)
    page.keyboard.press("Escape")
    expect(page.locator(".lightbox")).to_have_count(0)
    page.get_by_role("button", name="Enlarge").click()
    expect(large).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    expect(large).to_have_count(0)


def test_a_click_on_a_face_opens_its_row_and_the_picture_stays(
    open_page: Open, many_faces: bytes
) -> None:
    page = open_many(open_page, many_faces)
    before = top_of(page, ".scene")
    page.locator("#box-21 .box").click()
    expect(page.locator("#face-21")).to_have_attribute("open", "")
    expect(page.locator("#face-21 > summary")).to_be_in_viewport()
    expect(page.locator(".row[open]")).to_have_count(1)
    assert abs(top_of(page, ".scene") - before) < 2
    y = page.evaluate("scrollY")
    page.locator("#box-3 .box").hover()
    expect(page.locator("#face-3")).to_contain_class("chosen")
    assert page.evaluate("scrollY") == y
    expect(page.locator("#box-3 .word")).to_be_visible()


def test_everything_fits_into_320_pixels(open_page: Open, two_faces: bytes) -> None:
    page = open_page(viewport={"width": 320, "height": 640})
    upload(page, two_faces, said="2 faces")
    for name in ("New picture", "Camera", "Samples", "Save"):
        button = page.locator(".bar-actions").get_by_role("button", name=name, exact=True)
        box = button.bounding_box()
        assert box
        assert box["x"] >= 0, name
        assert box["x"] + box["width"] <= 320, name
    box = page.locator(".brand").bounding_box()
    assert box
    assert box["height"] < 2 * 24 * 1.2  # one line of the font's size
    assert page.evaluate(
        """() => {
          const { left, right } = document.querySelector(".row").getBoundingClientRect();
          return [...document.querySelectorAll(".row button")].every((one) => {
            const box = one.getBoundingClientRect();
            return box.left >= left && box.right <= right;
          });
        }"""
    )


def test_the_buttons_of_the_live_camera_are_in_sight_on_a_low_screen(open_page: Open) -> None:
    page = open_page("/live", viewport={"width": 1280, "height": 650})
    for name in ("Start the camera", "Open a video", "Record as CSV"):
        expect(page.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("size", [(341, 162), (667, 320)], ids=["zoomed", "sideways"])
def test_in_a_low_window_nothing_covers_what_one_reads(
    size: tuple[int, int], open_page: Open, two_faces: bytes
) -> None:
    """So low is the window of a laptop at 400 %, and of a phone on its side."""
    page = open_page(viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
    upload(page, two_faces, said="2 faces")
    for selector in ("#result h1", "#face-1 .headline", "#face-1 .said", "#face-2 .headline"):
        page.locator(selector).evaluate("(one) => one.scrollIntoView({ block: 'center' })")
        assert is_seen_whole(page, selector), selector


def test_in_a_low_window_news_can_be_read_from_their_beginning(open_page: Open) -> None:
    page = open_page(viewport={"width": 341, "height": 162})
    drop(page, *[(f"letter-{number}.docx", b"text") for number in range(3)])
    expect(page.locator("#status")).to_contain_text("None of the 3 pictures could be read.")
    for name in ("#news", "#dismiss"):
        expect(page.locator(name)).to_be_in_viewport(ratio=1)
