"""What holds for every page, and for the first screen."""

import io
import re
from dataclasses import replace
from unittest import mock

import pytest
from flask.testing import FlaskClient
from PIL import Image

from serving.inference.predictor import Predictor
from tests.serving.web.elements import Elements
from tests.serving.web.posting import post
from tests.tools.specs import sure_from

# What Firefox asks for where a person follows a link.
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/png,*/*;q=0.8"


@pytest.mark.parametrize("path", ["/", "/model", "/privacy", "/live"])
def test_the_page_asks_for_nothing_from_elsewhere(path: str, client: FlaskClient) -> None:
    elements = Elements(client.get(path).text)
    links = [
        attrs[key]
        for _, attrs in elements.found
        for key in ("src", "href", "action")
        if key in attrs
    ]
    assert links
    assert all(link.startswith(("/", "#")) for link in links)
    for link in links:
        if not link.startswith("#") and link != "/heat-map":
            with client.get(link) as answer:
                assert answer.status_code == 200, link


def test_the_first_screen_gives_the_three_figures_that_count(
    client: FlaskClient, predictor: Predictor
) -> None:
    text = client.get("/").text.replace("\N{NO-BREAK SPACE}", " ")
    test = predictor.spec.metrics["test"]
    for figure in (test["accuracy"], test["accuracy_when_sure"], test["share_sure"]):
        assert f"{100 * figure:.0f} %" in text
    assert f"{test['images']:,}" in text
    assert "pictures stored" in text
    assert "An expression is not an emotion" in text


def test_of_a_bundle_that_is_never_sure_no_accuracy_is_told_where_it_is(
    client: FlaskClient, predictor: Predictor, photo: bytes
) -> None:
    figures = predictor.spec.metrics["test"] | {"share_sure": 0.0, "accuracy_when_sure": 0.0}
    never = replace(sure_from(predictor.spec, 1.0), metrics={"test": figures})
    with mock.patch.object(predictor, "spec", never):
        first, model = client.get("/").text, client.get("/model").text
        result = post(client, photo).text
    assert "where it says it is sure" not in first
    assert "It calls itself sure of none of them." in model
    assert "No answer is called sure: “val” does not show" in model
    assert '<th scope="row">Accuracy of those</th><td>-</td>' in model
    assert "Mien commits from 100\N{NO-BREAK SPACE}%. " in result


@pytest.mark.parametrize("path", ["/", "/model", "/privacy", "/nothing"])
def test_every_page_leads_to_the_others(path: str, client: FlaskClient) -> None:
    elements = Elements(client.get(path, headers={"Accept": BROWSER}).text)
    links = {attrs["href"] for attrs in elements.having("a") if "href" in attrs}
    assert {"/", "/model", "/privacy", "/api/v1/docs"} <= links


def test_the_first_screen_may_be_kept_and_an_answer_may_not(
    client: FlaskClient, photo: bytes
) -> None:
    first, answered = client.get("/"), post(client, photo)
    assert first.cache_control.no_cache
    assert not first.cache_control.no_store
    assert answered.cache_control.no_store


@pytest.mark.parametrize("path", ["/favicon.ico", "/apple-touch-icon.png", "/robots.txt"])
def test_what_browsers_and_search_engines_ask_for_is_there(path: str, client: FlaskClient) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    if path == "/robots.txt":
        assert "User-agent: *" in answer.text
    else:
        assert Image.open(io.BytesIO(answer.data)).width >= 32


def test_a_page_has_what_a_link_to_it_shows(client: FlaskClient) -> None:
    text = client.get("/").text
    elements = Elements(text)
    assert elements.having("meta", name="description")[0]["content"]
    (card,) = elements.having("meta", property="og:image")
    picture = Image.open(io.BytesIO(client.get(card["content"]).data))
    assert picture.size == (1200, 630)
    # What it says of the model, as drawn: `python -m notebooks.cards` draws it anew.
    figures = text.partition('<ul class="figures">')[2].partition("</ul>")[0]
    assert picture.info["comment"].decode() == " ".join(re.sub("<.*?>", "", figures).split())
    assert elements.having("meta", name="theme-color")


def test_the_colours_of_labels_come_as_a_style_sheet(
    client: FlaskClient, predictor: Predictor
) -> None:
    sheet = client.get("/labels.css")
    assert sheet.mimetype == "text/css"
    for index in range(len(predictor.spec.labels)):
        assert f".label-{index} " in sheet.text
    again = client.get("/labels.css", headers={"If-None-Match": sheet.headers["ETag"]})
    assert again.status_code == 304
