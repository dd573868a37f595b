"""The live camera: what Chromium's own camera shows is read, numbered, drawn and recorded."""

import csv
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from preprocessing.images.decode import decode_image
from serving.inference.predictor import Predictor
from serving.web.assets import asset_url
from tests.serving.conftest import WATCH
from tests.serving.web.browsing import Open
from tests.tools.accessibility import assert_accessible
from tests.tools.camera_clip import SIZE
from tests.tools.clips import head, with_heads, write_clip

pytestmark = pytest.mark.browser

# A box lags behind a face that moves; this share of its width is little.
LAG = 0.5
SETTINGS = {"smooth_s": 0.5, "margin": 0.1, "cutoff_hz": 1.5, "response": 4, "keep_s": 5}
STEP_S = 0.1
# `serving/static/device/remote.js`
SENT_PX = 480
# Two faces pass each other in so many steps; each word and its bars may change place a few times.
CHANGES = 8
Box = tuple[float, float]

Run = Callable[[str, Any], Any]


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


def part(page: Page, name: str) -> Any:
    return page.locator(f"[data-part={name}]")


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


def test_a_video_is_read_on_the_device_to_its_end(open_page: Open, tmp_path: Path) -> None:
    picture = head(150)
    shown = ((at / 10, with_heads([(10 + 4 * at, 40)], picture)) for at in range(24))
    clip = write_clip(tmp_path / "me.webm", shown, codec="libvpx")
    page = open_page("/live")
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


def test_a_refused_camera_is_explained_on_the_live_page(open_page: Open) -> None:
    page = open_page("/live")
    part(page, "start").click()
    expect(part(page, "status")).to_contain_text("The camera was refused")
    expect(part(page, "start")).to_have_text("Start the camera")


@pytest.fixture
def run(open_page: Open, app: Flask) -> Run:
    """A function that runs a script with the modules of tracks, smoothing and drawing."""
    page = open_page("/privacy")
    with app.test_request_context():
        urls = [asset_url(f"device/{name}.js") for name in ("tracks", "smoothing", "overlay")]
    load = "async (urls) => { for (const url of urls) Object.assign(window, await import(url)); }"
    page.evaluate(load, urls)
    return page.evaluate


def scene(name: str) -> list[dict[str, Box]]:
    """Where two people are at each step of a tenth of a second; who is not seen is left out."""
    steps = []
    for step in range(80):
        at: dict[str, Box] = {"anna": (100, 100), "ben": (400, 110)}
        if name in ("moving", "crossing"):
            at = {"anna": (40 + 6 * step, 100), "ben": (520 - 6 * step, 110)}
            if name == "moving":
                at["ben"] = (520 - 6 * step, 300)
        if name == "crossing" and abs(at["anna"][0] - at["ben"][0]) < 60:
            del at["ben"]  # behind anna
        if (name == "returning" and 20 <= step < 50) or (name == "gone for long" and step >= 20):
            del at["ben"]
        if name == "gone for long" and step >= 75:
            at["ben"] = (405, 112)
        steps.append(at)
    return steps


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("moving", {"anna": {1}, "ben": {2}}),
        ("crossing", {"anna": {1}, "ben": {2}}),
        ("returning", {"anna": {1}, "ben": {2}}),
        ("gone for long", {"anna": {1}, "ben": {2, 3}}),
    ],
)
def test_each_face_keeps_its_number(name: str, numbers: dict[str, set[int]], run: Run) -> None:
    steps = scene(name)
    given = [
        [
            {"left": x, "top": y, "width": 100, "height": 100, "probabilities": [0.6, 0.4]}
            for x, y in at.values()
        ]
        for at in steps
    ]
    found = run(
        """({ given, settings, step_s }) => {
          const tracker = new Tracker();
          return given.map((faces, index) =>
            tracker.update(faces, index * step_s, settings)
              .map(({ number, face }) => [number, faces.indexOf(face)]));
        }""",
        {"given": given, "settings": SETTINGS, "step_s": STEP_S},
    )
    seen: dict[str, set[int]] = {"anna": set(), "ben": set()}
    for at, tracks in zip(steps, found, strict=True):
        for number, index in tracks:
            seen[list(at)[index]].add(number)
    assert seen == numbers


def test_a_face_is_shown_once_it_was_read_and_keeps_its_odds(run: Run) -> None:
    shown = run(
        """(settings) => {
          const face = { left: 0, top: 0, width: 100, height: 100 };
          const read = { ...face, probabilities: [0.9, 0.1] };
          const tracker = new Tracker();
          return [face, face, read, face].map((each, index) =>
            tracker.update([{ ...each }], index / 10, settings).map(({ shares }) => shares[0]));
        }""",
        SETTINGS,
    )
    assert shown == [[], [], [pytest.approx(0.9)], [pytest.approx(0.9)]]


def test_numbers_are_calm_at_rest_and_follow_what_changes(run: Run) -> None:
    noise = np.random.default_rng(0).normal(0, 1, 60)
    options = {"cutoff_hz": SETTINGS["cutoff_hz"], "response": SETTINGS["response"], "unit": 100}
    filtered = run(
        """({ values, options }) => {
          const filter = new OneEuro();
          return values.map((value, index) => filter.next(value, index / 20, options));
        }""",
        {"values": [*(100 + noise), *(100 + 10 * step for step in range(40))], "options": options},
    )
    assert np.std(filtered[20:60]) < 0.6 * np.std(noise[20:])
    assert abs(filtered[-1] - 490) < 30

    before, after = [0.9, 0.1], [0.1, 0.9]
    odds = run(
        """({ before, after, constant_s }) => {
          const smooth = new SmoothOdds();
          smooth.next(before, 0, constant_s);
          return smooth.next(after, constant_s, constant_s);
        }""",
        {"before": before, "after": after, "constant_s": 0.5},
    )
    gone = (math.log(odds[0] / odds[1]) - math.log(9)) / (2 * math.log(1 / 9))
    assert gone == pytest.approx(1 - 1 / math.e)

    words = run(
        """(all) => {
          const word = new SteadyWord();
          return all.map((each) => word.next(each, 0.1));
        }""",
        [[0.52, 0.48], [0.48, 0.52], [0.52, 0.48], [0.4, 0.6], [0.48, 0.52], [0.56, 0.44]],
    )
    assert words == [0, 0, 0, 1, 1, 0]


DRAW = """async (steps) => {
  const spec = await (await fetch("/device/spec.json")).json();
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  document.body.append(svg);
  svg.setAttribute("width", 640);
  const overlay = new Overlay(svg);
  const view = { width: 640, height: 480, isMirrored: false };
  const corners = ({ x, y, width, height }) => [x, y, x + width, y + height];
  const cornersOf = (face, selector) => {
    const element = face.querySelector(selector);
    const { x, y, width, height } = element.getBBox();
    const rim = selector === ".tag" ? parseFloat(getComputedStyle(element).strokeWidth) / 2 : 0;
    return width ? corners({ x: x - rim, y, width: width + 2 * rim, height }) : null;
  };
  return steps.map((boxes) => {
    const shares = spec.labels.map((_, index) => (index === 3 ? 0.5 : 0.1));
    overlay.draw(boxes.map((box, at) => ({ number: at + 1, index: 3, shares, box })), spec, view);
    return [...svg.querySelectorAll(".face")].map((face) => ({
      box: cornersOf(face, ".box"), bars: cornersOf(face, ".bars"), word: cornersOf(face, ".tag"),
    }));
  });
}"""


def common_area(one: list[float], other: list[float]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, width) * max(0.0, height)


@pytest.mark.parametrize("side", [80, 150, 220])
def test_words_and_bars_of_faces_that_pass_each_other_cover_nothing(side: int, run: Run) -> None:
    random = np.random.default_rng(side)
    steps = [
        [
            {"left": left + x, "top": top + y, "width": side, "height": side}
            for (left, top), (x, y) in zip(
                [(5 * step, 110), (640 - side - 5 * step, 130)],
                random.uniform(-1, 1, (2, 2)),
                strict=True,
            )
        ]
        for step in range(80)
    ]
    changes, before = 0, None
    for faces in run(DRAW, steps):
        drawn = [face[name] for face in faces for name in ("bars", "word") if face[name]]
        assert all(left >= 0 and top >= 0 for left, top, _, _ in drawn)
        assert all(right <= 640 and bottom <= 480 for _, _, right, bottom in drawn)
        for index, one in enumerate(drawn):
            assert all(common_area(one, other) == 0 for other in drawn[index + 1 :])
        for face, other in (faces, faces[::-1]):
            for name in ("bars", "word"):
                assert not face[name] or common_area(face[name], other["box"]) == 0
            assert not face["bars"] or common_area(face["bars"], face["box"]) == 0
        assert any(face["bars"] for face in faces)
        # On which side of its box each is.
        now = [
            [np.sign(face[name][at] - face["box"][2 + at]) for at in (0, 1)] if face[name] else None
            for face in faces
            for name in ("bars", "word")
        ]
        changes += before is not None and now != before
        before = now
    assert changes <= CHANGES
