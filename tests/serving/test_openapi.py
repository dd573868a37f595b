"""The API does what its own document says, and the page of the document can be tried out."""

import base64

import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, expect
from schemathesis.specs.openapi.checks import positive_data_acceptance
from werkzeug.exceptions import default_exceptions

from serving import problems
from serving.openapi import openapi_document
from serving.problems import to_problem
from serving.schema import Options

schemathesis.serializer.alias("application/zip", "application/octet-stream")
api = schemathesis.openapi.from_dict(openapi_document())


@api.parametrize()
# The same requests at every run: a form cannot tell a list of one number from the number, which a
# lucky draw would call a breach.
@settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_nothing_breaks_the_contract(case: schemathesis.Case, address: str) -> None:
    # Whether bytes are a picture no schema can say.
    case.call_and_validate(base_url=address, excluded_checks=[positive_data_acceptance])


def test_the_document_names_every_option_and_every_route(client: FlaskClient) -> None:
    document = client.get("/api/v1/openapi.json").json
    parameters = document["paths"]["/api/v1/predict"]["post"]["parameters"]
    assert [each["name"] for each in parameters] == list(Options.model_fields)
    routes = {
        rule.rule
        for rule in client.application.url_map.iter_rules()
        if rule.rule.startswith("/api/") and not rule.rule.endswith(("/openapi.json", "/docs"))
    }
    assert set(document["paths"]) == routes


def test_every_code_of_a_problem_is_told() -> None:
    named = openapi_document()["components"]["schemas"]["ProblemAnswer"]["properties"]["code"]
    errors = [ZeroDivisionError(), *(kind() for kind in default_exceptions.values())]
    given = [to_problem(error, max_upload_bytes=1).code for error in errors]
    given += [code for _, _, code, _ in problems.KNOWN]
    assert set(given) == set(named["enum"])


@pytest.mark.browser
def test_the_documentation_can_be_tried_out(chromium: Browser, address: str, photo: bytes) -> None:
    page = chromium.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{address}/api/v1/docs")
    operation = page.locator("#operations-default-predict")
    operation.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_label("Request content type").select_option("application/json")
    image = base64.b64encode(photo).decode("ascii")
    operation.locator("textarea").fill(f'{{"image": "{image}"}}')
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table")).to_contain_text('"label": "happy"')
    assert not said
    page.close()
