"""A picture with more faces than are in sight at once, and what feedback is sent with."""

import base64
import io
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.serving.conftest import using
from tests.serving.web.browsing import FACES, crowd


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
