"""The page as a person meets it; a complaint of the browser's fails any of these tests."""

import io
import re

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from preprocessing.images.sample import sample_photo_path
from serving.inference.predictor import Predictor
from serving.web.settings import Settings
from tests.serving.web.browsing import (
    BUSY,
    TOUCH,
    Open,
    drop,
    file_of,
    hold_answers,
    is_in_sight,
    upload,
)

pytestmark = pytest.mark.browser
HOVERS, HOVER_MS = 40, 250


def test_a_person_uploads_a_photo_and_reads_the_chart(
    open_page: Open, predictor: Predictor, photo: bytes
) -> None:
    page = open_page()
    upload(page, photo, said="One face")
    expect(page.locator(".row .bars .point")).to_have_count(len(predictor.spec.labels))
    words = page.locator(".row .ytick text").all_text_contents()
    assert sorted(word.strip() for word in words) == sorted(predictor.spec.labels)
    expected = predictor.predict(photo)[1].predictions[0]
    shown = page.locator(".row .bartext").all_text_contents()
    assert shown == [f"{round(share, 4):.0%}" for share in expected.probabilities]
    expect(page.locator(".headline")).to_have_text(expected.label.capitalize())
    longest = page.locator(".row .bars .point").nth(int(expected.probabilities.argmax()))
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


def test_bars_are_sorted_on_request(open_page: Open, predictor: Predictor, photo: bytes) -> None:
    page = open_page()
    upload(page, photo, said="One face")
    ticks = page.locator(".row .ytick")
    # From the bottom to the top.
    expect(ticks).to_contain_text(list(reversed(predictor.spec.labels)))
    page.get_by_role("button", name="Sort bars").click()
    (prediction,) = predictor.predict(photo)[1].predictions
    expect(ticks.last).to_contain_text(prediction.label)
    expect(page.get_by_role("button", name="Sort bars")).to_have_attribute("aria-pressed", "true")


def test_landmarks_are_shown_on_request_and_the_switch_stays(open_page: Open, photo: bytes) -> None:
    page = open_page()
    upload(page, photo, said="One face")
    points = page.locator(".scene .points")
    expect(points).to_be_hidden()
    page.get_by_label("Landmarks").check()
    expect(points).to_be_visible()
    upload(page, photo, said="One face", name="again.jpg")
    expect(page.locator("#result h1")).to_contain_text("again.jpg")
    expect(points).to_be_visible()


def test_the_summary_filters_rows_and_dims_boxes(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("button", name="Group").first.click()
    expect(page.locator("#status")).to_contain_text("3 faces")
    chip = page.get_by_role("button", name="1 happy")
    chip.click()
    expect(page.locator(".row:visible")).to_have_count(1)
    expect(page.locator(".face.dimmed")).to_have_count(2)
    expect(chip).to_have_attribute("aria-pressed", "true")
    chip.click()
    expect(page.locator(".row:visible")).to_have_count(3)
    expect(page.locator(".face.dimmed")).to_have_count(0)


def test_one_row_is_open_of_many_and_all_of_few(open_page: Open, two_faces: bytes) -> None:
    page = open_page()
    upload(page, two_faces, said="2 faces")
    expect(page.locator(".row[open]")).to_have_count(2)
    page.get_by_role("button", name="Samples").click()
    page.locator("#samples").get_by_role("button", name="Group").click()
    expect(page.locator("#status")).to_contain_text("3 faces")
    expect(page.locator(".row[open]")).to_have_count(1)
    page.locator("#face-3 summary").first.click()
    expect(page.locator(".row[open]")).to_have_count(1)
    expect(page.locator("#face-3 .bars .point")).to_have_count(6)


def test_rows_are_reached_by_arrow_keys_and_opened_by_enter(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("button", name="Group").first.press("Enter")
    expect(page.locator("#status")).to_contain_text("3 faces")
    page.locator("#face-1 > summary").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#face-2 > summary")).to_be_focused()
    expect(page.locator("#box-2")).to_contain_class("chosen")
    page.keyboard.press("Enter")
    expect(page.locator("#face-2")).to_have_attribute("open", "")
    page.locator("#box-3").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#face-3 > summary")).to_be_focused()
    expect(page.locator("#face-3")).to_have_attribute("open", "")


def test_reasons_are_shown_for_any_label_over_the_face_in_colour(
    open_page: Open, photo: bytes
) -> None:
    page = open_page()
    upload(page, photo, said="One face")
    announced = page.locator(".why [role=status]")
    expect(announced).to_be_empty()
    button = page.get_by_role("button", name="Why")
    button.press("Enter")
    figure = announced.locator("figure:visible")
    expect(figure).to_contain_text("Orange spoke for “happy”")
    expect(figure.locator(".legend")).to_contain_text("against")
    expect(figure.locator(".in-colour")).to_be_visible()
    box = figure.locator(".layers").bounding_box()
    assert box
    assert box["width"] >= 250
    expect(button).to_be_focused()
    announced.get_by_text("sad", exact=True).click()
    expect(announced.locator(".reason-of:visible")).to_contain_text("“sad”")
    page.get_by_label("In colour").uncheck()
    expect(page.locator("img.face-under:visible")).to_have_count(
        announced.locator("figure:visible").count()
    )


def test_the_colour_under_the_reasons_is_the_face_as_the_network_saw_it(
    open_page: Open, photo: bytes
) -> None:
    page = open_page()
    upload(page, photo, said="One face")
    page.get_by_role("button", name="Why").click()
    layers = page.locator(".layers:visible")
    layers.locator(".tint").evaluate("(tint) => { tint.hidden = true; }")
    shots = []
    for in_colour in (True, False):
        page.get_by_label("In colour").set_checked(in_colour)
        shot = Image.open(io.BytesIO(layers.screenshot())).convert("L").resize((48, 48))
        shots.append(list(shot.tobytes()))
    differences = [abs(one - other) for one, other in zip(*shots, strict=True)]
    assert sum(differences) / len(differences) < 12


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
            headers = {"Retry-After": "3", "Content-Type": "text/html"}
            route.fulfill(status=503, body=BUSY, headers=headers)
        else:
            route.fulfill(status=502, body="<h1>Bad gateway</h1>")

    page.route("**/", fail, times=1)
    said = {"network": "not be reached", "busy": "Busy More", "proxy": "not be read"}[failure]
    upload(page, photo, said=said)
    again = page.locator("#offer")
    if failure == "busy":
        expect(again).to_have_attribute("aria-disabled", "true")
        expect(again).to_have_text(re.compile(r"Try again in \d s"))
    expect(again).to_have_text("Try again")
    again.click()
    expect(page.locator("#status")).to_contain_text("One face")
    expect(again).to_be_hidden()
    assert sent[0].count(photo) == 1


def test_the_page_says_how_many_faces_it_leaves_out(
    open_page: Open, app: Flask, two_faces: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.extensions["mien"], "settings", Settings(max_faces=1))
    page = open_page()
    upload(page, two_faces, said="2 faces")
    expect(page.locator("#result .readings")).to_contain_text("Showing 1 of 2 faces, the largest.")


def test_the_same_file_can_be_chosen_again(open_page: Open, photo: bytes) -> None:
    page = open_page()
    for _ in range(2):
        with page.expect_response(lambda answer: answer.request.method == "POST"):
            upload(page, photo, said="One face")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="New picture").click()
    assert chooser.value.is_multiple()


def test_a_file_chosen_before_the_script_is_there_is_sent(
    chromium: Browser, address: str, photo: bytes
) -> None:
    page = chromium.new_page()
    held: list[Route] = []
    page.route("**/mien.js", lambda route: held.append(route))  # noqa: PLW0108 - it marks its function
    with page.expect_request("**/mien.js"):
        page.goto(address, wait_until="commit")
    page.set_input_files("#image", file_of(photo))
    held[0].continue_()
    expect(page.locator("#status")).to_contain_text("One face")
    page.close()


def test_without_plotly_the_tables_are_open(
    chromium: Browser, address: str, two_faces: bytes
) -> None:
    page = chromium.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.route("**/plotly-*.js", lambda route: route.abort())
    page.goto(address)
    page.set_input_files("#image", file_of(two_faces))
    expect(page.locator("#status")).to_contain_text("The charts could not be loaded")
    for table in page.locator("details.numbers table").all():
        expect(table).to_be_visible()
    expect(page.locator(".chart").first).to_be_hidden()
    assert not complaints
    page.unroute_all()
    page.set_input_files("#image", file_of(two_faces, "again.jpg"))
    expect(page.locator(".row .bars").first).to_be_visible()
    page.close()


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_picture_comes_from_the_clipboard_or_is_dropped(
    kind: str, open_page: Open, photo: bytes
) -> None:
    page = open_page()
    drop(page, ("brought.jpg", photo), kind=kind)
    expect(page.locator("#result h1")).to_have_text("One face in brought.jpg")


def test_a_veil_shows_where_a_picture_may_be_dropped(open_page: Open) -> None:
    page = open_page()
    page.evaluate(
        """() => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File(["a"], "a.jpg"));
          document.body.dispatchEvent(new DragEvent("dragenter", { dataTransfer, bubbles: true }));
        }"""
    )
    expect(page.get_by_text("Drop to read the faces")).to_be_visible()
    page.evaluate("document.body.dispatchEvent(new DragEvent('dragleave', { bubbles: true }))")
    expect(page.get_by_text("Drop to read the faces")).to_be_hidden()


@pytest.mark.parametrize(
    ("kind", "field", "event", "said"),
    [
        ("drop", "dataTransfer", "DragEvent", "Save the image, then drop its file."),
        ("paste", "clipboardData", "ClipboardEvent", "Copy the image itself, then paste."),
    ],
)
def test_text_is_no_picture(kind: str, field: str, event: str, said: str, open_page: Open) -> None:
    page = open_page()
    page.evaluate(
        f"""() => {{
          const {field} = new DataTransfer();
          {field}.setData("text/uri-list", "https://example.org/a.jpg");
          document.body.dispatchEvent(new {event}("{kind}", {{ {field}, bubbles: true }}));
        }}"""
    )
    expect(page.locator("#status")).to_contain_text(said)


@pytest.mark.parametrize("name", ["Portrait", "Group", "Tilted", "Hard to tell"])
def test_a_sample_is_one_click_away(name: str, open_page: Open) -> None:
    page = open_page()
    page.locator(".home").get_by_role("button", name=name).click()
    expect(page.locator("#result h1")).to_contain_text(f"in {name}")
    expect(page.locator(".scene image")).to_have_attribute("href", re.compile("^data:image/"))


def test_an_upload_can_be_cancelled(open_page: Open, photo: bytes, two_faces: bytes) -> None:
    page = open_page()
    upload(page, photo, said="One face")
    hold_answers(page)
    for how in ("button", "Escape"):
        page.set_input_files("#image", file_of(two_faces))
        expect(page.locator("#working")).to_be_visible()
        cancel = page.get_by_role("button", name="Cancel")
        expect(cancel).to_be_in_viewport()
        if how == "button":
            cancel.press("Enter")
        else:
            page.keyboard.press("Escape")
        expect(page.locator("#status")).to_have_text("Cancelled.")
        expect(page.locator("#working")).to_be_hidden()
        expect(page.locator(".row")).to_have_count(1)
        expect(page.locator("#result")).not_to_contain_class("stale")


def test_the_last_picture_sent_is_the_one_shown(
    open_page: Open, photo: bytes, two_faces: bytes
) -> None:
    page = open_page()
    held = hold_answers(page)
    page.set_input_files("#image", file_of(photo, "first.jpg"))
    expect(page.locator("#working h1")).to_have_text("Reading first.jpg")
    page.wait_for_timeout(300)
    page.set_input_files("#image", file_of(two_faces, "second.jpg"))
    expect(page.locator("#working h1")).to_have_text("Reading second.jpg")
    page.wait_for_timeout(300)
    held[-1].continue_()
    expect(page.locator("#result h1")).to_have_text("2 faces in second.jpg")


def test_the_keyboard_is_enough(open_page: Open) -> None:
    page = open_page()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.value") == "portrait":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#result h1")).to_contain_text("One face in")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "box-1":
            break
    expect(page.locator("#face-1")).to_contain_class("chosen")
    outline = page.locator("#box-1 .halo").evaluate("(one) => getComputedStyle(one).outlineStyle")
    assert outline == "solid"


def test_every_stop_of_the_keyboard_can_be_seen(open_page: Open, two_faces: bytes) -> None:
    page = open_page(reduced_motion="reduce")
    upload(page, two_faces, said="2 faces")
    expect(page.locator(".row .bars")).to_have_count(2)
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    stops = []
    for _ in range(60):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            """() => {
              const element = document.activeElement;
              if (element === document.body) return null;
              const marked = element.querySelector(".halo") ?? element;
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


def test_a_refused_camera_is_explained(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("button", name="Photo by camera").click()
    expect(page.locator("#status")).to_contain_text("The camera was refused")


def test_a_picture_is_copied_and_shared_where_the_browser_can(
    open_page: Open, photo: bytes
) -> None:
    page = open_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    upload(page, photo, said="One face")
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#status")).to_contain_text("on the clipboard")
    kinds = page.evaluate("navigator.clipboard.read().then(([item]) => item.types)")
    assert "image/png" in kinds
    expect(page.locator(".tools [data-share]")).to_be_hidden()


def shared_files(page: Page) -> None:
    page.add_init_script(
        """navigator.canShare = () => true;
        navigator.share = async ({ files }) => { window.shared = files[0].name; };"""
    )
    page.reload()


def test_a_phone_shares_the_picture(open_page: Open, photo: bytes) -> None:
    page = open_page(**TOUCH)
    shared_files(page)
    upload(page, photo, said="One face", name="me.jpg")
    page.locator(".bar-actions [data-share]").click()
    page.wait_for_function("window.shared === 'me-mien.jpg'")


@pytest.mark.parametrize("screen", ["laptop", "phone"])
def test_what_a_newcomer_looks_for_is_within_one_screen(screen: str, open_page: Open) -> None:
    page = open_page(
        **(TOUCH if screen == "phone" else {"viewport": {"width": 1366, "height": 650}})
    )
    wanted = [
        ".home [data-choose]",
        ".home .sample",
        ".bar a[href='/model']",
        ".bar a[href='/privacy']",
    ]
    assert all(is_in_sight(page, selector) for selector in wanted)
    page.locator(".home .sample").first.click()
    expect(page.locator("#result h1")).to_contain_text("One face")
    save = ".bar-actions [data-save]" if screen == "phone" else ".tools [data-save]"
    assert is_in_sight(page, save)
    assert is_in_sight(page, "#result h1")


def test_without_scripts_everything_can_be_read(open_page: Open, predictor: Predictor) -> None:
    page = open_page(java_script_enabled=False)
    page.set_input_files("#image", sample_photo_path())
    page.get_by_role("button", name="Show expressions").click()
    expect(page.locator("#result h1")).to_have_text("One face in sample.jpg")
    expect(page.locator(".scene .points")).to_be_hidden()
    page.get_by_label("Landmarks").check()
    expect(page.locator(".scene .points")).to_be_visible()
    expect(page.locator(".row tbody tr")).to_have_count(len(predictor.spec.labels))
    expect(page.locator(".row table")).to_be_visible()
    expect(page.locator(".chart")).to_be_hidden()
    expect(page.get_by_role("button", name="Sort bars")).to_be_hidden()
    with page.expect_popup() as popup:
        page.get_by_role("button", name="Why").click()
    expect(popup.value.locator(".layers:visible .tint")).to_be_visible()
    popup.value.get_by_text("sad", exact=True).click()
    expect(popup.value.locator(".reason-of:visible")).to_contain_text("“sad”")
    page.set_input_files("#image", sample_photo_path())
    page.get_by_role("button", name="Show expressions").click()
    expect(page.locator("#result h1")).to_be_visible()


def test_without_scripts_links_leave_the_result_where_it_is(open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    page.locator(".home").get_by_role("button", name="Portrait").click()
    for link in ("How good is it?", "Privacy", "How it was tested"):
        with page.expect_popup() as popup:
            page.get_by_role("link", name=link).first.click()
        expect(popup.value.locator("main h1")).to_be_visible()
        expect(page.locator("#result h1")).to_contain_text("One face in")


def test_without_scripts_a_sample_is_one_click_away_and_rows_open(open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    page.locator(".home").get_by_role("button", name="Group").click()
    expect(page.locator(".row")).to_have_count(3)
    page.locator("#face-2 > summary").click()
    expect(page.locator("#face-2 .chip")).to_be_visible()
