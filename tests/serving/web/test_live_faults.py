"""The live page when something fails: the server, the connection, the camera, what it loads."""

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from serving.inference.predictor import Predictor
from tests.serving.conftest import watched_pages
from tests.serving.web.browsing import Open, part

pytestmark = pytest.mark.browser

FRAMES = "**/live/frame"
CAMERA = "document.querySelector('#live video').srcObject.getVideoTracks()[0]"

Answer = Callable[[Route], None]


@pytest.fixture
def open_live(camera: Browser, address: str) -> Iterator[Open]:
    """A function that opens the live page, which may use the camera."""
    with watched_pages(camera, address) as open_one:
        yield lambda: open_one("/live", permissions=["camera"])


class FrameServer:
    """Answers the frames of a page as a test says; at first as the server does."""

    def __init__(self, page: Page) -> None:
        self.answer: Answer = Route.continue_
        page.route(FRAMES, self._answer)

    def _answer(self, route: Route) -> None:
        self.answer(route)


def busy(status: int) -> Answer:
    return lambda route: route.fulfill(status=status, headers={"Retry-After": "1"}, json={})


def lost(route: Route) -> None:
    route.abort("connectionrefused")


def behind_a_proxy(route: Route) -> None:
    route.fulfill(status=502, content_type="text/html", body="<h1>Bad Gateway</h1>")


def send_frames(page: Page) -> None:
    part(page, "offer").locator("summary").click()
    part(page, "send").click()


def test_while_the_server_is_busy_or_away_the_page_says_so_and_tries_again(
    open_live: Open,
) -> None:
    page = open_live()
    server = FrameServer(page)
    send_frames(page)
    box = page.locator("[data-part=marks] .box")
    for answer, said in (
        (busy(429), "The server is busy. The next frame is sent in 1 seconds."),
        (busy(503), "The server is busy. The next frame is sent in 1 seconds."),
        (lost, "The server cannot be reached. Trying again"),
        (behind_a_proxy, "The server cannot be reached. Trying again"),
    ):
        expect(box).to_have_count(1)
        server.answer = answer
        expect(part(page, "status")).to_contain_text(said)
        expect(box).to_have_count(0)
        expect(part(page, "lamp")).to_have_text("Camera is on, sent to the server")
        server.answer = Route.continue_
        expect(part(page, "status")).to_contain_text(
            "Smaller copies of the frames go to the server"
        )


def test_a_server_that_stays_away_ends_the_camera_and_what_was_agreed_to(open_live: Open) -> None:
    page = open_live()
    page.clock.install()
    server = FrameServer(page)
    send_frames(page)
    expect(page.locator("[data-part=marks] .box")).to_have_count(1)
    server.answer = lost
    expect(part(page, "status")).to_contain_text("cannot be reached")
    page.clock.fast_forward(31_000)
    expect(part(page, "status")).to_contain_text("could not be reached for 30 seconds")
    expect(part(page, "lamp")).to_be_hidden()
    expect(part(page, "send")).to_have_text("Send frames to the server")


def test_a_server_that_refuses_frames_is_quoted(open_live: Open) -> None:
    page = open_live()
    detail = "A frame may have 300,000 bytes."
    page.route(FRAMES, lambda route: route.fulfill(status=413, json={"detail": detail}))
    send_frames(page)
    expect(part(page, "status")).to_have_text(f"Reading stopped: {detail}")
    expect(part(page, "start")).to_have_text("Start the camera")


def test_a_camera_that_is_covered_unplugged_or_gone_is_told_apart(open_live: Open) -> None:
    page = open_live()
    status, box = part(page, "status"), page.locator("[data-part=marks] .box")
    part(page, "start").click()
    expect(box).to_have_count(1)
    page.evaluate(f"{CAMERA}.dispatchEvent(new Event('mute'))")
    expect(status).to_contain_text("The camera gives no picture")
    page.evaluate(f"{CAMERA}.dispatchEvent(new Event('unmute'))")
    expect(status).to_contain_text("Nothing is sent")
    expect(part(page, "camera")).to_be_hidden()
    page.evaluate(
        """() => {
          const cameras = ["one", "two"].map((deviceId) => ({ deviceId, kind: "videoinput" }));
          navigator.mediaDevices.enumerateDevices = async () => cameras;
          navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
        }"""
    )
    expect(part(page, "camera")).to_be_visible()
    page.evaluate("delete navigator.mediaDevices.enumerateDevices")
    part(page, "record").click()
    expect(part(page, "record")).to_contain_text("rows")
    with page.expect_download():  # what was recorded is kept
        page.evaluate(f"{CAMERA}.dispatchEvent(new Event('ended'))")
    expect(status).to_contain_text("The camera is gone")
    expect(part(page, "lamp")).to_be_hidden()

    # The one that was chosen is not there any more; the next try takes another.
    page.evaluate(
        """() => {
          const camera = document.querySelector("[data-part=camera]");
          camera.replaceChildren(new Option("Old", "0123"));
        }"""
    )
    part(page, "start").click()
    expect(status).to_contain_text("This camera is not there any more")
    part(page, "start").click()
    expect(box).to_have_count(1)


def test_who_leaves_before_allowing_the_camera_does_not_leave_it_on(open_live: Open) -> None:
    page = open_live()
    page.evaluate(
        """() => {
          const allow = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
          navigator.mediaDevices.getUserMedia = async (asked) => {
            window.stream = await allow(asked);
            Object.defineProperty(document, "hidden", { value: true });
            document.dispatchEvent(new Event("visibilitychange"));
            return window.stream;
          };
        }"""
    )
    part(page, "start").click()
    expect(part(page, "status")).to_contain_text("switched off when you left")
    assert page.evaluate("window.stream.getTracks().map(({ readyState }) => readyState)") == [
        "ended"
    ]


def test_a_file_that_does_not_load_is_told_and_asked_for_again(open_live: Open) -> None:
    page = open_live()
    start = part(page, "start")
    for file in ("**/reader.js", "**/litert-wasm-*.wasm", "**/network.tflite"):
        page.context.route(file, lost, times=1)
        with page.context.expect_event("requestfailed"):
            start.click()
        expect(part(page, "status")).to_contain_text("could not be loaded. Check the connection")
        expect(part(page, "lamp")).to_be_hidden()
        expect(start).to_have_text("Start the camera")
    start.click()
    expect(page.locator("[data-part=marks] .box")).to_have_count(1)


def test_loading_tells_its_progress_and_can_be_stopped(open_live: Open) -> None:
    page = open_live()
    held: list[Route] = []
    page.context.route("**/network.tflite", lambda route: held.append(route))  # noqa: PLW0108
    part(page, "start").click()
    # The runtime, which has two thirds of all bytes, has come.
    expect(part(page, "status")).to_have_text("Loading what reads faces on this device, once: 60 %")
    expect(part(page, "lamp")).to_have_text("Camera is on")
    part(page, "start").click()
    expect(part(page, "status")).to_have_text("The camera is off.")
    expect(part(page, "lamp")).to_be_hidden()
    for route in held:
        route.continue_()


def test_a_browser_that_computes_otherwise_does_not_read_faces(
    open_live: Open, predictor: Predictor
) -> None:
    page = open_live()

    def disturb(route: Route) -> None:
        spec = route.fetch().json()
        count = len(predictor.spec.labels)
        spec["known_answer"]["probabilities"] = [1 / count] * count
        route.fulfill(body=json.dumps(spec), content_type="application/json")

    page.route("**/device/spec.json", disturb)
    part(page, "start").click()
    expect(part(page, "status")).to_contain_text("computes other numbers than the server")


def test_a_double_click_starts_the_camera(open_live: Open) -> None:
    page = open_live()
    part(page, "start").dblclick()
    expect(page.locator("[data-part=marks] .box")).to_have_count(1)
