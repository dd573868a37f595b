"""The page without a mouse."""

import pytest
from playwright.sync_api import Page, expect

from tests.serving.web.browsing import Open, upload

pytestmark = pytest.mark.browser


def test_rows_are_reached_by_arrow_keys_and_opened_by_enter(page: Page) -> None:
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


def test_the_keyboard_is_enough(page: Page) -> None:
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
