"""Send a picture to the page by its form, and take out what the answer embeds."""

import base64
import io

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

NAME = "holiday.jpg"


def post(client: FlaskClient, data: bytes, **fields: str) -> TestResponse:
    return client.post("/", data={"image": (io.BytesIO(data), NAME), **fields})


def content(url: str, media_type: str) -> bytes:
    head, _, encoded = url.partition(",")
    assert head == f"data:{media_type};base64"
    return base64.b64decode(encoded, validate=True)
