"""The live camera: what Chromium's own camera shows is read, numbered, drawn and recorded."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from preprocessing.images.decode import decode_image
from serving.inference.predictor import Predictor
from tests.serving.conftest import WATCH
from tests.serving.web.browsing import Open, part
from tests.tools.accessibility import assert_accessible
from tests.tools.camera_clip import SIZE
from tests.tools.clips import head, with_heads, write_clip

pytestmark = pytest.mark.browser
# A box lags behind a face that moves; this share of its width is little.
LAG = 0.5
# `serving/static/device/remote.js`
SENT_PX = 480


@pytest.fixture
def live(camera: Browser, address: str) -> Iterator[Page]:
    """The page of the live camera, which may use it."""
    page = camera.new_page(viewport={"width": 1366, "height": 768})
    page.context.grant_permissions(["camera"])
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        complaints.append(message.text)

    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", note)
    page.add_init_script(WATCH)
    page.goto(f"{address}/live")
    yield page
    complaints += page.evaluate("window.complaints")
    page.close()
    assert not complaints


def test_a_face_before_the_camera_is_read_drawn_and_recorded(
    live: Page, predictor: Predictor, tmp_path: Path
) -> None:
    labels = predictor.spec.labels
    part(live, "start").click()
    row = live.locator(".people li")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("1 · happy")
    expect(part(live, "lamp")).to_have_text("Camera is on")
    expect(live.locator(".history .scatterlayer .trace")).to_have_count(len(labels))

    sent: list[str] = []
    live.context.on("request", lambda request: sent.append(request.url))
    part(live, "record").click()
    expect(part(live, "figures")).to_contain_text("frames a second")
    expect(part(live, "record")).to_contain_text(re.compile(r"[1-9]\d+ rows"))
    box = live.locator("[data-part=marks] .box")
    left, width = (float(box.get_attribute(name) or "nan") for name in ("x", "width"))
    bars = live.locator("[data-part=marks] .bars rect").evaluate_all(
        "(bars) => bars.map((bar) => Number(bar.getAttribute('width')))"
    )
    with live.expect_download() as download:
        part(live, "record").click()
    assert not [url for url in sent if url.startswith("http")]

    assert len(bars) == len(labels)
    assert bars.index(max(bars)) == labels.index("happy")
    saved = tmp_path / "live.csv"
    download.value.save_as(saved)
    with saved.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 10
    assert {row["face"] for row in rows} == {"1"}
    assert {row["label"] for row in rows} == {"happy"}
    seconds = [float(row["seconds"]) for row in rows]
    assert seconds == sorted(seconds)
    for each in rows:
        assert sum(float(each[label]) for label in labels) == pytest.approx(1, abs=1e-3)
    # On the screen the picture is mirrored, in the table it is not.
    middles = [(float(each["left"]) + float(each["right"])) / 2 for each in rows]
    mirrored = SIZE[0] - left - width / 2
    assert min(middles) - LAG * width < mirrored < max(middles) + LAG * width


def test_the_camera_is_paused_kept_and_switched_off(live: Page, tmp_path: Path) -> None:
    part(live, "start").click()
    expect(live.locator(".people li")).to_have_count(1)
    part(live, "pause").click()
    expect(part(live, "lamp")).to_have_text("Camera is on, paused")
    with live.expect_download() as download:
        part(live, "shoot").click()
    saved = tmp_path / "live.jpg"
    download.value.save_as(saved)
    assert decode_image(saved.read_bytes()).shape == (SIZE[1], SIZE[0], 3)
    live.locator(".settings summary").click()
    assert_accessible(live)
    part(live, "pause").click()
    expect(part(live, "lamp")).to_have_text("Camera is on")
    track = live.evaluate_handle("document.querySelector('#live video').srcObject.getTracks()[0]")
    live.evaluate(
        """() => {
          Object.defineProperty(document, "hidden", { value: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    expect(part(live, "status")).to_contain_text("switched off when you left")
    expect(part(live, "lamp")).to_be_hidden()
    assert track.evaluate("(one) => one.readyState") == "ended"


def test_frames_go_to_the_server_only_while_a_person_lets_them(live: Page, address: str) -> None:
    sent: list[Request] = []
    under_way, most_at_once = 0, 0

    def begin(request: Request) -> None:
        nonlocal under_way, most_at_once
        if request.method == "POST":
            sent.append(request)
            under_way += 1
            most_at_once = max(most_at_once, under_way)

    def end(request: Request) -> None:
        nonlocal under_way
        under_way -= request.method == "POST"

    live.on("request", begin)
    live.on("requestfinished", end)
    live.on("requestfailed", end)
    expect(part(live, "offer").locator("p")).to_be_hidden()
    part(live, "offer").locator("summary").click()
    expect(part(live, "offer")).to_contain_text("at most 5 a second")
    expect(part(live, "offer")).to_contain_text("nothing is stored")
    assert not sent
    part(live, "send").click()
    expect(part(live, "lamp")).to_have_text("Camera is on, sent to the server")
    expect(live.locator(".people li")).to_contain_text("1 · happy")
    part(live, "pause").click()
    expect(part(live, "lamp")).to_have_text("Camera is on, paused")
    assert_accessible(live)
    assert {request.url for request in sent} == {f"{address}/live/frame"}
    assert most_at_once == 1
    # The last one may have been given up.
    read = [request.response() for request in sent[:-1]]
    sizes = [answer.json()["image"] for answer in read if answer]
    assert sizes
    assert {max(size["width"], size["height"]) for size in sizes} == {SENT_PX}

    # What was agreed to ends with the camera, or where it is taken back.
    part(live, "start").click()
    expect(part(live, "send")).to_have_text("Send frames to the server")
    part(live, "send").click()
    expect(part(live, "lamp")).to_have_text("Camera is on, sent to the server")
    part(live, "send").click()
    expect(part(live, "status")).to_contain_text("Nothing is sent")
    before = len(sent)
    expect(live.locator("[data-part=marks] .box")).to_have_count(1)
    assert len(sent) == before


def test_a_video_is_read_on_the_device_to_its_end(open_in_window: Open, tmp_path: Path) -> None:
    picture = head(150)
    shown = ((at / 10, with_heads([(10 + 4 * at, 40)], picture)) for at in range(24))
    clip = write_clip(tmp_path / "me.webm", shown, codec="libvpx")
    page = open_in_window("/live")
    methods: list[str] = []
    page.on("request", lambda request: methods.append(request.method))
    page.set_input_files("[data-part=file]", clip)
    expect(part(page, "status")).to_contain_text("was read to its end")
    assert set(methods) == {"GET"}
    expect(part(page, "lamp")).to_be_hidden()
    expect(page.locator(".history .scatterlayer .trace").first).to_be_attached()
    with page.expect_download() as download:
        part(page, "record").click()
    saved = tmp_path / "me.csv"
    download.value.save_as(saved)
    with saved.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["face"], row["label"]) for row in rows} == {("1", "happy")}
    seconds = np.array([float(row["seconds"]) for row in rows])
    assert len(rows) >= 4
    assert (np.diff(seconds) > 0).all()
    assert seconds[-1] < 2.4
    # The face moves by 40 pixels in a second, and is told where it was then.
    lefts = np.array([float(row["left"]) for row in rows])
    np.testing.assert_allclose(lefts - lefts[0], 40 * (seconds - seconds[0]), atol=12)

    notes = tmp_path / "notes.mp4"
    notes.write_text("no video", encoding="utf-8")
    page.set_input_files("[data-part=file]", notes)
    expect(part(page, "status")).to_contain_text("notes.mp4 cannot be played by this browser")
    expect(part(page, "start")).to_have_text("Start the camera")


def test_a_refused_camera_is_explained_on_both_pages(open_in_window: Open) -> None:
    page = open_in_window("/live")
    part(page, "start").click()
    expect(part(page, "status")).to_contain_text("The camera was refused")
    expect(part(page, "start")).to_have_text("Start the camera")
    page.goto(page.url.removesuffix("live"))
    page.get_by_role("button", name="Photo by camera").click()
    expect(page.locator("#status")).to_contain_text("The camera was refused")
