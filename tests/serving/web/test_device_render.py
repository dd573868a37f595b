"""What a browser that reads a picture itself makes of the faces: the page and its table."""

import csv

import pytest
from flask import Flask
from playwright.sync_api import Page

from serving.inference.predictor import Predictor
from serving.web.assets import asset_url

pytestmark = pytest.mark.browser


def test_what_a_label_says_is_text_on_the_page_and_in_the_table(
    page: Page, predictor: Predictor, app: Flask
) -> None:
    with app.test_request_context():
        module = asset_url("device/render.js")
    labels = ["=<i>", 'a, "b"', *predictor.spec.labels[2:]]
    html, table, said = page.evaluate(
        """async ([url, labels]) => {
          const spec = { ...(await (await fetch("/device/spec.json")).json()), labels };
          const points = [[3, 3], [6, 3], [4, 5], [3, 7], [6, 7]];
          const box = { left: 0, top: 0, width: 9, height: 9, points };
          const chip = new Uint8Array(spec.geometry.size_px ** 2);
          const transform = [[1, 0, 0], [0, 1, 0]];
          const faces = [[0.95, 0.05], [0.3, 0.25]].map((shares) => (
            { ...box, chip, transform, probabilities: labels.map((_, index) => shares[index] ?? 0) }
          ));
          const { render } = await import(url);
          const html = render({ width: 9, height: 9, faces }, { name: "a", spec, took_ms: 1 });
          const page = new DOMParser().parseFromString(html, "text/html");
          const [, table] = page.querySelector("a.download").href.split(",");
          const said = Array.from(page.querySelectorAll(".said"), (each) => each.textContent);
          return [html, decodeURIComponent(table), said];
        }""",
        [module, labels],
    )
    assert "<i>" not in html
    _, first, second = csv.reader(table.splitlines())
    assert [row[6] for row in (first, second)] == ["'=<i>"] * 2
    assert first[9] == labels[1]
    nbsp = "\N{NO-BREAK SPACE}"
    assert said == [f"95{nbsp}% =<i>.", f'30{nbsp}% =<i>, 25{nbsp}% a, "b".']
