"""Draw the page's icons and the card that a link to it shows: `python -m notebooks.cards`.

Chromium draws them, from `icon.svg` and the page itself.
"""

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from notebooks.browser import served_page

FOLDER = Path(__file__).parents[1] / "serving" / "static"
ICON_PX, TOUCH_ICON_PX = 32, 180
CARD_PX = (1200, 630)
QUALITY = 80
# The promise and the finished sample, without what can be done on the page.
CARD_STYLE = """
.bar, footer, .home > .caution, .pitch form { display: none !important; }
main { padding: 24px 48px !important; }
.home { min-height: 560px; max-width: none !important; }
.home h1 { font-size: 52px !important; }
.figures { font-size: 20px; }
"""


def draw_icon(chromium: Browser, side_px: int) -> Image.Image:
    """Draw the icon as a square."""
    page = chromium.new_page(viewport={"width": side_px, "height": side_px})
    svg = (FOLDER / "icon.svg").read_text(encoding="utf-8")
    page.set_content(f"<body style='margin:0'>{svg}</body>")
    page.locator("svg").evaluate("(svg) => svg.setAttribute('width', innerWidth)")
    shot = page.screenshot(omit_background=True)
    page.close()
    return Image.open(io.BytesIO(shot))


def draw_card(chromium: Browser, address: str) -> Image.Image:
    """Draw the first screen's promise and sample; its comment is what the figures say."""
    width, height = CARD_PX
    page = chromium.new_page(viewport={"width": width, "height": height}, bypass_csp=True)
    page.goto(address, wait_until="networkidle")
    page.add_style_tag(content=CARD_STYLE)
    card = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    card.info["comment"] = " ".join(page.locator(".figures").inner_text().split())
    page.close()
    return card


def main() -> int:
    """Write the icons and the card among the page's static files."""
    with served_page() as (chromium, address):
        draw_icon(chromium, ICON_PX).save(FOLDER / "favicon.ico", sizes=[(ICON_PX, ICON_PX)])
        draw_icon(chromium, TOUCH_ICON_PX).save(FOLDER / "apple-touch-icon.png", optimize=True)
        card = draw_card(chromium, address)
        card.save(FOLDER / "card.jpg", quality=QUALITY, optimize=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
