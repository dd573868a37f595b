"""Batches of pictures, as they are sent and answered."""

import io
import json
import zipfile
from typing import Any

from werkzeug.test import TestResponse

BATCH = "/api/v1/predict/batch"


def zipped(members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def lines(answer: TestResponse) -> list[dict[str, Any]]:
    assert answer.status_code == 200
    assert answer.mimetype == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]
