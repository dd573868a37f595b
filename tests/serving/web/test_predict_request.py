import pytest

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
