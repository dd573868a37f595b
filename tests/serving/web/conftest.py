"""A picture with more faces than are in sight at once, a camera, and what feedback is sent with."""

import base64
import io
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser

from notebooks.common import find_browser
from tests.conftest import CHROMIUM_ARGUMENTS
from tests.serving.conftest import using
from tests.serving.web.browsing import FACES, crowd
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


@pytest.fixture(scope="module")
def camera(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser whose camera shows a swaying face."""
    clip = tmp_path_factory.mktemp("camera") / "clip.y4m"
    write_film(clip)
    arguments = [*CHROMIUM_ARGUMENTS, f"--use-file-for-fake-video-capture={clip}"]
    browser = chromium.browser_type.launch(executable_path=find_browser(), args=arguments)
    yield browser
    browser.close()
