"""The application with the bundle that ships, and pages of it in a browser."""

import io
import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image, ImageOps
from playwright.sync_api import Browser, ConsoleMessage, Page
from werkzeug.serving import make_server

from preprocessing.images.sample import sample_photo_path
from serving.inference.predictor import Predictor
from serving.web.app import create_app
from serving.web.engine import Service
from serving.web.settings import Settings
from tests.tools.accessibility import WIDE

WATCH = """
window.complaints = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.complaints.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
window.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
# What the browser itself tells of an answer such as 415.
UNANSWERED = "Failed to load resource"


@pytest.fixture(scope="session")
def app() -> Flask:
    # All tests have one address.
    return create_app(Settings(pictures_per_minute=0))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="session")
def predictor(app: Flask) -> Predictor:
    service: Service = app.extensions["mien"]
    return service.require()


@pytest.fixture(scope="session")
def photo() -> bytes:
    """A photo with one face."""
    return sample_photo_path().read_bytes()


@pytest.fixture(scope="session")
def address(app: Flask) -> Iterator[str]:
    """Where a running server of the application answers."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def open_page(chromium: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """A function that opens a page with the options of Playwright's `new_page`.

    A complaint of the browser's fails the test.
    """
    pages: list[Page] = []
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if UNANSWERED not in message.text:
            complaints.append(message.text)

    def open_one(path: str = "/", **options: object) -> Page:
        page = chromium.new_page(**{"viewport": WIDE, **options})  # type: ignore[arg-type]
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", note)
        page.add_init_script(WATCH)
        page.goto(address + path)
        pages.append(page)
        return page

    yield open_one
    for page in pages:
        complaints += page.evaluate("window.complaints ?? []")
        page.close()
    assert not complaints


@pytest.fixture(scope="session")
def two_faces(photo: bytes) -> bytes:
    """The sample photo beside its mirror image."""
    one = Image.open(io.BytesIO(photo))
    both = Image.new("RGB", (2 * one.width, one.height))
    both.paste(one, (0, 0))
    both.paste(ImageOps.mirror(one), (one.width, 0))
    buffer = io.BytesIO()
    both.save(buffer, "JPEG", quality=95)
    return buffer.getvalue()
