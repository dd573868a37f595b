"""The application with the bundle that ships, pages of it in a browser, and databases."""

import io
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image, ImageOps
from playwright.sync_api import Browser, ConsoleMessage, Page
from werkzeug.serving import make_server

from preprocessing.images.sample import sample_photo_path
from serving.feedback.store import Store
from serving.feedback.upgrade import upgrade
from serving.inference.predictor import Predictor
from serving.web.app import create_app
from serving.web.engine import Service
from serving.web.routes_feedback import FeedbackState
from serving.web.settings import LEAST_TOKEN_LETTERS, Settings
from tests.tools.accessibility import WIDE
from tests.tools.postgres import Postgres, find_postgres, running_postgres

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
TOKEN = "t" * LEAST_TOKEN_LETTERS
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


@contextmanager
def answering(app: Flask) -> Iterator[str]:
    """Run a server of an application, and say where it answers."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def address(app: Flask) -> Iterator[str]:
    """Where a running server of the application answers."""
    with answering(app) as address:
        yield address


def watch(page: Page, complaints: list[str]) -> None:
    """Note what the browser complains of on a page, from its next document on."""

    def note(message: ConsoleMessage) -> None:
        if UNANSWERED not in message.text:
            complaints.append(message.text)

    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", note)
    page.add_init_script(WATCH)


@contextmanager
def watched_pages(chromium: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """A function that opens a page with the options of Playwright's `new_page`.

    A complaint of the browser's fails the test.
    """
    pages: list[Page] = []
    complaints: list[str] = []

    def open_one(path: str = "/", **options: object) -> Page:
        page = chromium.new_page(**{"viewport": WIDE, **options})  # type: ignore[arg-type]
        watch(page, complaints)
        page.goto(address + path)
        pages.append(page)
        return page

    yield open_one
    for page in pages:
        complaints += page.evaluate("window.complaints ?? []")
        page.close()
    assert not complaints


@pytest.fixture
def open_page(chromium: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """What `watched_pages` gives, of the application."""
    with watched_pages(chromium, address) as open_one:
        yield open_one


@pytest.fixture(scope="session")
def _tab(chromium: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A tab for many tests, and what the browser complains of in it."""
    tab, complaints = chromium.new_page(), []
    watch(tab, complaints)
    yield tab, complaints
    tab.close()


@pytest.fixture
def page(_tab: tuple[Page, list[str]], address: str) -> Iterator[Page]:
    """The first page as a newcomer meets it, but in a tab that tests use one after the other.

    To open a tab and to compile Plotly in it takes half of such a test's time. A test that goes
    back, sets the clock, or changes what the tab is or may do opens its own: `open_page`.
    """
    tab, complaints = _tab
    tab.set_viewport_size(WIDE)
    # Once the page before has left, and on an address that is of the same origin.
    tab.goto(f"{address}/robots.txt")
    tab.evaluate("sessionStorage.clear()")
    complaints.clear()
    tab.goto(address)
    yield tab
    complaints += tab.evaluate("window.complaints ?? []")
    tab.unroute_all(behavior="ignoreErrors")
    assert not complaints


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL; where REQUIRE_POSTGRES=1, one must be installed."""
    programs = find_postgres()
    if programs is None:
        if os.environ.get("REQUIRE_POSTGRES") == "1":
            pytest.fail("PostgreSQL is not installed, and may not be missing here.")
        pytest.skip("no PostgreSQL")
    with running_postgres(programs) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a database may be made: in a file, then on a server."""
    if request.param == "sqlite":
        return str(tmp_path / "feedback.db")
    server: Postgres = request.getfixturevalue("postgres")
    return server.empty()


@pytest.fixture
def place(empty_place: str) -> str:
    """A database of this version, without any feedback."""
    upgrade(empty_place)
    return empty_place


@pytest.fixture
def sqlite_place(tmp_path: Path) -> str:
    """The same, a file."""
    place = str(tmp_path / "feedback.db")
    upgrade(place)
    return place


@pytest.fixture(scope="session")
def feedback_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application that takes feedback, but has no database until a test gives it one."""
    place = tmp_path_factory.mktemp("feedback") / "none.db"
    return create_app(
        Settings(feedback_database=str(place), feedback_token=TOKEN, pictures_per_minute=0)
    )


@contextmanager
def using(feedback_app: Flask, place: str) -> Iterator[Store]:
    """Let the application have a database for a while."""
    before: FeedbackState = feedback_app.extensions["mien_feedback"]
    with closing(Store(place)) as store:
        feedback_app.extensions["mien_feedback"] = FeedbackState(store, before.model_digest)
        try:
            yield store
        finally:
            feedback_app.extensions["mien_feedback"] = before


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
