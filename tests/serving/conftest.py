"""The application with the bundle that ships."""

import io

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image, ImageOps

from preprocessing.sample import sample_photo_path
from serving.app import create_app
from serving.predictor import Predictor
from serving.service import Service


@pytest.fixture(scope="session")
def app() -> Flask:
    return create_app()


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
def two_faces(photo: bytes) -> bytes:
    """The sample photo beside its mirror image."""
    one = Image.open(io.BytesIO(photo))
    both = Image.new("RGB", (2 * one.width, one.height))
    both.paste(one, (0, 0))
    both.paste(ImageOps.mirror(one), (one.width, 0))
    buffer = io.BytesIO()
    both.save(buffer, "JPEG", quality=95)
    return buffer.getvalue()
