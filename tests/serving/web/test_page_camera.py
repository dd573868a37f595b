"""A photo taken by the camera, and what may go wrong with it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.serving.web.browsing import TOUCH, Open

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


def test_the_camera_is_a_mirror_of_which_a_double_click_takes_one_picture_as_it_is(
    open_page: Open,
) -> None:
    page = open_page()
    page.context.grant_permissions(["camera"])
    page.evaluate(
        """() => {
          const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
          navigator.mediaDevices.getUserMedia = (wanted) => {
            window.wanted = wanted.video;
            return original(wanted);
          };
        }"""
    )
    page.get_by_role("button", name="Photo by camera").click()
    video = page.locator("video")
    expect(video).not_to_have_js_property("videoWidth", 0)
    assert page.evaluate("wanted.facingMode") == "user"
    assert page.evaluate("wanted.width.ideal") >= 1280
    expect(video).to_have_css("transform", "matrix(-1, 0, 0, 1, 0, 0)")
    page.get_by_label("In 3 seconds").check()
    page.clock.install()
    page.get_by_role("button", name="Take the picture").dblclick()
    expect(page.locator(".countdown")).to_have_text(re.compile("[123]"))
    page.clock.run_for(8000)
    expect(page.locator("#result h1")).to_contain_text("in camera.jpg")
    expect(page.locator(".countdown")).to_have_text("")
    assert page.evaluate("document.querySelector('video').srcObject") is None


def test_a_phone_s_camera_can_be_turned_and_its_preview_keeps_its_room(open_page: Open) -> None:
    page = open_page(**TOUCH)
    page.context.grant_permissions(["camera"])
    page.evaluate(
        """() => {
          const { mediaDevices } = navigator;
          const original = mediaDevices.getUserMedia.bind(mediaDevices);
          const one = { kind: "videoinput" };
          mediaDevices.enumerateDevices = async () => [one, one];
          mediaDevices.getUserMedia = (wanted) => {
            window.facing = wanted.video.facingMode;
            return original({ video: true });
          };
          document.querySelector("[data-camera]").click();
        }"""
    )
    video = page.locator("#camera video")
    turn = page.get_by_role("button", name="Turn camera")
    expect(turn).to_be_visible()
    room = video.bounding_box()
    assert room
    assert room["height"] == pytest.approx(0.75 * room["width"], abs=1)
    turn.click()
    expect(video).not_to_have_class("mirrored")
    assert page.evaluate("facing") == "environment"
    expect(video).not_to_have_js_property("videoWidth", 0)
    assert video.bounding_box() == room


def test_a_page_without_a_camera_says_what_hinders_it(page: Page) -> None:
    page.evaluate("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    page.get_by_role("button", name="Photo by camera").click()
    expect(page.locator("#status")).to_contain_text("browsers give one only to pages over https")
