import gzip
import io
import zlib

import numpy as np
import pytest
from flask.testing import FlaskClient

from preprocessing.images.encode import encode_png
from serving.web.compress import LEAST_BYTES, MOST_BYTES

GZIP = {"Accept-Encoding": "gzip"}


def test_json_and_pages_are_compressed_for_clients_that_accept_it(
    client: FlaskClient,
) -> None:
    for path in ("/api/v1/openapi.json", "/model", "/"):
        plain, packed = client.get(path), client.get(path, headers=GZIP)
        assert "Content-Encoding" not in plain.headers
        assert packed.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in packed.vary
        assert "Accept-Encoding" in plain.vary
        assert len(packed.data) < 0.5 * len(plain.data)
        assert gzip.decompress(packed.data) == plain.data
        assert packed.content_length == len(packed.data)


def test_what_is_small_or_refused_stays_as_it_is(client: FlaskClient) -> None:
    small = client.get("/livez", headers=GZIP)
    assert len(small.data) < LEAST_BYTES
    assert "Content-Encoding" not in small.headers
    refused = client.get("/model", headers={"Accept-Encoding": "gzip;q=0, identity"})
    assert "Content-Encoding" not in refused.headers


def test_problems_keep_their_status(client: FlaskClient) -> None:
    answer = client.get("/nothing", headers={**GZIP, "Accept": "text/html"})
    assert answer.status_code == 404
    assert b"There is no page here" in gzip.decompress(answer.data)


@pytest.mark.parametrize("count", [1, 3])
def test_each_line_of_a_batch_can_be_read_before_the_next(
    count: int, client: FlaskClient, photo: bytes
) -> None:
    form = {"image": [(io.BytesIO(photo), f"{number}.jpg") for number in range(count)]}
    answer = client.post("/api/v1/predict/batch", data=form, headers=GZIP, buffered=False)
    assert answer.headers["Content-Encoding"] == "gzip"
    unpacker = zlib.decompressobj(wbits=31)
    lines = [unpacker.decompress(piece) for piece in answer.response]
    told = [line for line in lines if line]
    assert len(told) == count
    assert all(line.endswith(b"\n") for line in told)


def test_a_large_answer_stays_as_it_is(client: FlaskClient) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (800, 800, 3), np.uint8)
    path = "/api/v1/predict?crop=true&annotated=true"
    answer = client.post(path, data=encode_png(noise), headers=GZIP)
    assert len(answer.data) > MOST_BYTES
    assert "Content-Encoding" not in answer.headers
