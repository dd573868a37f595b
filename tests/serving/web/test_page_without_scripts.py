"""The page where scripts are switched off."""

import pytest
from playwright.sync_api import expect

from preprocessing.images.sample import sample_photo_path
from serving.inference.predictor import Predictor
from tests.serving.web.browsing import Open

pytestmark = pytest.mark.browser


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
    expect(popup.value.locator(".layers:visible .tint")).to_have_count(1)
    popup.value.get_by_text("sad", exact=True).click()
    expect(popup.value.locator(".reason-of:visible")).to_contain_text("“sad”")
    page.set_input_files("#image", sample_photo_path())
    page.get_by_role("button", name="Show expressions").click()
    expect(page.locator("#result h1")).to_be_visible()


def test_without_scripts_a_sample_is_one_click_away_rows_open_and_links_leave_it_where_it_is(
    open_page: Open,
) -> None:
    page = open_page(java_script_enabled=False)
    page.locator(".home").get_by_role("button", name="Group").click()
    expect(page.locator(".row")).to_have_count(3)
    page.locator("#face-2 > summary").click()
    expect(page.locator("#face-2 .chip")).to_be_visible()
    for link in ("How good is it?", "Privacy", "How it was tested"):
        with page.expect_popup() as popup:
            page.get_by_role("link", name=link).first.click()
        expect(popup.value.locator("main h1")).to_be_visible()
        expect(page.locator("#result h1")).to_contain_text("3 faces in")
