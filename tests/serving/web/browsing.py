"""What tests of the page in a browser share: screens, uploads, pictures that people bring."""

import base64
import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, Route, ViewportSize, expect

# On a busy machine reasons take longer than Playwright waits by default.
expect.set_options(timeout=60_000)

LAPTOP: ViewportSize = {"width": 1366, "height": 650}
PHONE: ViewportSize = {"width": 390, "height": 844}
LARGE: ViewportSize = {"width": 2560, "height": 1440}
TOUCH = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
FACES = 24
"""In the picture `many_faces`."""
BUSY = """<section id="result"><div class="problem">
<h2>Busy</h2><p>More pictures arrive than can be looked at.</p></div></section>"""

Open = Callable[..., Page]
Run = Callable[[str, Any], Any]


def file_of(data: bytes, name: str = "a.jpg") -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": data}


def upload(page: Page, data: bytes, *, said: str, name: str = "a.jpg") -> None:
    """Choose a picture, and wait until the page says so."""
    page.set_input_files("#image", file_of(data, name))
    expect(page.locator("#status")).to_contain_text(said)


def crowd(photo: bytes, faces: int, *, columns: int = 6) -> bytes:
    """Lay the head of the sample photo out in rows, `faces` times."""
    head = Image.open(io.BytesIO(photo)).convert("RGB").crop((95, 10, 355, 270)).resize((180, 180))
    rows = -(-faces // columns)
    sheet = Image.new("RGB", (columns * 180, rows * 180), "gray")
    for index in range(faces):
        sheet.paste(head, (index % columns * 180, index // columns * 180))
    return jpeg_of(sheet)


def jpeg_of(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def blank_picture(width: int = 300, height: int = 200) -> bytes:
    """A picture without a face: a soft slope of grey."""
    grey = np.tile(np.linspace(90, 160, width).astype(np.uint8), (height, 1))
    return jpeg_of(Image.fromarray(grey))


def drawing_of(photo: bytes, side_px: int) -> FilePayload:
    """A photo within an SVG drawing."""
    encoded = base64.b64encode(photo).decode("ascii")
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side_px}" height="{side_px}"><image '
        f'width="{side_px}" height="{side_px}" href="data:image/jpeg;base64,{encoded}"/></svg>'
    )
    return {"name": "drawing.svg", "mimeType": "image/svg+xml", "buffer": drawing.encode()}


def drop(page: Page, *files: tuple[str, bytes], kind: str = "drop") -> None:
    """Drop or paste files onto the page.

    Their bytes go as base64: Playwright takes a second for a list of as many numbers.
    """
    field, event = {
        "drop": ("dataTransfer", "DragEvent"),
        "paste": ("clipboardData", "ClipboardEvent"),
    }[kind]
    page.evaluate(
        f"""(files) => {{
          const {field} = new DataTransfer();
          for (const [name, base64] of files) {{
            const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
            {field}.items.add(new File([bytes], name, {{ type: "image/jpeg" }}));
          }}
          document.body.dispatchEvent(new {event}("{kind}", {{ {field}, bubbles: true }}));
        }}""",
        [[name, base64.b64encode(data).decode("ascii")] for name, data in files],
    )


def hold_answers(page: Page, address: str = "**/") -> list[Route]:
    """Keep what is sent from now on from the server, until it is let go."""
    held: list[Route] = []
    page.route(address, lambda route: held.append(route))  # noqa: PLW0108 - it marks its function
    return held


def part(page: Page, name: str) -> Locator:
    """Return an element of the live page by the name that its script knows it by."""
    return page.locator(f"[data-part={name}]")


def top_of(page: Page, selector: str) -> float:
    """Return how far below the window's top an element begins, in pixels."""
    return float(page.locator(selector).first.evaluate("(one) => one.getBoundingClientRect().top"))


def is_in_sight(page: Page, selector: str) -> bool:
    """Say whether an element begins within the window."""
    return bool(
        page.locator(selector).first.evaluate(
            """(one) => {
              const { top, bottom, width } = one.getBoundingClientRect();
              return width > 0 && bottom > 0 && top >= 0 && top < innerHeight;
            }"""
        )
    )


def is_seen_whole(page: Page, selector: str) -> bool:
    """Say whether all of an element is within the window, and nothing lies over it."""
    return bool(
        page.locator(selector).first.evaluate(
            """(one) => {
              const { top, bottom, left, right } = one.getBoundingClientRect();
              const across = left >= 0 && left < right && right <= innerWidth;
              const down = top >= 0 && top < bottom && bottom <= innerHeight;
              const middle = (left + right) / 2;
              return across && down && [top + 2, (top + bottom) / 2, bottom - 2].every((y) => {
                const upmost = document.elementFromPoint(middle, y);
                return one.contains(upmost) || upmost?.contains(one);
              });
            }"""
        )
    )


def open_many(open_page: Open, many_faces: bytes, **options: object) -> Page:
    """Open a page that shows the result of the picture with many faces."""
    page = open_page(**{"viewport": LAPTOP, "reduced_motion": "reduce", **options})
    upload(page, many_faces, said=f"{FACES} faces", name="many.jpg")
    return page
