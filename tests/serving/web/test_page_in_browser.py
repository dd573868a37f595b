"""A result as a person reads it; a complaint of the browser's fails any of these tests."""

import io

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from serving.inference.predictor import Predictor
from serving.web.settings import Settings
from tests.serving.web.browsing import TOUCH, Open, file_of, upload

pytestmark = pytest.mark.browser

HOVERS, HOVER_MS = 40, 250


def test_a_person_uploads_a_photo_and_reads_the_chart(
    page: Page, predictor: Predictor, photo: bytes
) -> None:
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


def test_bars_are_sorted_on_request(page: Page, predictor: Predictor, photo: bytes) -> None:
    upload(page, photo, said="One face")
    ticks = page.locator(".row .ytick")
    # From the bottom to the top.
    expect(ticks).to_contain_text(list(reversed(predictor.spec.labels)))
    page.get_by_role("button", name="Sort bars").click()
    (prediction,) = predictor.predict(photo)[1].predictions
    expect(ticks.last).to_contain_text(prediction.label)
    expect(page.get_by_role("button", name="Sort bars")).to_have_attribute("aria-pressed", "true")


def test_landmarks_are_shown_on_request_and_the_switch_stays(page: Page, photo: bytes) -> None:
    upload(page, photo, said="One face")
    points = page.locator(".scene .points")
    expect(points).to_be_hidden()
    page.get_by_label("Landmarks").check()
    expect(points).to_be_visible()
    upload(page, photo, said="One face", name="again.jpg")
    expect(page.locator("#result h1")).to_contain_text("again.jpg")
    expect(points).to_be_visible()


def test_the_summary_filters_rows_and_dims_boxes(page: Page) -> None:
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


def test_one_row_is_open_of_many_and_all_of_few(page: Page, two_faces: bytes) -> None:
    upload(page, two_faces, said="2 faces")
    expect(page.locator(".row[open]")).to_have_count(2)
    page.get_by_role("button", name="Samples").click()
    page.locator("#samples").get_by_role("button", name="Group").click()
    expect(page.locator("#status")).to_contain_text("3 faces")
    expect(page.locator(".row[open]")).to_have_count(1)
    page.locator("#face-3 summary").first.click()
    expect(page.locator(".row[open]")).to_have_count(1)
    expect(page.locator("#face-3 .bars .point")).to_have_count(6)


def test_reasons_are_shown_for_any_label_over_the_face_in_colour(page: Page, photo: bytes) -> None:
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
    page: Page, photo: bytes
) -> None:
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


def test_the_page_says_how_many_faces_it_leaves_out(
    open_page: Open, app: Flask, two_faces: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.extensions["mien"], "settings", Settings(max_faces=1))
    page = open_page()
    upload(page, two_faces, said="2 faces")
    expect(page.locator("#result .readings")).to_contain_text("Showing 1 of 2 faces, the largest.")


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
