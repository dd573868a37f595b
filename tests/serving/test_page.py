import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from unittest import mock

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect

from preprocessing.sample import sample_photo_path
from serving.predictor import Predictor


class Elements(HTMLParser):
    """Collect tags with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def having(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        return [
            attrs
            for name, attrs in self.found
            if name == tag and all(attrs.get(key) == value for key, value in attributes.items())
        ]


def test_the_page_asks_for_nothing_from_elsewhere(client: FlaskClient) -> None:
    elements = Elements(client.get("/").text)
    links = [
        attrs.get(key) or ""
        for _, attrs in elements.found
        for key in ("src", "href", "action")
        if key in attrs
    ]
    assert links
    assert all(link.startswith(("/", "#")) for link in links)
    assert all(_size(client, link) for link in links if link.startswith("/static"))


def test_static_files_may_be_kept_for_good(client: FlaskClient) -> None:
    (script,) = [
        attrs["src"]
        for attrs in Elements(client.get("/").text).having("script")
        if "plotly" in (attrs["src"] or "")
    ]
    assert script is not None
    assert re.search(r"v=[0-9a-f]{12}$", script)
    with client.get(script) as answer:
        assert "max-age=31536000" in answer.headers["Cache-Control"]


def test_the_page_says_when_it_is_not_sure(
    client: FlaskClient, predictor: Predictor, photo: bytes
) -> None:
    (prediction,) = predictor.predict(photo)[1].predictions
    service = client.application.extensions["mien"]
    for sure_confidence, said in (
        (0.01, f"<h2>{prediction.label}</h2>"),
        (1.0, "<h2>not sure</h2>"),
    ):
        spec = replace(predictor.spec, sure_confidence=sure_confidence)
        with mock.patch.object(service.predictor, "spec", spec):
            answer = client.post("/", data={"image": (io.BytesIO(photo), "photo.jpg")})
        assert said in answer.text
        second_is_named = f"or {prediction.second_label} (" in answer.text
        assert second_is_named == (sure_confidence == 1.0)


def test_a_plain_form_post_shows_the_whole_result(
    client: FlaskClient, predictor: Predictor, photo: bytes
) -> None:
    answer = client.post("/", data={"image": (io.BytesIO(photo), "photo.jpg")})
    assert answer.status_code == 200
    elements = Elements(answer.text)
    assert len(elements.having("li", **{"class": "card"})) == 1
    assert len(elements.having("tr")) == 1 + len(predictor.spec.labels)
    points = [attrs for attrs in elements.having("circle") if attrs.get("r")]
    assert len(points) >= 68
    (chart,) = elements.having("div", **{"class": "chart"})
    figure = json.loads(chart["data-figure"] or "")
    assert figure["data"][0]["y"] == list(predictor.spec.labels)
    assert sum(figure["data"][0]["x"]) == pytest.approx(1, abs=0.001)


def test_the_sample_needs_no_upload(client: FlaskClient, photo: bytes) -> None:
    by_sample = client.post("/", data={"sample": "1"})
    by_upload = client.post("/", data={"image": (io.BytesIO(photo), "photo.jpg")})
    tables = [re.findall(r"<td>.*?</td>", page.text) for page in (by_sample, by_upload)]
    assert tables[0] == tables[1]
    assert tables[0]


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"", 400, "No picture"),
        (b"hello", 415, "Not a picture"),
        (sample_photo_path().read_bytes()[:9000], 400, "Damaged"),
    ],
)
def test_errors_are_shown_on_the_page(
    data: bytes, status: int, words: str, client: FlaskClient
) -> None:
    answer = client.post("/", data={"image": (io.BytesIO(data), "photo.jpg")})
    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    assert words in answer.text
    assert 'id="upload"' in answer.text


def test_the_first_page_is_light(client: FlaskClient) -> None:
    first = ("/", "/static/mien.css", "/static/mien.js", "/static/icon.svg")
    assert sum(_size(client, path) for path in first) < 60_000


@pytest.mark.browser
def test_a_person_uploads_a_photo_and_reads_the_chart(
    chromium: Browser, address: str, predictor: Predictor
) -> None:
    page = _open(chromium, address)
    page.set_input_files("#image", sample_photo_path())
    expect(page.locator("#status")).to_have_text("One face found.")
    bars = page.locator(".chart .bars .point")
    expect(bars).to_have_count(len(predictor.spec.labels))
    words = page.locator(".chart .ytick text").all_text_contents()
    assert sorted(word.strip() for word in words) == sorted(predictor.spec.labels)
    shown = page.locator(".chart .bartext").all_text_contents()
    expected = predictor.predict(sample_photo_path().read_bytes())[1].predictions[0]
    assert shown == [f"{round(share, 4):.0%}" for share in expected.probabilities]
    expect(page.locator(".photo .points circle")).to_have_count(68)
    expect(page.locator(".card h2")).to_have_text(expected.label)
    page.close()


@pytest.mark.browser
def test_an_error_leaves_the_page_usable(chromium: Browser, address: str) -> None:
    page = _open(chromium, address)
    page.set_input_files(
        "#image", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"no picture"}
    )
    expect(page.locator("#status")).to_have_text("Not a picture that can be read")
    page.get_by_role("button", name="Try a sample").click()
    expect(page.locator("#status")).to_have_text("One face found.")
    page.close()


@pytest.mark.browser
def test_the_keyboard_is_enough(chromium: Browser, address: str) -> None:
    page = _open(chromium, address)
    sample = page.get_by_role("button", name="Try a sample")
    for _ in range(12):
        page.keyboard.press("Tab")
        if sample.evaluate("button => button === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_have_text("One face found.")
    page.locator(".card").focus()
    expect(page.locator(".photo .face")).to_have_class("face chosen")
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize("width_px", [360, 1400])
def test_nothing_sticks_out_on_a_phone_or_a_wide_screen(
    width_px: int, chromium: Browser, address: str
) -> None:
    page = _open(chromium, address, viewport={"width": width_px, "height": 800})
    page.get_by_role("button", name="Try a sample").click()
    expect(page.locator("#status")).to_have_text("One face found.")
    assert page.evaluate("document.documentElement.scrollWidth") <= width_px
    page.close()


@pytest.mark.browser
def test_without_scripts_the_form_shows_the_table(
    chromium: Browser, address: str, predictor: Predictor
) -> None:
    page = chromium.new_page(java_script_enabled=False)
    page.goto(address)
    page.set_input_files("#image", sample_photo_path())
    page.get_by_role("button", name="Show expressions").click()
    expect(page.locator(".card tbody tr")).to_have_count(len(predictor.spec.labels))
    expect(page.locator(".card table")).to_be_visible()
    page.close()


def _size(client: FlaskClient, path: str) -> int:
    """Return the bytes of a file that is there."""
    with client.get(path) as answer:
        assert answer.status_code == 200
        return len(answer.data)


def _open(chromium: Browser, address: str, **options: object) -> Page:
    """Open the page; anything that goes wrong in its scripts fails the test."""
    page = chromium.new_page(**options)  # type: ignore[arg-type]
    page.on("pageerror", lambda error: pytest.fail(f"script error: {error}"))
    page.goto(address)
    expect(page.locator(".scripted").first).to_be_visible()
    return page
