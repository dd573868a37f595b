"""Reading a picture in a browser: as the server reads it."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from preprocessing.faces.picture import Picture
from preprocessing.images.decode import decode_image
from preprocessing.images.encode import encode_png
from serving.inference.prediction import Prediction
from serving.inference.predictor import Predictor
from serving.web.assets import asset_url
from serving.web.samples import sample_bytes
from tests.serving.conftest import watched_pages

pytestmark = pytest.mark.browser

# At the same alignment: browsers decode a JPEG a grey level otherwise; stretched, up to four times.
CHIP_LEVELS, STRETCHED, PROBABILITY = 2, 8, 0.03
# Aligned by five points instead of 68, the label may change where the server itself was not sure.
CONFIDENT = 0.6
SAMPLES = ("portrait", "group", "tilted", "hard")
SAME_LABELS = 0.95  # of the faces of all photos of which the server is so sure
# To search more takes a browser seconds; such photos are only read where the server found faces.
MOST_SEARCHED_PX = 300_000
READ = """async ([base64, transforms, isSearched]) => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const whole = await createImageBitmap(new Blob([bytes]));
  const copy = await createImageBitmap(whole);
  const plain = (face) => ({ ...face, chip: Array.from(face.chip) });
  const aligned = await client.readAligned(copy, transforms);
  const { faces } = isSearched ? await client.read(whole) : { faces: [] };
  return { faces: faces.map(plain), aligned: aligned.map(plain) };
}"""

Read = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def read_page(chromium: Browser, address: str, app: Flask) -> Iterator[Page]:
    """A page whose worker is ready, as `client`; the tests share it, for it takes long to load."""
    with app.test_request_context():
        module = asset_url("device/client.js")
    with watched_pages(chromium, address) as open_one:
        page = open_one("/privacy")
        page.evaluate(
            "async (url) => { window.client = await import(url); await client.load(); }", module
        )
        yield page


@pytest.fixture
def read(read_page: Page) -> Read:
    """A function that reads a picture in a browser by given transforms, and searches it too."""

    def read_one(data: bytes, transforms: list[Any], *, is_searched: bool = True) -> dict[str, Any]:
        given = [base64.b64encode(data).decode("ascii"), transforms, is_searched]
        return dict(read_page.evaluate(READ, given))

    return read_one


def compare(
    read: Read,
    predictor: Predictor,
    data: bytes,
    *,
    is_searched: bool = True,
    levels: int = CHIP_LEVELS,
) -> list[bool]:
    """Hold what the browser reads in a picture to what the server does.

    Returns:
        Of each face that was searched for, and of which the server is sure: whether its label is
        the same by the browser's own alignment.
    """
    expected = predictor.predict(decode_image(data))[1].predictions
    transforms = [each.face.transform.tolist() for each in expected]
    found = read(data, transforms, is_searched=is_searched)
    for prediction, aligned in zip(expected, found["aligned"], strict=True):
        chip = prediction.face.chip
        here = np.array(aligned["chip"]).reshape(chip.shape)
        assert np.abs(here - chip.astype(int)).max() <= levels
        np.testing.assert_allclose(
            aligned["probabilities"], prediction.probabilities, atol=PROBABILITY
        )
    if not is_searched:
        return []
    assert len(found["faces"]) == len(expected)
    same = [same_face(found["faces"], each) for each in expected]
    return [
        label_of(face, predictor) == each.label
        for face, each in zip(same, expected, strict=True)
        if each.confidence >= CONFIDENT
    ]


def same_face(faces: list[dict[str, Any]], prediction: Prediction) -> dict[str, Any]:
    """Return the one face of the browser's that is where the server found one."""
    box = prediction.face.face.box
    middle = np.array([box.left + box.right, box.top + box.bottom]) / 2
    (same,) = [
        face
        for face in faces
        if np.linalg.norm(middle_of(face) - middle) < box.width / 4
        and 0.7 < face["width"] / box.width < 1.4
    ]
    return same


def label_of(face: dict[str, Any], predictor: Predictor) -> str:
    return predictor.spec.labels[int(np.argmax(face["probabilities"]))]


def middle_of(face: dict[str, Any]) -> np.ndarray:
    return np.array([face["left"] + face["width"] / 2, face["top"] + face["height"] / 2])


def test_browser_and_server_read_the_same_in_the_samples(read: Read, predictor: Predictor) -> None:
    for name in SAMPLES:
        assert all(compare(read, predictor, sample_bytes(name)))
    for light, fog in [(0.1, 0), (0.3, 0), (0.2, 160), (0.1, 180)]:
        spoiled = (decode_image(sample_bytes("group")) * light + fog).astype(np.uint8)
        compare(read, predictor, encode_png(spoiled), is_searched=False, levels=STRETCHED)


def test_browser_and_server_read_the_same_where_colours_hide_faces(
    read: Read, predictor: Predictor
) -> None:
    photo = decode_image(sample_bytes("group"))
    blotches = np.random.default_rng(0).normal(0, 90, photo.shape)
    blotches -= blotches @ np.array([[0.299], [0.587], [0.114]])
    blue = np.array([0.1, 0.1, 1])
    for spoiled, is_searched in [
        (photo + blotches, True),
        (photo * blue, True),
        (0.15 * photo * blue, False),
    ]:
        seen = np.clip(spoiled, 0, 255).astype(np.uint8)
        assert not Picture(seen).colour.has_colours
        png = encode_png(seen)
        compare(read, predictor, png, is_searched=is_searched, levels=STRETCHED)


def test_browser_and_server_read_the_same_in_all_photos(
    read: Read, predictor: Predictor, shared_data: Path
) -> None:
    same_labels: list[bool] = []
    for path in sorted((shared_data / "photos").glob("*.jpg")):
        data = path.read_bytes()
        height, width = decode_image(data).shape[:2]
        is_searched = height * width <= MOST_SEARCHED_PX or path.stem == "dogs"
        same_labels += compare(read, predictor, data, is_searched=is_searched, levels=STRETCHED)
    assert len(same_labels) > 20
    assert np.mean(same_labels) >= SAME_LABELS


def test_the_faces_of_a_frame_are_read_in_turn(read_page: Page) -> None:
    read_in = read_page.evaluate(
        """async (base64) => {
          const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
          const frames = [];
          await client.readFrame(await createImageBitmap(new ImageData(64, 64)));
          for (let index = 0; index < 3; index += 1) {
            const frame = await createImageBitmap(new Blob([bytes]));
            const { faces } = await client.readFrame(frame);
            frames.push(faces.map((face) => "probabilities" in face));
          }
          return frames;
        }""",
        base64.b64encode(sample_bytes("group")).decode("ascii"),
    )
    assert read_in == [[True, False, True], [False, True, True], [True, True, False]]
