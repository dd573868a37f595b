"""Whatever is sent, the answer is a result or a problem."""

import base64
import gzip
import io
import json
import random
import resource
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from werkzeug.test import TestResponse

from preprocessing.images.sample import sample_photo_path
from serving.inference.options import Options

PREDICT = "/api/v1/predict"
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIF", "AVIF")
DAMAGED, WARM_UP = 1200, 200
ANSWERED = (200, 400, 413, 415, 422)
# While it answers damaged pictures, after the first few, the process may grow by so much: all of
# them decoded, 96 x 96 in colour, are 50 MB.
MOST_GROWTH_MB = 20

any_settings = settings(
    max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
fewer_settings = settings(any_settings, max_examples=200)


def small_photo(kind: str, *, side_px: int) -> bytes:
    buffer = io.BytesIO()
    with Image.open(sample_photo_path()) as photo:
        small = photo.resize((side_px, side_px))
        (pillow_heif.from_pillow(small) if kind == "HEIF" else small).save(buffer, format=kind)
    return buffer.getvalue()


def a_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a.txt", "folder/", "folder/b.txt"):
            archive.writestr(name, b"no picture" * 20)
    return buffer.getvalue()


SMALL_PHOTOS = [small_photo(kind, side_px=96) for kind in FORMATS]
CHIPS = [small_photo(kind, side_px=48) for kind in FORMATS]
A_ZIP = a_zip()


def damaged_picture(seed: int, pictures: list[bytes]) -> bytes:
    """Return a picture with some wrong bytes, and every other time cut short."""
    damage = random.Random(seed)  # noqa: S311 - no secret
    data = bytearray(damage.choice(pictures))
    if seed % 2:
        del data[damage.randrange(1, len(data)) :]
    for _ in range(damage.randrange(1, 20)):
        data[damage.randrange(len(data))] = damage.randrange(256)
    return bytes(data)


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def as_json(client: FlaskClient, data: bytes) -> TestResponse:
    image = base64.b64encode(data).decode("ascii")
    return client.post(PREDICT, json={"image": image, "crop": True})


def as_batch(client: FlaskClient, data: bytes) -> TestResponse:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", data)
    answer = client.post(f"{PREDICT}/batch", data=buffer.getvalue(), content_type="application/zip")
    (line,) = answer.text.splitlines()
    assert json.loads(line).get("problem", {"status": 200})["status"] in ANSWERED, line
    return answer


def as_chip(client: FlaskClient, data: bytes) -> TestResponse:
    url = f"data:image/png;base64,{base64.b64encode(data).decode('ascii')}"
    return client.post("/heat-map", data={"label": "happy", "chip": url})


def as_body(client: FlaskClient, data: bytes) -> TestResponse:
    return client.post(f"{PREDICT}?crop=true", data=data)


# The quickest most often; an odd number, for every other picture is cut short.
WAYS: tuple[Callable[[FlaskClient, bytes], TestResponse], ...] = (
    *(4 * [as_body]),
    lambda client, data: client.post(PREDICT, data=data),
    lambda client, data: client.post("/", data={"image": (io.BytesIO(data), "a"), "crop": "1"}),
    as_json,
    as_batch,
    as_chip,
)


@pytest.mark.slow
def test_damaged_pictures_are_answered_and_memory_stays_flat(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It takes seconds, and sees only what was decoded well.
    monkeypatch.setattr(
        "serving.web.routes_parts.occlusion_maps", lambda chip, _: [chip.astype(np.float32)] * 6
    )
    grown_mb = 0.0
    for seed in range(DAMAGED):
        way = WAYS[seed % len(WAYS)]
        # A chip is small; the size of other pictures is no matter.
        answer = way(client, damaged_picture(seed, CHIPS if way is as_chip else SMALL_PHOTOS))
        assert answer.status_code in ANSWERED, f"{seed}: {answer.text}"
        if seed == WARM_UP:
            grown_mb = -resident_mb()
    grown_mb += resident_mb()
    assert grown_mb < MOST_GROWTH_MB


@any_settings
@given(
    body=st.binary(max_size=300),
    boundary=st.sampled_from(["x", "", "\xe9", "x" * 200]),
    path=st.sampled_from([PREDICT, f"{PREDICT}/batch", "/", "/heat-map", "/result", "/table"]),
)
def test_malformed_forms_are_answered(
    body: bytes, boundary: str, path: str, client: FlaskClient
) -> None:
    for form in (body, b"--x\r\n" + body, b'--x\r\nContent-Disposition: form-data; name="' + body):
        kind = f"multipart/form-data; boundary={boundary}"
        answer = client.post(path, data=form, content_type=kind)
        assert 400 <= answer.status_code < 500, answer.text


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=5,
)


@fewer_settings
@given(
    body=ANY_JSON
    | st.dictionaries(st.sampled_from(["image", *Options.model_fields, "more"]), ANY_JSON)
)
def test_json_of_all_sorts_is_answered(body: object, client: FlaskClient) -> None:
    answer = client.post(PREDICT, data=json.dumps(body), content_type="application/json")
    assert 400 <= answer.status_code < 500, answer.text


@fewer_settings
@given(at=st.integers(0, len(A_ZIP) - 1), damage=st.binary(min_size=1, max_size=30))
def test_damaged_zips_are_answered(at: int, damage: bytes, client: FlaskClient) -> None:
    data = A_ZIP[:at] + damage + A_ZIP[at + len(damage) :]
    answer = client.post(f"{PREDICT}/batch", data=data, content_type="application/zip")
    assert answer.status_code in (200, 400), answer.text
    assert "internal_error" not in answer.text


@fewer_settings
@given(
    path=st.sampled_from(["/", "/model", "/nothing", "/readyz", "/static/any/mien.js"]),
    headers=st.dictionaries(
        st.sampled_from(
            ["Accept", "Accept-Encoding", "Content-Length", "Content-Type", "Cookie", "Host",
             "If-None-Match", "Range", "traceparent", "X-Cloud-Trace-Context", "X-Forwarded-For",
             "X-Request-ID"]
        ),
        st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=80),
        min_size=1,
    ),
)  # fmt: skip
def test_headers_of_all_sorts_are_answered(
    path: str, headers: dict[str, str], client: FlaskClient
) -> None:
    assert client.get(path, headers=headers).status_code < 500


@pytest.mark.parametrize("path", [PREDICT, f"{PREDICT}/batch", "/live/frame"])
def test_a_compressed_body_is_refused_by_name(path: str, client: FlaskClient) -> None:
    headers = {"Content-Encoding": "gzip"}
    answer = client.post(path, data=gzip.compress(bytes(10_000)), headers=headers)
    assert answer.status_code == 415
    assert "Content-Encoding" in answer.text
