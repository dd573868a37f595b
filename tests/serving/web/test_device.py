"""What the server gives a browser that reads faces itself."""

import gzip
import io
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from preprocessing.bundle.classifier import VIEWS_SIGNATURE
from preprocessing.faces.model_files import YUNET_FILE
from preprocessing.images.decode import decode_image
from serving.inference.predictor import Predictor
from serving.inference.shipped_bundle import SHIPPED_BUNDLE
from serving.web import device
from serving.web.app import create_app
from serving.web.assets import ONE_YEAR_S, WORKER, asset_url
from serving.web.device import DETECTOR_FILE, RUNTIME_FILE, static_network
from serving.web.engine import Service
from serving.web.routes_device import MAX_FRAME_BYTES, MAX_FRAME_PIXELS
from serving.web.settings import Settings
from tests.serving.web.browsing import blank_picture, jpeg_of

# What `serving/static/device/detector.js` takes for granted of the detector.
SIDE_PX, STRIDES, PARTS = 320, (8, 16, 32), ("cls", "obj", "bbox", "kps")
# Kernels differ by library.
DETECTOR_TOLERANCE, LOGITS_TOLERANCE = 1e-4, 1e-3


def test_the_detector_for_browsers_is_opencv_s(photo: bytes) -> None:
    rgb = cv2.resize(decode_image(photo), (SIDE_PX, SIDE_PX))
    run = Interpreter(model_path=str(DETECTOR_FILE), num_threads=1).get_signature_runner()
    found = run(rgb=rgb[None].astype(np.float32))["anchors"][0]
    network = cv2.dnn.readNetFromONNX(str(YUNET_FILE.path()))
    network.setInput(cv2.dnn.blobFromImage(rgb, swapRB=True))
    names = [f"{part}_{stride}" for stride in STRIDES for part in PARTS]
    outputs = [each.reshape(-1, each.shape[-1]) for each in network.forward(names)]
    of_strides = [
        np.hstack(outputs[at : at + len(PARTS)]) for at in range(0, len(names), len(PARTS))
    ]
    np.testing.assert_allclose(found, np.vstack(of_strides), atol=DETECTOR_TOLERANCE)


def test_the_network_for_browsers_gives_the_same_logits(predictor: Predictor, photo: bytes) -> None:
    (face,) = predictor.align(decode_image(photo))
    network = Interpreter(model_content=static_network(SHIPPED_BUNDLE), num_threads=1)
    found = network.get_signature_runner(VIEWS_SIGNATURE)(chips=face.chip[None])["logits"]
    np.testing.assert_allclose(found, predictor.logits(face.chip[None]), atol=LOGITS_TOLERANCE)
    sizes = [each["shape_signature"] for each in network.get_tensor_details()]
    assert all((size > 0).all() for size in sizes)


def test_only_the_worker_may_compile_webassembly(app: Flask, client: FlaskClient) -> None:
    with app.test_request_context():
        worker, other = asset_url(WORKER), asset_url("device/reader.js")
    policies = [
        client.get(path).headers["Content-Security-Policy"] for path in (worker, other, "/live")
    ]
    assert ["wasm-unsafe-eval" in policy for policy in policies] == [True, False, False]
    assert all("'self'" in policy and "'unsafe-eval'" not in policy for policy in policies)


def test_the_network_is_kept_for_good_under_its_own_hash(client: FlaskClient) -> None:
    spec = client.get("/device/spec.json")
    assert spec.json is not None
    with client.get(spec.json["network_url"]) as answer:
        assert answer.data == static_network(SHIPPED_BUNDLE)
        assert (answer.cache_control.max_age, answer.cache_control.immutable) == (ONE_YEAR_S, True)
    assert client.get("/device/0000/network.tflite").status_code == 404
    again = client.get("/device/spec.json", headers={"If-None-Match": spec.headers["ETag"]})
    assert again.status_code == 304


def test_the_runtime_is_sent_as_it_lies_or_unpacked(app: Flask, client: FlaskClient) -> None:
    with app.test_request_context():
        address = asset_url(f"vendor/{RUNTIME_FILE.stem}")
    packed = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert packed.data == RUNTIME_FILE.read_bytes()
    assert packed.headers["Content-Encoding"] == "gzip"
    plain = client.get(address, headers={"Accept-Encoding": "gzip;q=0"})
    assert plain.data == gzip.decompress(packed.data)
    assert plain.mimetype == packed.mimetype == "application/wasm"


def test_without_the_runtime_the_page_does_not_offer_it(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert 'id="here"' in client.get("/").text
    monkeypatch.setattr(device, "RUNTIME_FILE", tmp_path / RUNTIME_FILE.name)
    page = client.get("/").text
    assert 'id="here"' not in page
    assert "/live" not in page
    for path in ("/live", "/device/spec.json"):
        assert client.get(path).status_code == 404


def test_a_frame_is_read_as_the_api_reads_it(client: FlaskClient, photo: bytes) -> None:
    frame = jpeg_of(Image.open(io.BytesIO(photo)).resize((480, 480)))
    answer = client.post("/live/frame", data=frame, content_type="image/jpeg").json
    expected = client.post("/api/v1/predict", data=frame).json
    assert answer is not None
    assert expected is not None
    assert answer["faces"] == expected["faces"]
    assert len(answer["faces"]) == 1


def test_a_frame_that_is_too_large_is_refused(client: FlaskClient, photo: bytes) -> None:
    many_bytes = photo + bytes(MAX_FRAME_BYTES)
    answer = client.post("/live/frame", data=many_bytes, content_type="image/jpeg")
    assert (answer.status_code, answer.json and answer.json["code"]) == (413, "upload_too_large")
    assert f"{MAX_FRAME_BYTES:,} bytes" in answer.text
    side = math.isqrt(MAX_FRAME_PIXELS) + 1
    many_pixels = blank_picture(side, side)
    answer = client.post("/live/frame", data=many_pixels, content_type="image/jpeg")
    assert answer.json is not None
    assert answer.json["code"] == "too_many_pixels"


def test_a_frame_takes_no_options(client: FlaskClient, photo: bytes) -> None:
    frame = jpeg_of(Image.open(io.BytesIO(photo)).resize((240, 240)))
    in_address = client.post("/live/frame?chips=true", data=frame, content_type="image/jpeg")
    in_form = client.post("/live/frame", data={"image": (io.BytesIO(frame), "a"), "chips": "true"})
    for answer in (in_address, in_form):
        assert (answer.status_code, answer.json and answer.json["code"]) == (400, "invalid_request")
        assert answer.json is not None
        assert '"chips"' in answer.json["detail"]
    form = {"image": (io.BytesIO(photo + bytes(MAX_FRAME_BYTES + 80_000)), "a")}
    assert client.post("/live/frame", data=form).status_code == 413


def test_frames_and_pictures_are_limited_apart(photo: bytes) -> None:
    client = create_app(Settings(live_frames_per_minute=1, pictures_per_minute=1)).test_client()
    frame = jpeg_of(Image.open(io.BytesIO(photo)).resize((240, 240)))
    statuses = [
        client.post(path, data=frame, content_type="image/jpeg").status_code
        for path in ("/live/frame", "/live/frame", "/api/v1/predict", "/api/v1/predict")
    ]
    assert statuses == [200, 429, 200, 429]
    again = client.post("/live/frame", data=frame, content_type="image/jpeg")
    assert int(again.headers["Retry-After"]) > 0


def test_where_frames_are_not_taken_the_pages_do_not_offer_it(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [client.get(path).text for path in ("/live", "/privacy")]
    assert all("sent to this server" in page for page in pages)
    service: Service = app.extensions["mien"]
    without = service.settings.model_copy(update={"live_frames_per_minute": 0})
    monkeypatch.setattr(service, "settings", without)
    pages = [client.get(path).text for path in ("/live", "/privacy")]
    assert not any("sent to this server" in page for page in pages)
    assert client.post("/live/frame", data=b"", content_type="image/jpeg").status_code == 404
