import io
from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient

from serving.web import routes_parts
from serving.web.predict_request import largest_request
from serving.web.settings import Settings


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(max_upload_bytes=1_000, max_batch_bytes=50_000_000), 50_000_000),
        # A picture in JSON is longer.
        (Settings(max_upload_bytes=100_000_000, max_batch_bytes=1_000), 160_064_000),
        (Settings(max_upload_bytes=1_000, max_batch_bytes=1_000), routes_parts.LONGEST_TABLE_BYTES),
    ],
    ids=["a batch", "JSON", "a table"],
)
def test_no_route_reads_more_than_a_thread_finds_there(settings: Settings, expected: int) -> None:
    assert largest_request(settings) == expected


@pytest.mark.parametrize("path", ["/", "/api/v1/predict", "/api/v1/predict/batch"])
@pytest.mark.parametrize(("status", "code"), [(503, "busy"), (408, "slow_request")])
def test_who_was_cut_short_for_want_of_memory_is_told_to_come_again(
    status: int, code: str, path: str, client: FlaskClient
) -> None:
    connection = SimpleNamespace(gave_way=status == 503)
    answer = client.post(
        path,
        content_type="multipart/form-data; boundary=a",
        input_stream=io.BytesIO(b"--a\r\nContent-Disposition: form-data"),
        environ_overrides={"gunicorn.socket": connection, "CONTENT_LENGTH": "40000"},
    )
    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == ("1" if connection.gave_way else None)
    if path != "/":
        assert answer.get_json()["code"] == code
