"""Whatever is sent, the answer is a result or a problem."""

import io
import random
import resource
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from preprocessing.sample import sample_photo_path

PREDICT = "/api/v1/predict"
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
DAMAGED, WARM_UP = 2000, 200
# While it answers damaged pictures, after the first few, the process may grow by so much: all of
# them decoded, 96 x 96 in colour, are 50 MB.
MOST_GROWTH_MB = 20

any_settings = settings(
    max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def small_photo(kind: str) -> bytes:
    buffer = io.BytesIO()
    with Image.open(sample_photo_path()) as photo:
        photo.resize((96, 96)).save(buffer, kind)
    return buffer.getvalue()


SMALL_PHOTOS = [small_photo(kind) for kind in FORMATS]


def damaged_picture(seed: int) -> bytes:
    """Return a small photo with some wrong bytes, and every other time cut short."""
    damage = random.Random(seed)  # noqa: S311 - no secret
    data = bytearray(damage.choice(SMALL_PHOTOS))
    if seed % 2:
        del data[damage.randrange(1, len(data)) :]
    for _ in range(damage.randrange(1, 20)):
        data[damage.randrange(len(data))] = damage.randrange(256)
    return bytes(data)


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


@pytest.mark.slow
def test_damaged_pictures_are_answered_and_memory_stays_flat(client: FlaskClient) -> None:
    grown_mb = 0.0
    for seed in range(DAMAGED):
        answer = client.post(f"{PREDICT}?crop=true", data=damaged_picture(seed))
        assert answer.status_code in (200, 400, 413, 415), f"{seed}: {answer.text}"
        if seed == WARM_UP:
            grown_mb = -resident_mb()
    grown_mb += resident_mb()
    assert grown_mb < MOST_GROWTH_MB


@any_settings
@given(body=st.binary(max_size=300), boundary=st.sampled_from(["x", "", "\xe9", "x" * 200]))
def test_malformed_forms_are_answered(body: bytes, boundary: str, client: FlaskClient) -> None:
    for form in (body, b"--x\r\n" + body, b'--x\r\nContent-Disposition: form-data; name="' + body):
        kind = f"multipart/form-data; boundary={boundary}"
        for path in (PREDICT, f"{PREDICT}/batch"):
            answer = client.post(path, data=form, content_type=kind)
            assert 400 <= answer.status_code < 500, answer.text
