"""The forms in which people say of a prediction what they think, and what is kept of them."""

import base64
import io
import re
from pathlib import Path

import numpy as np
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from serving.feedback.types import Stored
from serving.web.app import create_app
from serving.web.routes_feedback import FeedbackState
from serving.web.settings import Settings

SUMMARY, DELETE, API = "/feedback/summary", "/feedback/delete", "/api/v1/feedback/delete"


OWN = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}


CODE = re.compile("<code>([A-Z2-7-]{39})</code>")


SIZE_PX = 48


def url_of(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode('ascii')}"


def send(client: FlaskClient, chip: bytes, said: str = "sad", **fields: str) -> TestResponse:
    data = {"chip": url_of(chip), "said": said, "consent": "1", **fields}
    return client.post("/feedback", data=data, headers=OWN, buffered=True)


def code_in(answer: TestResponse) -> str:
    assert answer.status_code == 200, answer.text
    (code,) = CODE.findall(answer.text)
    assert isinstance(code, str)
    return code


def kept_by(client: FlaskClient) -> list[Stored]:
    state: FeedbackState = client.application.extensions["mien_feedback"]
    return list(state.store.read())


def png_of(picture: np.ndarray, **options: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", **options)
    return buffer.getvalue()


def without_models(folder: Path, **settings: object) -> FlaskClient:
    """An application that is up at once, for it has no models."""
    chosen = {"feedback_database": str(folder / "none.db"), **settings}
    return create_app(Settings(bundle=folder, **chosen)).test_client()
