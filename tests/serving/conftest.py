"""The application with the bundle that ships."""

import io
import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image, ImageOps
from werkzeug.serving import make_server

from preprocessing.sample import sample_photo_path
from serving.app import create_app
from serving.predictor import Predictor
from serving.service import Service
from serving.settings import Settings


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
