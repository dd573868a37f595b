"""The rules of accessibility, asked of a page wide and light, and narrow and dark."""

from axe_playwright_python.sync_playwright import Axe, AxeResults
from playwright.sync_api import Page, ViewportSize

WIDE: ViewportSize = {"width": 1400, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# To describe every element that breaks no rule takes longer than to look at it, and no rule here
# asks for the style sheets.
BROKEN = """(rules) => axe.run({
  ...rules, resultTypes: ["violations"], preload: { assets: ["media"] },
})"""

# Charts are drawn anew a moment after the screen has become narrow.
FITS = "(width) => document.documentElement.scrollWidth <= width"


def assert_accessible(page: Page) -> None:
    """Fail where a rule is broken, or the page is wider than its screen.

    Half as many questions as all widths in all colours: what the colours decide is asked of each
    scheme, all else of each width. It leaves the page wide and in light colours.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    for viewport, scheme in ((PHONE, "dark"), (WIDE, "light")):
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found = AxeResults(page.evaluate(BROKEN, RULES))
        assert not found.response["violations"], found.generate_report()
        page.wait_for_function(FITS, arg=viewport["width"])
