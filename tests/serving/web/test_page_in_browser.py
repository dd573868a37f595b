"""The page as a person meets it; a complaint of the browser's fails any of these tests."""

import io
import re
from collections.abc import Callable
from statistics import median

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from preprocessing.images.sample import sample_photo_path
from serving.inference.charts import probability_figure
from serving.inference.prediction import Prediction
from serving.inference.predictor import Predictor
from serving.web.settings import Settings
from tests.tools.accessibility import PHONE, WIDE, assert_accessible

pytestmark = pytest.mark.browser
# On a busy machine what mattered takes longer than Playwright waits by default.
expect.set_options(timeout=30_000)

FIRST_PAGE_BYTES = 60_000
# "Good" by Web Vitals.
LARGEST_SHIFT = 0.1
# Of bars, which hold words: WCAG 1.4.3.
LEAST_CONTRAST = 4.5
# As many labels as FER2013 has.
COLOURS = 7
# Groups of bars for two faces: of each face, and of each label in the chart of both.
BARS_OF_TWO = 2 + 6
READY_S = 1.0
HOVERS, HOVER_MS = 40, 250
BUSY = """<section id="result"><div class="problem">
<h2>Busy</h2><p>More pictures arrive than can be looked at.</p></div></section>"""

Open = Callable[..., Page]


def upload(page: Page, data: bytes, *, said: str) -> None:
    page.set_input_files("#image", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": data})
    expect(page.locator("#status")).to_contain_text(said)


def test_a_person_uploads_a_photo_and_reads_the_chart(
    open_page: Open, predictor: Predictor, photo: bytes
) -> None:
    page = open_page()
    upload(page, photo, said="One face found.")
    expect(page.locator(".chart .bars .point")).to_have_count(len(predictor.spec.labels))
    words = page.locator(".chart .ytick text").all_text_contents()
    assert sorted(word.strip() for word in words) == sorted(predictor.spec.labels)
    shown = page.locator(".chart .bartext").all_text_contents()
    expected = predictor.predict(photo)[1].predictions[0]
    assert shown == [f"{round(share, 4):.0%}" for share in expected.probabilities]
    expect(page.locator(".photo .points circle")).to_have_count(68)
    expect(page.locator(".card h2")).to_have_text(expected.label)
    longest = page.locator(".chart .bars .point").nth(int(expected.probabilities.argmax()))
    hover_text = page.locator(".hoverlayer .hovertext")
    # Plotly answers only to a mouse that moves, and the chart may still come to rest under it.
    for step in range(HOVERS):
        box = longest.bounding_box()
        assert box
        page.mouse.move(box["x"] + box["width"] / 2 + step % 2, box["y"] + box["height"] / 2)
        page.wait_for_timeout(HOVER_MS)
        if hover_text.count():
            break
    expect(hover_text).to_contain_text(expected.label)


def rising_labels(prediction: Prediction, labels: tuple[str, ...]) -> list[str]:
    """Sort as a chart does: by the shares that it is given, and equal ones by their place."""
    (bars,) = probability_figure(prediction, labels)["data"]
    falling = sorted(zip(bars["x"], labels, strict=True), key=lambda pair: -pair[0])
    return [label for _, label in reversed(falling)]


def test_a_chart_is_sorted_and_all_is_saved(
    open_page: Open, predictor: Predictor, photo: bytes
) -> None:
    page = open_page()
    upload(page, photo, said="One face found.")
    # From the bottom to the top.
    ticks = page.locator(".chart .ytick")
    expect(ticks).to_contain_text(list(reversed(predictor.spec.labels)))
    page.get_by_label("Likeliest first").check()
    (prediction,) = predictor.predict(photo)[1].predictions
    expect(ticks).to_contain_text(rising_labels(prediction, predictor.spec.labels))
    for role, title, name, start in (
        ("button", "Chart as PNG", "mien-face-1.png", b"\x89PNG"),
        ("link", "JSON", "mien.json", b"{"),
        ("link", "CSV", "mien.csv", b"file,face,"),
        ("link", "annotated picture", "mien.jpg", b"\xff\xd8"),
    ):
        with page.expect_download() as download:
            page.get_by_role(role, name=title).click()  # type: ignore[arg-type]
        assert download.value.suggested_filename == name
        assert download.value.path().read_bytes().startswith(start)


def test_choosing_a_face_in_the_picture_or_the_list_highlights_both(
    open_page: Open, two_faces: bytes
) -> None:
    page = open_page()
    upload(page, two_faces, said="2 faces found.")
    bars = page.locator(".comparison .trace").first.locator(".point path")
    expect(bars).to_have_count(2)

    def thicker() -> str:
        one, other = (bar.bounding_box() for bar in bars.all())
        assert one
        assert other
        return "first" if one["height"] > other["height"] + 3 else "last"

    page.locator("#box-2").focus()
    expect(page.locator("#face-2")).to_contain_class("chosen")
    expect(page.locator("#box-2 rect")).to_have_css("fill", "rgba(0, 0, 0, 0)")
    expect(page.locator("#box-2 rect")).to_have_css("stroke-width", "6px")
    assert thicker() == "last"
    words = page.locator(".comparison .bartext").filter(has_text="happy")
    expect(words).to_have_count(2)
    for word in words.all():
        expect(word).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#face-2")).to_be_focused()
    page.locator("#face-1 h2").hover()
    expect(page.locator("#box-1")).to_contain_class("chosen")
    expect(page.locator("#box-2")).not_to_contain_class("chosen")
    assert thicker() == "first"


def test_what_mattered_is_shown_when_asked_for(open_page: Open, photo: bytes) -> None:
    page = open_page()
    upload(page, photo, said="One face found.")
    announced = page.locator(".what-mattered [role=status]")
    expect(announced).to_be_empty()
    button = page.get_by_role("button", name="What mattered")
    button.press("Enter")
    expect(announced.locator("figcaption")).to_contain_text("Orange")
    expect(announced.locator("img")).to_have_js_property("naturalWidth", 288)
    expect(button).to_be_focused()
    expect(button).to_be_enabled()


def test_an_error_leaves_the_last_result_where_it_is(open_page: Open, photo: bytes) -> None:
    page = open_page()
    upload(page, photo, said="One face found.")
    upload(page, b"no picture", said="Not a picture that can be read")
    expect(page.locator(".faces .card")).to_have_count(1)
    page.get_by_role("button", name="Try a sample").click()
    expect(page.locator("#status")).to_have_text("One face found.")


@pytest.mark.parametrize("failure", ["network", "busy", "proxy"])
def test_a_picture_that_got_no_answer_is_sent_again(
    failure: str, open_page: Open, photo: bytes
) -> None:
    page = open_page()
    sent: list[bytes] = []

    def fail(route: Route) -> None:
        sent.append(route.request.post_data_buffer or b"")
        if failure == "network":
            route.abort()
        elif failure == "busy":
            headers = {"Retry-After": "5", "Content-Type": "text/html"}
            route.fulfill(status=503, body=BUSY, headers=headers)
        else:
            route.fulfill(status=502, body="<h1>Bad gateway</h1>")

    page.route("**/", fail, times=1)
    said = {"network": "not be reached", "busy": "Busy. More", "proxy": "not be read"}[failure]
    upload(page, photo, said=said)
    again = page.locator("#offer")
    if failure == "busy":
        expect(again).to_be_disabled()
        expect(again).to_have_text(re.compile(r"Try again in \d s"))
    expect(again).to_have_text("Try again")
    again.click()
    expect(page.locator("#status")).to_have_text("One face found.")
    expect(again).to_be_hidden()
    assert sent[0].count(photo) == 1


def test_the_page_says_how_many_faces_it_leaves_out(
    open_page: Open, app: Flask, two_faces: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.extensions["mien"], "settings", Settings(max_faces=1))
    page = open_page()
    upload(page, two_faces, said="Showing 1 of 2 faces, the largest.")
    expect(page.locator(".photo-notes").first).to_contain_text("Showing 1 of 2 faces")


def test_the_same_file_can_be_chosen_again(open_page: Open, photo: bytes) -> None:
    page = open_page()
    upload(page, photo, said="One face found.")
    with page.expect_file_chooser():
        page.locator("#image").click()
    expect(page.locator("#image")).to_have_value("")


def test_a_file_chosen_before_the_script_is_there_is_sent(
    chromium: Browser, address: str, photo: bytes
) -> None:
    page = chromium.new_page()
    held: list[Route] = []
    page.route("**/mien.js", lambda route: held.append(route))  # noqa: PLW0108 - it marks its function
    with page.expect_request("**/mien.js"):
        page.goto(address, wait_until="commit")
    file = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo}
    page.set_input_files("#image", file)  # type: ignore[arg-type]
    held[0].continue_()
    expect(page.locator("#status")).to_have_text("One face found.")
    page.close()


def test_what_was_refused_is_not_sent_again_and_switches_stay(
    open_page: Open, predictor: Predictor, photo: bytes
) -> None:
    page = open_page()
    upload(page, photo, said="One face found.")
    page.get_by_label("Likeliest first").check()
    page.get_by_label("Landmarks").uncheck()
    upload(page, b"no picture", said="Not a picture that can be read")
    page.get_by_label("The picture is one cut-out face").check()
    expect(page.locator("#status")).to_have_text("One face found.")
    expect(page.get_by_label("Landmarks")).not_to_be_checked()
    expect(page.locator(".photo .points")).to_be_hidden()
    (prediction,) = predictor.predict(photo, is_crop=True)[1].predictions
    expect(page.locator(".chart .ytick")).to_contain_text(
        rising_labels(prediction, predictor.spec.labels)
    )


def test_a_switch_while_a_picture_is_on_its_way_sends_that_one_again(
    open_page: Open, photo: bytes
) -> None:
    page = open_page()
    held: list[Route] = []
    page.route("**/", lambda route: held.append(route), times=2)  # noqa: PLW0108 - it marks its function
    file = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo}
    with page.expect_request("**/"):
        page.set_input_files("#image", file)  # type: ignore[arg-type]
    with page.expect_request("**/"):
        page.get_by_label("The picture is one cut-out face").check()
    page.wait_for_function("document.querySelector('#result') !== null")  # the routes are noted
    posted = held[-1].request.post_data_buffer or b""
    assert posted.count(photo) == 1
    assert b'name="crop"' in posted
    held[-1].continue_()
    expect(page.locator("#status")).to_have_text("One face found.")


def test_without_plotly_the_tables_are_open(
    chromium: Browser, address: str, two_faces: bytes
) -> None:
    page = chromium.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text))
    page.route("**/plotly-*.js", lambda route: route.abort(), times=1)
    page.goto(address)
    upload(page, two_faces, said="2 faces found. The charts could not be loaded")
    for table in page.locator("details.numbers table").all():
        expect(table).to_be_visible()
    expect(page.get_by_label("Likeliest first")).to_be_hidden()
    expect(page.locator(".chart").first).to_be_hidden()
    (complaint,) = complaints
    assert "Failed to load resource" in complaint
    upload(page, two_faces, said="2 faces found.")
    expect(page.locator(".chart .bars")).to_have_count(BARS_OF_TWO)
    page.close()


def test_a_picture_comes_from_the_clipboard_or_is_dropped(open_page: Open, photo: bytes) -> None:
    page = open_page()
    for kind, field, event in (
        ("drop", "dataTransfer", "DragEvent"),
        ("paste", "clipboardData", "ClipboardEvent"),
    ):
        with page.expect_response("**/") as answer:
            page.evaluate(
                f"""(bytes) => {{
                  const {field} = new DataTransfer();
                  const kind = {{ type: "image/jpeg" }};
                  {field}.items.add(new File([new Uint8Array(bytes)], "{kind}ed.jpg", kind));
                  document.body.dispatchEvent(new {event}("{kind}", {{ {field}, bubbles: true }}));
                }}""",
                list(photo),
            )
        assert answer.value.status == 200
        expect(page.locator("#status")).to_have_text("One face found.")
        assert page.locator("#image").input_value().endswith(f"{kind}ed.jpg")
    page.get_by_role("button", name="Try a sample").click()
    expect(page.locator("#image")).to_have_value("")


@pytest.mark.parametrize(
    ("kind", "field", "event", "said"),
    [
        ("drop", "dataTransfer", "DragEvent", "Save the picture, then drop its file."),
        ("paste", "clipboardData", "ClipboardEvent", "Copy the picture itself"),
    ],
)
def test_the_address_of_a_picture_is_no_picture(
    kind: str, field: str, event: str, said: str, open_page: Open
) -> None:
    page = open_page()
    page.evaluate(
        f"""() => {{
          const {field} = new DataTransfer();
          {field}.setData("text/uri-list", "https://example.org/a.jpg");
          document.body.dispatchEvent(new {event}("{kind}", {{ {field}, bubbles: true }}));
        }}"""
    )
    expect(page.locator("#status")).to_contain_text(said)


def test_the_sample_too_is_read_again_as_one_face(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("button", name="Try a sample").click()
    expect(page.locator("#status")).to_have_text("One face found.")
    page.get_by_label("The picture is one cut-out face").check()
    expect(page.locator(".hint").first).to_contain_text("does not look like a cut-out face")


def hold_answers(page: Page) -> list[Route]:
    """Keep what is sent from now on from the server, until it is let go."""
    held: list[Route] = []
    page.route("**/", lambda route: held.append(route))  # noqa: PLW0108 - it marks its function
    return held


def test_while_a_picture_is_on_its_way_the_last_result_stays_and_all_is_said(
    open_page: Open, photo: bytes, two_faces: bytes
) -> None:
    page = open_page()
    progress = page.get_by_role("progressbar", name="Upload")
    upload(page, photo, said="One face found.")
    expect(progress).to_be_hidden()
    held = hold_answers(page)
    upload(page, two_faces, said="…")
    expect(progress).to_be_visible()
    expect(page.locator(".faces .card")).to_have_count(1)
    expect(page.locator(".photo image")).to_have_css("opacity", "0.55")
    expect(page.locator(".faces .card")).to_have_css("opacity", "1")
    held[0].continue_()
    expect(page.locator("#status")).to_have_text("2 faces found.")
    expect(progress).to_be_hidden()
    expect(page.locator("#offer")).to_be_hidden()


def test_an_upload_can_be_cancelled(open_page: Open, photo: bytes, two_faces: bytes) -> None:
    page = open_page()
    upload(page, photo, said="One face found.")
    hold_answers(page)
    upload(page, two_faces, said="…")
    page.get_by_role("button", name="Cancel").press("Enter")
    expect(page.locator("#status")).to_have_text("Cancelled.")
    expect(page.locator("#result")).to_be_focused()
    expect(page.get_by_role("progressbar", name="Upload")).to_be_hidden()
    expect(page.locator(".faces .card")).to_have_count(1)
    page.unroute_all()
    page.get_by_label("The picture is one cut-out face").check()
    expect(page.locator(".hint").first).to_contain_text("does not look like a cut-out face")


def test_the_keyboard_s_focus_stays_where_it_was(open_page: Open) -> None:
    page = open_page()
    sample = page.get_by_role("button", name="Try a sample")
    sample.press("Enter")
    expect(page.locator("#status")).to_have_text("One face found.")
    expect(sample).to_be_focused()
    # What is replaced cannot keep it; what takes its place does.
    page.locator("#face-1 .number").focus()
    page.evaluate("document.querySelector('[name=sample]').click()")
    expect(page.locator("#result")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_saved_chart_can_be_read_on_any_ground(
    scheme: str, open_page: Open, photo: bytes
) -> None:
    page = open_page(color_scheme=scheme)
    upload(page, photo, said="One face found.")
    expect(page.locator(".chart .bars")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Chart as PNG").click()
    saved = Image.open(download.value.path()).convert("RGBA")
    assert saved.getchannel("A").getextrema() == (255, 255)
    assert len(saved.getcolors(saved.width * saved.height) or ()) > COLOURS


def test_every_stop_of_the_keyboard_can_be_seen(open_page: Open, two_faces: bytes) -> None:
    page = open_page(reduced_motion="reduce")
    upload(page, two_faces, said="2 faces found.")
    expect(page.locator(".chart .bars")).to_have_count(BARS_OF_TWO)
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    stops = []
    for _ in range(60):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            """() => {
              const element = document.activeElement;
              if (element === document.body) return null;
              const marked = element.querySelector("rect") ?? element;
              const { outlineStyle, outlineWidth } = getComputedStyle(marked);
              const seen = element.getBoundingClientRect();
              const name = element.outerHTML.slice(0, 90);
              const inSight = seen.width > 0 && seen.bottom > 0 && seen.top < innerHeight;
              return { name, inSight, outline: `${outlineStyle} ${outlineWidth}` };
            }"""
        )
        if stop is None:
            break
        assert stop["outline"] == "solid 3px", stop
        assert stop["inSight"], stop
        stops.append(stop["name"])
    assert len(stops) > 20, stops
    assert stop is None or stops[0] == stop["name"], "the end was not reached"


def test_a_photo_is_read_again_as_one_face(open_page: Open, two_faces: bytes) -> None:
    page = open_page()
    upload(page, two_faces, said="2 faces found.")
    page.get_by_label("The picture is one cut-out face").check()
    expect(page.locator("#status")).to_have_text("One face found.")
    page.locator("#face-1").hover()
    expect(page.locator("#box-1")).to_contain_class("chosen")


def test_a_picture_is_taken_with_the_camera(open_page: Open) -> None:
    page = open_page()
    page.context.grant_permissions(["camera"])
    page.get_by_role("button", name="Use the camera").click()
    expect(page.locator("video")).not_to_have_js_property("videoWidth", 0)
    page.get_by_role("button", name="Take the picture").press("Enter")
    # Chromium's own test picture shows no face.
    expect(page.locator("#status")).to_have_text("No face found.")
    expect(page.locator(".photo image")).to_have_count(1)
    assert page.evaluate("document.querySelector('video').srcObject") is None
    expect(page.get_by_role("button", name="Use the camera")).to_be_focused()
    assert page.locator("#image").input_value().endswith("camera.jpg")


def test_a_refused_camera_is_explained(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("button", name="Use the camera").click()
    expect(page.locator("#status")).to_contain_text("The camera was refused")


def test_the_keyboard_is_enough(open_page: Open) -> None:
    page = open_page()
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "sample":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_have_text("One face found.")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "box-1":
            break
    expect(page.locator("#face-1")).to_contain_class("chosen")
    outline = page.locator("#box-1 rect").evaluate("(rect) => getComputedStyle(rect).outlineStyle")
    assert outline == "solid"


def blank_picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (200, 200), "white").save(buffer, "PNG")
    return buffer.getvalue()


def bring_to(state: str, page: Page, two_faces: bytes) -> None:
    """Bring the page to a state in which a person may meet it."""
    if state in ("several faces", "tables", "heat map", "waiting", "busy"):
        upload(page, two_faces, said="2 faces found.")
        expect(page.locator(".chart .bars")).to_have_count(BARS_OF_TWO)
    if state == "waiting":
        hold_answers(page)
        upload(page, two_faces, said="…")
    if state == "busy":
        headers = {"Retry-After": "600", "Content-Type": "text/html"}
        page.route("**/", lambda route: route.fulfill(status=503, body=BUSY, headers=headers))
        upload(page, two_faces, said="Busy. More")
        expect(page.locator("#offer")).to_be_disabled()
    if state == "camera":
        page.context.grant_permissions(["camera"])
        page.get_by_role("button", name="Use the camera").click()
        expect(page.locator("video")).not_to_have_js_property("videoWidth", 0)
    if state == "/model":
        for summary in page.locator("summary").all():
            summary.click()
    if state == "tables":
        for summary in page.locator(".numbers summary").all():
            summary.click()
    if state == "heat map":
        page.get_by_role("button", name="What mattered").first.click()
        expect(page.locator("figure img").first).to_have_js_property("naturalWidth", 288)
    if state == "no face":
        upload(page, blank_picture(), said="No face found.")
    if state == "error":
        upload(page, b"no picture", said="Not a picture")


@pytest.mark.parametrize(
    "state",
    [
        "first", "several faces", "tables", "heat map", "no face", "error", "waiting", "busy",
        "camera",
        "/model", "/nothing",
    ],
)  # fmt: skip
def test_no_rule_of_accessibility_is_broken(state: str, open_page: Open, two_faces: bytes) -> None:
    page = open_page(state if state.startswith("/") else "/", reduced_motion="reduce")
    bring_to(state, page, two_faces)
    assert_accessible(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_bars_of_a_chart_stand_out(scheme: str, open_page: Open, two_faces: bytes) -> None:
    page = open_page(color_scheme=scheme)
    upload(page, two_faces, said="2 faces found.")
    colours = page.evaluate(
        """() => {
          const style = getComputedStyle(document.documentElement);
          const names = ["--raised", "--accent", "--series"];
          return names.flatMap((name) => style.getPropertyValue(name).trim().split(" "));
        }"""
    )
    background, *bars = (luminance(colour) for colour in colours)
    assert len(bars) == 1 + COLOURS
    for bar in bars:
        low, high = sorted((bar, background))
        assert (high + 0.05) / (low + 0.05) >= LEAST_CONTRAST
    for chart in page.locator(".chart").all():
        expect(chart).to_have_role("img")
        expect(chart).to_have_accessible_name(re.compile("^Bar chart of"))


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour such as #0b5f5a, by WCAG."""
    shares = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    ]
    return sum(w * part for w, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_the_page_is_ready_within_a_second_of_work(
    chromium: Browser, address: str, photo: bytes
) -> None:
    works_s = []
    for _ in range(3):
        page = chromium.new_page()
        session = page.context.new_cdp_session(page)
        # Processor time of the page's own thread, for the clock tells how busy the machine is.
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(address)  # until its script has run
        figures = session.send("Performance.getMetrics")["metrics"]
        works_s += [each["value"] for each in figures if each["name"] == "TaskDuration"]
        upload(page, photo, said="One face found.")
        page.close()
    assert 0 < median(works_s) < READY_S, works_s


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_nothing_jumps(viewport: dict[str, int], open_page: Open, two_faces: bytes) -> None:
    page = open_page(viewport=viewport)
    upload(page, two_faces, said="2 faces found.")
    expect(page.locator(".chart .bars")).to_have_count(BARS_OF_TWO)
    assert page.evaluate("window.shift") < LARGEST_SHIFT


def test_the_first_page_is_light_and_plotly_comes_with_the_first_result(
    chromium: Browser, address: str
) -> None:
    page = chromium.new_page()
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    sizes: list[float] = []
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(address, wait_until="networkidle")
    assert len(sizes) >= 6
    assert sum(sizes) < FIRST_PAGE_BYTES
    assert page.evaluate("typeof Plotly") == "undefined"
    page.get_by_role("button", name="Try a sample").click()
    expect(page.locator(".chart .bars")).to_be_visible()
    page.close()


def test_without_scripts_everything_can_be_read(open_page: Open, predictor: Predictor) -> None:
    page = open_page(java_script_enabled=False)
    page.set_input_files("#image", sample_photo_path())
    page.get_by_role("button", name="Show expressions").click()
    page.get_by_label("Landmarks").uncheck()
    expect(page.locator(".photo .points")).to_be_hidden()
    expect(page.locator(".card tbody tr")).to_have_count(len(predictor.spec.labels))
    expect(page.locator(".card table")).to_be_visible()
    expect(page.get_by_text("Likeliest first")).to_be_hidden()
    expect(page.locator(".chart")).to_be_hidden()
    with page.expect_popup() as popup:
        page.get_by_role("button", name="What mattered").click()
    expect(popup.value.locator("img")).to_be_visible()
