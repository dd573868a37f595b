"""Pictures, a camera, scripts in a browser, and what feedback is sent with."""

import base64
import io
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import ExifTags, Image
from playwright.sync_api import Browser

from notebooks.common import find_browser
from serving.web.assets import asset_url
from tests.conftest import CHROMIUM_ARGUMENTS
from tests.serving.conftest import using, watched_pages
from tests.serving.web.browsing import FACES, Open, Run, crowd
from tests.serving.web.secret_picture import NAME
from tests.tools.camera_clip import write_film


@pytest.fixture(scope="session")
def many_faces(photo: bytes) -> bytes:
    return crowd(photo, FACES)


@pytest.fixture
def feedback_client(feedback_app: Flask, place: str) -> Iterator[FlaskClient]:
    """A client of the application that takes feedback, with an empty database of each kind."""
    with using(feedback_app, place):
        yield feedback_app.test_client()


@pytest.fixture(scope="session")
def chip(feedback_app: Flask, photo: bytes) -> bytes:
    """The chip that the page shows of the sample photo."""
    page = feedback_app.test_client().post("/", data={"image": (io.BytesIO(photo), "a")}).text
    (url,) = set(re.findall(r'name="chip" value="([^"]+)"', page))
    return base64.b64decode(url.partition(",")[2])


@pytest.fixture(scope="session")
def camera(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser with windows, whose camera shows a swaying face to pages that may use it."""
    executable = find_browser()
    if executable is None:
        pytest.skip("no Chromium with windows")
    clip = tmp_path_factory.mktemp("camera") / "clip.y4m"
    write_film(clip)
    arguments = [*CHROMIUM_ARGUMENTS, f"--use-file-for-fake-video-capture={clip}"]
    browser = chromium.browser_type.launch(executable_path=executable, args=arguments)
    yield browser
    browser.close()


@pytest.fixture
def open_in_window(camera: Browser, address: str) -> Iterator[Open]:
    """What `open_page` gives, of a browser with windows, in which nobody allows the camera.

    One without windows reads too few frames of a video where the processor has much to do.
    """
    with watched_pages(camera, address) as open_one:
        yield open_one


@pytest.fixture(scope="module")
def empty() -> bytes:
    """A picture without a face."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "white").save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def secret_photo(photo: bytes) -> bytes:
    """The sample photo with a secret in its EXIF."""
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = NAME
    buffer = io.BytesIO()
    Image.open(io.BytesIO(photo)).save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def run(chromium: Browser, address: str, app: Flask) -> Iterator[Run]:
    """A function that runs a script with the modules of tracks, smoothing and drawing.

    All tests of a module share its page.
    """
    with app.test_request_context():
        urls = [asset_url(f"device/{name}.js") for name in ("tracks", "smoothing", "overlay")]
    load = "async (urls) => { for (const url of urls) Object.assign(window, await import(url)); }"
    with watched_pages(chromium, address) as open_one:
        page = open_one("/privacy")
        page.evaluate(load, urls)
        yield page.evaluate
