"""Whatever is sent, the answer is a result or a problem, and it belongs to what was sent."""

import io
import random
import resource
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from preprocessing.sample import sample_photo_path
from serving.client import Client
from serving.schema import Options

PREDICT = "/api/v1/predict"
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
# No more at once than a worker takes.
REQUESTS, CLIENTS = 500, 5
# While it answers damaged pictures, after the first few, the process may grow by so much.
GROWTH_MB = 60

any_settings = settings(
    max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def small_photo(kind: str) -> bytes:
    buffer = io.BytesIO()
    with Image.open(sample_photo_path()) as photo:
        photo.resize((96, 96)).save(buffer, kind)
    return buffer.getvalue()


SMALL_PHOTOS = [small_photo(kind) for kind in FORMATS]


@any_settings
@given(kind=st.sampled_from(range(len(FORMATS))), seed=st.integers(0, 2**32), cut=st.booleans())
def test_damaged_pictures_are_answered(
    kind: int, seed: int, client: FlaskClient, *, cut: bool
) -> None:
    damage = random.Random(seed)  # noqa: S311 - no secret
    data = bytearray(SMALL_PHOTOS[kind])
    if cut:
        del data[damage.randrange(len(data)) :]
    for _ in range(damage.randrange(1, 20)):
        if data:
            data[damage.randrange(len(data))] = damage.randrange(256)
    answer = client.post(f"{PREDICT}?crop=true", data=bytes(data))
    assert answer.status_code in (200, 400, 413, 415), answer.text


@any_settings
@given(body=st.binary(max_size=300), boundary=st.sampled_from(["x", "", "\xe9", "x" * 200]))
def test_malformed_forms_are_answered(body: bytes, boundary: str, client: FlaskClient) -> None:
    for form in (body, b"--x\r\n" + body, b'--x\r\nContent-Disposition: form-data; name="' + body):
        kind = f"multipart/form-data; boundary={boundary}"
        for path in (PREDICT, f"{PREDICT}/batch"):
            answer = client.post(path, data=form, content_type=kind)
            assert 400 <= answer.status_code < 500, answer.text


def test_memory_stays_flat(client: FlaskClient) -> None:
    peaks = []
    for part in range(3):
        for seed in range(100):
            data = bytearray(SMALL_PHOTOS[seed % len(SMALL_PHOTOS)])
            data[len(data) // 2] ^= 1 + part
            client.post(f"{PREDICT}?crop=true", data=bytes(data))
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)
    assert peaks[-1] - peaks[0] < GROWTH_MB


@pytest.mark.slow
def test_every_answer_belongs_to_its_picture(address: str) -> None:
    api = Client(address)
    generator = np.random.default_rng(0)
    pictures = []
    for number in range(REQUESTS):
        # The size tells the picture; the noise tells the answers apart.
        noise = generator.integers(0, 256, (48, 48 + number % 50), np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(noise).save(buffer, "PNG")
        pictures.append(buffer.getvalue())
    options = Options(crop=True)
    with ThreadPoolExecutor(CLIENTS) as clients:
        together = list(clients.map(lambda data: api.predict(data, options), pictures))
    assert [answer.image.width for answer in together] == [
        48 + number % 50 for number in range(REQUESTS)
    ]
    for number in range(0, REQUESTS, 20):
        assert api.predict(pictures[number], options).faces == together[number].faces
