"""The rules of accessibility, asked of a page on two sizes of screen, in both colour schemes."""

from axe_playwright_python.sync_playwright import Axe, AxeResults
from playwright.sync_api import Page, ViewportSize

WIDE: ViewportSize = {"width": 1400, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# All that the colours decide.
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
# To describe every element that breaks no rule takes longer than to look at it, and no rule here
# asks for the style sheets.
BROKEN = """(rules) => axe.run({
  ...rules, resultTypes: ["violations"], preload: { assets: ["media"] },
})"""


def assert_accessible(page: Page) -> None:
    """Fail where a rule is broken, or the page is wider than its screen.

    It leaves the page wide and in light colours.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    for viewport in (WIDE, PHONE):
        page.set_viewport_size(viewport)
        for scheme, rules in (("light", RULES), ("dark", CONTRAST)):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            found = AxeResults(page.evaluate(BROKEN, rules))
            assert not found.response["violations"], found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme="light")
