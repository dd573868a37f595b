"""Reading a picture in the page itself: as the server reads it, and without sending it."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from preprocessing.images.decode import decode_image
from preprocessing.images.encode import encode_png
from serving.inference.options import Options
from serving.inference.prediction import Prediction
from serving.inference.predictor import Predictor
from serving.inference.serialize import to_answer
from serving.web.assets import asset_url
from serving.web.samples import sample_bytes
from tests.serving.conftest import watched_pages
from tests.serving.web.browsing import Open, blank_picture, drawing_of, drop, file_of
from tests.tools.accessibility import assert_accessible

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


def choose(page: Page, data: bytes, name: str, *, heading: str) -> None:
    page.set_input_files("#image", file_of(data, name))
    expect(page.locator("#result h1")).to_have_text(heading)


def test_a_picture_is_read_without_a_request(
    open_page: Open, photo: bytes, two_faces: bytes, predictor: Predictor
) -> None:
    page = open_page(viewport={"width": 1366, "height": 650})
    page.get_by_label("Read photos on this device").check()
    sent: list[tuple[str, str]] = []
    page.on("request", lambda request: sent.append((request.method, request.url)))
    choose(page, photo, "me.jpg", heading="One face in me.jpg")
    expect(page.locator(".row .bars .point")).to_have_count(len(predictor.spec.labels))
    assert sent
    assert {method for method, _ in sent} == {"GET"}
    sent.clear()
    choose(page, two_faces, "us <b>.jpg", heading="2 faces in us <b>.jpg")
    expect(page.locator(".photo-notes")).to_contain_text("was not sent")
    expect(page.locator(".row .bars")).to_have_count(2)
    assert not [url for _, url in sent if url.startswith("http")]

    rgb, result = predictor.predict(two_faces)
    answer = to_answer(rgb, result, options=Options())
    href = page.locator("a.download", has_text="JSON").get_attribute("href") or ""
    here = json.loads(unquote(href.partition(",")[2]))
    assert [face["label"] for face in here["faces"]] == [face.label for face in answer.faces]
    assert [set(face["probabilities"]) for face in here["faces"]] == [
        set(face.probabilities) for face in answer.faces
    ]
    table = unquote(
        page.locator("a.download", has_text="CSV").get_attribute("href") or ""
    ).splitlines()
    assert table[0].endswith(",".join(predictor.spec.labels))
    assert len(table) == 3
    page.locator("#result").get_by_label("Points").check()
    assert_accessible(page)


def test_a_drawing_is_read_here_too(open_page: Open, photo: bytes) -> None:
    page = open_page()
    page.get_by_label("Read photos on this device").check()
    page.set_input_files("#image", drawing_of(photo, 512))
    expect(page.locator("#result h1")).to_have_text("One face in drawing.svg")


def test_what_cannot_be_read_here_is_said_and_not_sent(open_page: Open, photo: bytes) -> None:
    page = open_page()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    page.get_by_label("Read photos on this device").check()
    choose(page, blank_picture(), "wall.jpg", heading="No face found in wall.jpg")
    page.set_input_files("#image", file_of(b"no picture", "notes.docx"))
    expect(page.locator("#status")).to_contain_text("notes.docx cannot be opened by your browser")
    drop(page, ("one.jpg", photo), ("two.jpg", photo))
    expect(page.locator("#status")).to_contain_text("the first of 2")
    page.get_by_role("link", name="Mien, home").click()
    page.locator("#crop").evaluate("(box) => { box.checked = true; }")
    page.set_input_files("#image", file_of(photo))
    expect(page.locator("#status")).to_contain_text("read by the server only")
    assert "POST" not in sent


def test_after_the_first_time_it_works_without_a_network(
    chromium: Browser, address: str, photo: bytes
) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(address)
    page.get_by_label("Read photos on this device").check()
    choose(page, photo, "me.jpg", heading="One face in me.jpg")
    page.evaluate("navigator.serviceWorker.ready.then(({ active }) => active.state)")
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    context.set_offline(True)
    page.goto(f"{address}/live")
    expect(page.get_by_role("button", name="Start the camera")).to_be_visible()
    page.goto(address)
    page.get_by_label("Read photos on this device").check()
    choose(page, photo, "again.jpg", heading="One face in again.jpg")
    expect(page.locator(".row .bars")).to_be_visible()
    context.close()
