"""The page when people do two things at once, or the network, a folder or the camera fails."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.serving.conftest import WATCH
from tests.serving.web.browsing import Open, drop, file_of, hold_answers, upload

pytestmark = pytest.mark.browser

COUNT_CAMERAS = """() => {
  const { mediaDevices } = navigator;
  const original = mediaDevices.getUserMedia.bind(mediaDevices);
  const one = { kind: "videoinput" };
  window.tracks = [];
  mediaDevices.enumerateDevices = async () => [one, one];
  mediaDevices.getUserMedia = async () => {
    const stream = await original({ video: true });
    window.tracks.push(...stream.getTracks());
    return stream;
  };
}"""


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


def test_several_pictures_take_the_place_of_one_that_is_on_its_way(
    open_page: Open, photo: bytes, two_faces: bytes
) -> None:
    page = open_page()
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


def test_who_goes_home_is_not_shown_what_was_on_its_way(open_page: Open, photo: bytes) -> None:
    page = open_page()
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


def test_where_a_script_does_not_come_the_page_says_so(offline_page: Page, photo: bytes) -> None:
    page = offline_page
    page.set_input_files("#image", file_of(photo))
    expect(page.locator("#status")).to_contain_text("Check the connection, then load the page")
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
    expect(page.locator("#status")).to_have_text("2 of 2 pictures read.")
    page.context.set_offline(True)
    status = page.locator("#status")
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


def test_where_none_of_several_can_be_read_the_reasons_are_in_sight(open_page: Open) -> None:
    page = open_page()
    drop(page, ("one.jpg", b"none"), ("two.jpg", b""))
    said = page.locator("#status")
    expect(said).to_contain_text("None of the 2 pictures could be read. one.jpg:")
    expect(said).to_be_in_viewport()


def test_several_pictures_can_be_cancelled(open_page: Open, photo: bytes, two_faces: bytes) -> None:
    page = open_page()
    upload(page, photo, said="One face", name="before.jpg")
    hold_answers(page, "**/predict/batch*")
    drop(page, ("one.jpg", photo), ("two.jpg", two_faces))
    expect(page.locator("#working")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#status")).to_have_text("Cancelled.")
    expect(page.locator("#result h1")).to_have_text("One face in before.jpg")
    expect(page.locator("#pictures")).to_be_hidden()


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
    open_page: Open, photo: bytes, two_faces: bytes
) -> None:
    page = open_page()
    page.get_by_text("More options").click()
    page.get_by_label("already a cropped face").check()
    drop(page, ("one.jpg", photo), ("two.jpg", two_faces))
    expect(page.locator("#status")).to_have_text("2 of 2 pictures read.")
    expect(page.locator("#crop")).not_to_be_checked()
    page.locator(".picture").nth(1).click()
    expect(page.locator("#result")).to_have_attribute("data-name", "two.jpg")
    expect(page.locator(".row")).to_have_count(1)


def test_what_is_dragged_out_of_the_page_is_no_new_picture(open_page: Open, photo: bytes) -> None:
    page = open_page()
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


def test_a_dimmed_face_is_shown_when_it_is_chosen(open_page: Open) -> None:
    page = open_page()
    page.locator(".home").get_by_role("button", name="Group").click()
    chip = page.get_by_role("button", name="1 happy")
    chip.click()
    page.locator(".face.dimmed").first.click()
    expect(page.locator(".row[open]")).to_be_visible()
    expect(page.locator(".face.dimmed")).to_have_count(0)
    expect(chip).to_have_attribute("aria-pressed", "false")


def test_a_video_is_sent_to_where_videos_are_read(open_page: Open) -> None:
    page = open_page()
    video = {"name": "clip.mp4", "mimeType": "video/mp4", "buffer": b"moving"}
    page.set_input_files("#image", video)  # type: ignore[arg-type]
    expect(page.locator("#status")).to_contain_text("clip.mp4 is a video.")
    page.get_by_role("button", name="Go there").click()
    expect(page.locator("#live-title")).to_be_visible()


def test_upload_is_told_in_tens(open_page: Open, photo: bytes) -> None:
    page = open_page()
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
    drop(page, ("one.jpg", photo), ("two.jpg", two_faces))
    expect(page.locator("#status")).to_have_text("2 of 2 pictures read.")


def test_the_camera_is_off_once_its_dialog_is_closed(open_page: Open) -> None:
    page = open_page()
    page.context.grant_permissions(["camera"])
    page.evaluate(COUNT_CAMERAS)
    opener = page.get_by_role("button", name="Photo by camera")
    opener.click()
    turn = page.get_by_role("button", name="Turn camera")
    expect(turn).to_be_visible()
    # Turned twice and closed before either camera is there.
    page.evaluate(
        """() => {
          const turn = document.getElementById("turn");
          turn.click();
          turn.click();
          document.getElementById("camera").close();
        }"""
    )
    page.wait_for_timeout(500)
    states = page.evaluate("window.tracks.map(({ readyState }) => readyState)")
    assert states == ["ended"] * 3

    opener.click()
    expect(page.locator("video")).not_to_have_js_property("videoWidth", 0)
    page.evaluate(
        "document.querySelector('video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))"
    )
    expect(page.locator("#status")).to_contain_text("The camera is gone")
    expect(page.locator("#camera")).to_be_hidden()


def test_a_double_click_takes_one_picture(open_page: Open) -> None:
    page = open_page()
    page.context.grant_permissions(["camera"])
    page.get_by_role("button", name="Photo by camera").click()
    expect(page.locator("video")).not_to_have_js_property("videoWidth", 0)
    page.get_by_label("In 3 seconds").check()
    page.clock.install()
    page.get_by_role("button", name="Take the picture").dblclick()
    page.clock.run_for(8000)
    expect(page.locator("#result h1")).to_contain_text("in camera.jpg")
    expect(page.locator(".countdown")).to_have_text("")


def test_a_page_without_a_camera_says_what_hinders_it(open_page: Open) -> None:
    page = open_page()
    page.evaluate("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    page.get_by_role("button", name="Photo by camera").click()
    expect(page.locator("#status")).to_contain_text("browsers give one only to pages over https")


def test_a_large_picture_that_opens_slowly_does_not_replace_a_later_one(
    open_page: Open, photo: bytes, two_faces: bytes
) -> None:
    page = open_page()
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
