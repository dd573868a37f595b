"""The page when the network is gone, or when people bring or choose what is out of the ordinary."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.serving.conftest import WATCH
from tests.serving.web.browsing import Open, drop, file_of, upload

pytestmark = pytest.mark.browser


@pytest.fixture
def offline_page(chromium: Browser, address: str) -> Iterator[Page]:
    """A page that lost its network; a request that fails is no complaint here."""
    page = chromium.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.add_init_script(WATCH)
    page.goto(address)
    page.context.set_offline(True)
    yield page
    page.context.close()
    assert not complaints


def drop_path(page: Page, path: Path) -> None:
    """Drop a file or a folder of the disk onto the page."""
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        dragged = {"type": kind, "x": 300, "y": 300, "data": data}
        session.send("Input.dispatchDragEvent", dragged)


def test_where_a_script_does_not_come_the_page_says_so(offline_page: Page, photo: bytes) -> None:
    page = offline_page
    page.set_input_files("#image", file_of(photo))
    expect(page.locator("#status")).to_contain_text("the connection failed, or Mien was updated")
    page.context.set_offline(False)
    page.get_by_role("button", name="Load again").click()
    expect(page.locator("#offer")).to_be_hidden()
    upload(page, photo, said="One face")


def test_where_the_server_is_gone_each_button_says_so(
    offline_page: Page, photo: bytes, two_faces: bytes
) -> None:
    page = offline_page
    page.context.set_offline(False)
    drop(page, ("one.jpg", photo), ("two.jpg", two_faces))
    status = page.locator("#status")
    expect(status).to_have_text("2 of 2 pictures read.")
    expect(page.locator("#result h1")).to_have_text("One face in one.jpg")
    page.context.set_offline(True)
    page.locator(".picture").nth(1).click()
    expect(status).to_have_text("two.jpg could not be shown. The server could not be reached.")
    page.get_by_role("button", name="CSV of all").click()
    expect(status).to_have_text("The table could not be made. The server could not be reached.")
    page.get_by_role("button", name="Why").first.click()
    expect(status).to_have_text("The reasons could not be shown. The server could not be reached.")
    page.get_by_role("button", name="Samples").click()
    page.locator("#samples .sample").nth(2).click()
    expect(status).to_have_text("Tilted (sample): The server could not be reached.")
    drop(page, ("one.jpg", photo), ("two.jpg", two_faces))
    expect(status).to_contain_text("None of the 2 pictures could be read.")
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    expect(status).to_have_text("2 of 2 pictures read.")


def test_where_none_of_several_can_be_read_the_reasons_are_in_sight(page: Page) -> None:
    drop(page, ("one.jpg", b"none"), ("two.jpg", b""))
    said = page.locator("#status")
    expect(said).to_contain_text("None of the 2 pictures could be read. one.jpg:")
    expect(said).to_be_in_viewport()


def test_a_folder_is_read_and_pictures_that_browsers_cannot_show_are_shown(
    open_page: Open, photo: bytes, tmp_path: Path
) -> None:
    folder = tmp_path / "holiday"
    (folder / "first day").mkdir(parents=True)
    (folder / "notes.txt").write_text("none", encoding="utf-8")
    (folder / "me.jpg").write_bytes(photo)
    with Image.open(folder / "me.jpg") as picture:
        picture.save(folder / "first day" / "again.tiff")
    page = open_page()
    drop_path(page, folder)
    expect(page.locator("#status")).to_have_text("2 of 2 pictures read.")
    page.get_by_role("button", name="again.tiff").click()
    expect(page.locator("#result h1")).to_have_text("One face in again.tiff")
    shown = page.locator("#photo")
    expect(shown).to_have_attribute("href", re.compile("^data:image/jpeg"))
    expect(page.locator(".picture[aria-current=true] img")).to_have_attribute(
        "src", re.compile("^data:image/jpeg")
    )
    (folder / "me.jpg").unlink()
    (folder / "first day" / "again.tiff").unlink()
    drop_path(page, folder)
    expect(page.locator("#status")).to_have_text("There is no picture in holiday that can be read.")


def test_the_switch_for_crops_counts_for_all_that_are_chosen_together(
    page: Page, photo: bytes, two_faces: bytes
) -> None:
    page.get_by_text("More options").click()
    page.get_by_label("already a cropped face").check()
    drop(page, ("one.jpg", photo), ("two.jpg", two_faces))
    expect(page.locator("#status")).to_have_text("2 of 2 pictures read.")
    expect(page.locator("#crop")).not_to_be_checked()
    page.locator(".picture").nth(1).click()
    expect(page.locator("#result")).to_have_attribute("data-name", "two.jpg")
    expect(page.locator(".row")).to_have_count(1)


def test_what_is_dragged_out_of_the_page_is_no_new_picture(page: Page, photo: bytes) -> None:
    upload(page, photo, said="One face", name="mine.jpg")
    box = page.locator(".chip").bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] - 100, box["y"] + 40, steps=4)
    expect(page.locator(".veil")).to_have_count(0)
    page.mouse.up()
    page.wait_for_timeout(300)
    expect(page.locator("#status")).to_contain_text("One face")


def test_a_dimmed_face_is_shown_when_it_is_chosen(page: Page) -> None:
    page.locator(".home").get_by_role("button", name="Group").click()
    chip = page.get_by_role("button", name="1 happy")
    chip.click()
    page.locator(".face.dimmed").first.click()
    expect(page.locator(".row[open]")).to_be_visible()
    expect(page.locator(".face.dimmed")).to_have_count(0)
    expect(chip).to_have_attribute("aria-pressed", "false")


def test_a_video_is_sent_to_where_videos_are_read(page: Page) -> None:
    video = {"name": "clip.mp4", "mimeType": "video/mp4", "buffer": b"moving"}
    page.set_input_files("#image", video)  # type: ignore[arg-type]
    expect(page.locator("#status")).to_contain_text("clip.mp4 is a video.")
    page.get_by_role("button", name="Go there").click()
    expect(page.locator("#live-title")).to_be_visible()


def test_upload_is_told_in_tens(page: Page, photo: bytes) -> None:
    upload(page, photo, said="One face")
    words = page.evaluate(
        """async () => {
          const { showProgress } = await import(
            document.querySelector("script[type=module]").src.replace("mien.js", "working.js"));
          return [0, 0.04, 0.19, 0.2, 1].map(showProgress);
        }"""
    )
    assert words == [f"Uploading {share} %" for share in (0, 0, 10, 20, 100)]


def test_a_browser_that_keeps_nothing_shows_results_all_the_same(
    open_page: Open, photo: bytes, two_faces: bytes
) -> None:
    page = open_page("/privacy")
    page.add_init_script(
        """Object.defineProperty(window, "sessionStorage", {
          get() { throw new DOMException("refused", "SecurityError"); },
        })"""
    )
    page.reload()
    page.get_by_role("button", name="Forget my results now").click()
    expect(page.locator("#forgotten")).to_contain_text("no results")
    page.get_by_role("link", name="Mien, home").click()
    page.wait_for_load_state()
    drop(page, ("one.jpg", photo), ("two.jpg", two_faces))
    expect(page.locator("#status")).to_have_text("2 of 2 pictures read.")
