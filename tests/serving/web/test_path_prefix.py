"""Below a path of a site that has other applications, nothing goes to these."""

import re
from collections.abc import Iterator
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, expect
from werkzeug.datastructures import FileStorage

from serving.web.app import create_app
from serving.web.settings import Settings
from tests.serving.conftest import answering, watched_pages
from tests.serving.web.browsing import blank_picture, file_of, upload

PREFIX = "/mien"
ADDRESS = re.compile(r'(?:href|src|action)="(/[^"]*)"')
PAGES = ["/", "/live", "/privacy", "/model", "/api/v1/docs", "/nothing", "/feedback/delete"]


@pytest.fixture(scope="module")
def below(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    place = tmp_path_factory.mktemp("feedback") / "feedback.db"
    return create_app(
        Settings(path_prefix=PREFIX, pictures_per_minute=0, feedback_database=str(place))
    )


@pytest.fixture
def client(below: Flask) -> FlaskClient:
    return below.test_client()


@pytest.mark.parametrize("path", PAGES)
def test_every_address_of_a_page_begins_with_the_path(path: str, client: FlaskClient) -> None:
    addresses = ADDRESS.findall(client.get(PREFIX + path, headers={"Accept": "text/html"}).text)
    assert addresses
    assert [each for each in addresses if not each.startswith(f"{PREFIX}/")] == []


def test_every_address_of_a_result_begins_with_the_path(client: FlaskClient, photo: bytes) -> None:
    image = FileStorage(BytesIO(photo), "a.jpg")
    page = client.post(f"{PREFIX}/", data={"image": image}).text
    assert f'action="{PREFIX}/heat-map"' in page
    assert [each for each in ADDRESS.findall(page) if not each.startswith(f"{PREFIX}/")] == []


def test_the_document_of_the_api_tells_whole_addresses(client: FlaskClient) -> None:
    page = client.get(f"{PREFIX}/api/v1/docs").text
    assert f"http://localhost{PREFIX}/api/v1/predict" in page
    assert "http://localhost/api" not in page


@pytest.fixture
def address(below: Flask) -> Iterator[str]:
    with answering(below) as address:
        yield address


@pytest.mark.browser
def test_pictures_are_sent_to_no_other_application(
    chromium: Browser, address: str, photo: bytes
) -> None:
    with watched_pages(chromium, address + PREFIX) as open_one:
        page = open_one()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        upload(page, photo, said="One face")
        files = [file_of(photo, "a.jpg"), file_of(blank_picture(), "b.jpg")]
        page.set_input_files("#image", files)
        expect(page.locator("#status")).to_contain_text("2 of 2 pictures read")
        with page.expect_download():
            page.get_by_role("button", name="CSV of all").click()
        page.get_by_role("link", name="Mien, home").click()
        expect(page).to_have_url(f"{address}{PREFIX}/")
        expect(page.get_by_role("button", name="Show it")).to_be_visible()
        sent = [url for url in asked if url.startswith("http")]
        assert {f"{address}{PREFIX}{path}" for path in ("/", "/result", "/table")} <= {*sent}
        assert [url for url in sent if not url.startswith(f"{address}{PREFIX}/")] == []


@pytest.mark.browser
def test_what_other_applications_keep_in_the_browser_stays(chromium: Browser, address: str) -> None:
    with watched_pages(chromium, address + PREFIX) as open_one:
        page = open_one()
        page.evaluate("Promise.all([caches.open('another'), caches.open('mien-earlier')])")
        page.evaluate(f"navigator.serviceWorker.register('{PREFIX}/service-worker.js')")
        page.wait_for_function("() => navigator.serviceWorker.controller !== null")
        assert page.evaluate("caches.has('another')")
        assert not page.evaluate("caches.has('mien-earlier')")
