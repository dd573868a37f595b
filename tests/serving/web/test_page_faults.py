"""The faults that people met on an earlier page, each as a test that it fails."""

import io
import re

import numpy as np
import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Page, expect

from serving.web.settings import Settings
from tests.serving.web.browsing import (
    LAPTOP,
    LARGE,
    TOUCH,
    Open,
    blank_picture,
    crowd,
    drop,
    file_of,
    hold_answers,
    is_in_sight,
    jpeg_of,
    top_of,
    upload,
)

pytestmark = pytest.mark.browser
FACES = 24
TARGET_PX = 44


@pytest.fixture(scope="module")
def many_faces(photo: bytes) -> bytes:
    return crowd(photo, FACES)


def open_many(open_page: Open, many_faces: bytes, **options: object) -> Page:
    page = open_page(**{"viewport": LAPTOP, "reduced_motion": "reduce", **options})
    upload(page, many_faces, said="24 faces", name="many.jpg")
    return page


def test_1_an_error_is_in_sight_names_its_file_and_dims_the_old_result(
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


@pytest.mark.parametrize("screen", ["laptop", "phone"])
@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_2_a_new_result_begins_at_the_top_of_the_window(
    screen: str, kind: str, open_page: Open, many_faces: bytes, photo: bytes
) -> None:
    options = TOUCH if screen == "phone" else {}
    page = open_many(open_page, many_faces, **options)
    page.locator("#face-20").scroll_into_view_if_needed()
    assert page.evaluate("scrollY") > 500
    drop(page, ("other.jpg", photo), kind=kind)
    expect(page.locator("#result h1")).to_have_text("One face in other.jpg")
    assert is_in_sight(page, "#result h1")
    assert is_in_sight(page, ".scene")


@pytest.mark.parametrize("link", ["How good is it?", "API", "Privacy", "Mien, home"])
def test_3_back_brings_the_result_again(link: str, open_page: Open, photo: bytes) -> None:
    page = open_page()
    upload(page, photo, said="One face", name="mine.jpg")
    page.get_by_role("banner").get_by_role("link", name=link).click()
    expect(page.locator("#result h1")).to_have_count(0)
    page.go_back()
    expect(page.locator("#result h1")).to_have_text("One face in mine.jpg")
    expect(page.locator(".scene image")).to_have_attribute("href", re.compile("^data:image/jpeg"))
    assert page.evaluate("document.querySelector('.row').open")


def test_3_a_reload_keeps_the_result_and_it_can_still_be_read_anew(
    open_page: Open, photo: bytes
) -> None:
    page = open_page()
    upload(page, photo, said="One face", name="mine.jpg")
    shares = page.locator(".row").get_attribute("data-shares")
    page.reload()
    expect(page.locator("#result h1")).to_have_text("One face in mine.jpg")
    assert page.locator(".row").get_attribute("data-shares") == shares
    page.get_by_role("button", name="Why").click()
    expect(page.locator(".tint:visible")).to_have_count(1)


def test_3_a_new_start_offers_the_last_result(open_page: Open, photo: bytes) -> None:
    page = open_page()
    upload(page, photo, said="One face", name="mine.jpg")
    page.get_by_role("link", name="Mien, home").click()
    expect(page.locator("#promise")).to_be_visible()
    page.get_by_role("button", name="Show it").click()
    expect(page.locator("#result h1")).to_have_text("One face in mine.jpg")


def test_3_results_are_forgotten_when_one_says_so(open_page: Open, photo: bytes) -> None:
    page = open_page()
    upload(page, photo, said="One face")
    page.get_by_role("banner").get_by_role("link", name="Privacy").click()
    page.get_by_role("button", name="Forget my results now").click()
    expect(page.locator("#forgotten")).to_contain_text("no results")
    assert page.evaluate("sessionStorage.length") == 0
    page.go_back()
    expect(page.locator("#promise")).to_be_visible()


def test_4_the_chart_of_all_faces_has_its_words_on_a_phone(
    open_page: Open, two_faces: bytes
) -> None:
    page = open_page(**TOUCH)
    upload(page, two_faces, said="2 faces")
    page.get_by_text("All faces at a glance").click()
    words = page.locator(".comparison .bartext")
    expect(words.filter(has_text="happy").first).to_be_visible()
    height = page.locator(".comparison .bars .point path").first.bounding_box()
    assert height
    assert height["height"] > 18
    expect(page.locator("#result .key li")).to_have_count(6)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_5_what_is_printed_is_dark_on_white_and_holds_no_form(
    scheme: str, open_page: Open, two_faces: bytes
) -> None:
    page = open_page(color_scheme=scheme)
    upload(page, two_faces, said="2 faces")
    page.emulate_media(media="print", color_scheme=scheme)
    for selector in (".bar", ".home", ".tools", ".sheet", ".comparison", "footer .links"):
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


def test_5_twenty_four_faces_are_printed_on_one_page(open_page: Open, many_faces: bytes) -> None:
    page = open_many(open_page, many_faces)
    pages = re.findall(rb"/Type\s*/Page[^s]", page.pdf(format="A4"))
    assert len(pages) == 1


def test_6_boxes_bars_and_strips_of_a_label_have_one_colour(
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


def test_7_the_picture_stays_beside_the_rows_on_a_low_screen(
    open_page: Open, many_faces: bytes
) -> None:
    page = open_many(open_page, many_faces)
    page.locator("#face-22").scroll_into_view_if_needed()
    assert page.evaluate("scrollY") > 500
    expect(page.locator(".scene")).to_be_in_viewport(ratio=0.95)
    box = page.locator("#result .photo-side").bounding_box()
    assert box
    assert box["height"] <= LAPTOP["height"] - 56


def test_8_the_saved_picture_names_every_face_and_covers_none(
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


def test_9_the_switch_for_crops_belongs_to_one_picture(open_page: Open, two_faces: bytes) -> None:
    page = open_page()
    page.get_by_text("More options").click()
    page.get_by_label("My picture is already a cropped face").check()
    upload(page, two_faces, said="One face", name="wide.jpg")
    expect(page.locator("#result h1")).to_have_text(re.compile("Read as one face|One face in"))
    upload(page, two_faces, said="2 faces", name="wide.jpg")


def test_9_a_picture_read_whole_has_no_box_and_can_be_read_for_faces(open_page: Open) -> None:
    page = open_page()
    upload(page, blank_picture(), said="No face found")
    page.get_by_role("button", name="It is a cropped face: read it whole").click()
    expect(page.locator("#result h1")).to_have_text("Read as one face")
    expect(page.locator("#result .face")).to_have_count(0)
    expect(page.locator(".hint").first).to_contain_text("the whole picture was read as one")
    page.get_by_role("button", name="Find faces instead").click()
    expect(page.locator("#result h1")).to_have_text("No face found in a.jpg")


def test_10_a_second_picture_is_not_dropped_without_a_word(
    open_page: Open, photo: bytes, two_faces: bytes
) -> None:
    page = open_page()
    drop(page, ("one.jpg", photo), ("two.jpg", two_faces))
    expect(page.locator("#pictures .picture")).to_have_count(2)
    expect(page.locator("#status")).to_contain_text("2 of 2 pictures read.")


def test_11_the_heading_and_the_tip_are_in_sight_on_a_phone(open_page: Open, photo: bytes) -> None:
    page = open_page(**TOUCH)
    upload(page, photo, said="One face")
    assert is_in_sight(page, "#result h1")
    tall = jpeg_of(Image.open(io.BytesIO(blank_picture())).resize((300, 600)))
    upload(page, tall, said="No face found")
    assert is_in_sight(page, "#result h1")
    assert is_in_sight(page, "#result .actions button")


def test_12_the_camera_is_a_mirror_that_takes_the_picture_as_it_is(open_page: Open) -> None:
    page = open_page()
    page.context.grant_permissions(["camera"])
    asked = page.evaluate(
        """() => {
          const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
          navigator.mediaDevices.getUserMedia = (wanted) => {
            window.wanted = wanted.video;
            return original(wanted);
          };
          return true;
        }"""
    )
    assert asked
    page.get_by_role("button", name="Photo by camera").click()
    video = page.locator("video")
    expect(video).not_to_have_js_property("videoWidth", 0)
    assert page.evaluate("wanted.facingMode") == "user"
    assert page.evaluate("wanted.width.ideal") >= 1280
    expect(video).to_have_css("transform", "matrix(-1, 0, 0, 1, 0, 0)")
    page.get_by_label("In 3 seconds").check()
    page.get_by_role("button", name="Take the picture").click()
    expect(page.locator(".countdown")).to_have_text(re.compile("[123]"))
    expect(page.locator("#result h1")).to_have_text(re.compile("in camera.jpg"))
    assert page.evaluate("document.querySelector('video').srcObject") is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("empty.jpg", "empty.jpg is empty (0 bytes)."),
        ("broken.jpg", "broken.jpg is incomplete."),
        ("notes.docx", "notes.docx is not a picture Mien can open."),
    ],
)
def test_13_an_error_says_what_is_wrong_in_plain_words(
    name: str, said: str, open_page: Open, photo: bytes
) -> None:
    data = {"empty.jpg": b"", "broken.jpg": photo[: len(photo) // 4], "notes.docx": b"text"}[name]
    page = open_page()
    upload(page, data, said=said, name=name)
    expect(page.locator("#status")).not_to_contain_text("truncated")


def test_13_a_picture_over_the_limits_is_shrunk_here_and_says_so(
    open_page: Open, app: Flask, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(max_pixels=100_000, max_upload_bytes=40_000, pictures_per_minute=0)
    monkeypatch.setattr(app.extensions["mien"], "settings", settings)
    page = open_page()
    with page.expect_request(lambda request: request.method == "POST") as sent:
        upload(page, photo, said="One face", name="large.jpg")
    assert len(sent.value.post_data_buffer or b"") < 45_000
    expect(page.locator(".photo-notes")).to_contain_text("shrunk in your browser from 0.26 to")


def test_14_the_picture_is_shown_at_once_and_does_not_come_back(
    open_page: Open, photo: bytes
) -> None:
    page = open_page()
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


def test_14_a_picture_that_the_browser_cannot_show_comes_back(
    open_page: Open, photo: bytes
) -> None:
    buffer = io.BytesIO()
    Image.open(io.BytesIO(photo)).save(buffer, "TIFF")
    page = open_page()
    upload(page, buffer.getvalue(), said="One face", name="scan.tiff")
    expect(page.locator(".scene image")).to_have_attribute("href", re.compile("^data:image/jpeg"))


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_14_boxes_lie_on_the_faces_of_a_turned_photo(
    orientation: int, open_page: Open, photo: bytes
) -> None:
    turned = {3: 180, 6: 90, 8: 270}[orientation]
    picture = Image.open(io.BytesIO(photo)).crop((60, 0, 400, 300)).rotate(turned, expand=True)
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=95, exif=exif)
    page = open_page()
    upload(page, buffer.getvalue(), said="One face", name="phone.jpg")
    shown = page.locator(".scene").evaluate(
        "(scene) => [scene.viewBox.baseVal.width, scene.viewBox.baseVal.height]"
    )
    assert shown == [340, 300]
    size = page.evaluate(
        """async () => {
          const image = new Image();
          image.src = document.getElementById("photo").getAttribute("href");
          await image.decode();
          return [image.naturalWidth, image.naturalHeight];
        }"""
    )
    assert size == [340, 300]


def test_15_files_are_named_after_the_source(open_page: Open, photo: bytes) -> None:
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


def test_16_the_window_s_title_tells_the_result(open_page: Open, two_faces: bytes) -> None:
    page = open_page()
    expect(page).to_have_title(re.compile("^Mien"))
    upload(page, two_faces, said="2 faces")
    expect(page).to_have_title(re.compile(r"^2 faces: .* - Mien$"))


def test_17_what_is_tapped_is_large_enough(open_page: Open, many_faces: bytes) -> None:
    page = open_many(open_page, many_faces, **TOUCH)
    for selector in (
        ".row > summary",
        ".tools button",
        ".tools a",
        ".bar-actions button",
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


def test_18_the_column_is_as_wide_as_a_tall_picture_and_a_large_screen_is_used(
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


def test_18_a_click_beside_the_faces_enlarges_the_picture(open_page: Open, photo: bytes) -> None:
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
