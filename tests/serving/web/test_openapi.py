"""The API does what its own document says."""

import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from werkzeug.exceptions import ClientDisconnected, default_exceptions

from preprocessing.faces.quality import Hint
from preprocessing.images.types import PictureNote
from serving.inference.options import Options
from serving.inference.schema import (
    FACE_HINTS,
    PICTURE_HINTS,
    PROBLEM_CODES,
    FaceAnswer,
    ProblemAnswer,
)
from serving.web import problems
from serving.web.openapi import openapi_document
from serving.web.openapi_examples import ANSWER, PROBLEMS
from serving.web.problems import to_problem
from serving.web.uploads import FIELD, FORM

schemathesis.serializer.alias("application/zip", "application/octet-stream")
api = schemathesis.openapi.from_dict(openapi_document())


@schemathesis.hook
def filter_case(_: schemathesis.HookContext, case: schemathesis.Case) -> bool:
    """Leave out forms that do not say on the way what was meant to be wrong with them.

    A form writes a list as its items, one after the other: of an empty list nothing is left, and an
    option given as a list of one is the same as the one itself.
    """
    if case.media_type != FORM or not isinstance(case.body, dict):
        return True
    lists = {
        name: value
        for name, value in case.body.items()
        if isinstance(value, list) and name != FIELD  # an empty one of pictures is none, a fault
    }
    return all(
        len(value) > (1 if name in Options.model_fields else 0) for name, value in lists.items()
    )


@pytest.mark.slow
@api.parametrize()
# Other requests at every run, in CI too; a failure prints the decorator that repeats it.
@settings(
    max_examples=50,
    deadline=None,
    derandomize=False,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
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
    kinds = [ZeroDivisionError, ClientDisconnected, *default_exceptions.values()]
    errors = [kind() for kind in kinds]
    given = [to_problem(error, max_upload_bytes=1, max_batch_bytes=1).code for error in errors]
    given += [code for _, _, code, _ in problems.KNOWN]
    assert set(given) == set(PROBLEM_CODES)


def test_every_hint_is_told() -> None:
    assert tuple(PictureNote) == PICTURE_HINTS
    assert (*Hint, *PictureNote) == FACE_HINTS


def test_a_client_reads_codes_and_hints_of_later_servers() -> None:
    schemas = openapi_document()["components"]["schemas"]
    code = schemas["ProblemAnswer"]["properties"]["code"]
    hint = schemas["FaceAnswer"]["properties"]["hints"]["items"]
    (of_picture, _) = schemas["Answer"]["properties"]["hints"]["anyOf"]
    assert code["examples"] == [*PROBLEM_CODES]
    assert hint["examples"] == [*FACE_HINTS]
    assert of_picture["items"]["examples"] == [*PICTURE_HINTS]
    assert not {"enum", "const"} & {*code, *hint, *of_picture["items"]}
    problem = PROBLEMS["busy"].to_json() | {"code": "later"}
    assert ProblemAnswer.model_validate(problem).code == "later"
    face = ANSWER.faces[0].model_dump() | {"hints": ["later"]}
    assert FaceAnswer.model_validate(face).hints == ["later"]


def test_an_answer_that_says_when_to_try_again_is_told_so() -> None:
    told = [
        (operation["operationId"], status)
        for methods in openapi_document()["paths"].values()
        for operation in methods.values()
        for status, answer in operation["responses"].items()
        if "Retry-After" in answer.get("headers", {})
    ]
    assert told == [("predict", "429"), ("predict", "503"), ("predict_batch", "429")]


@pytest.mark.parametrize("options", ["", "?landmarks=true&chips=true&annotated=true&figure=true"])
def test_the_example_has_the_fields_of_an_answer(
    options: str, client: FlaskClient, photo: bytes
) -> None:
    given = client.post(f"/api/v1/predict{options}", data=photo).json
    example = ANSWER.model_dump(exclude_none=True)
    on_request = {"landmarks", "chip", "transform", "figure", "annotated"} if options else set()
    assert given.keys() | given["faces"][0].keys() == (
        example.keys() | example["faces"][0].keys() | on_request
    )


def test_pictures_are_said_to_be_base64() -> None:
    schemas = openapi_document()["components"]["schemas"]
    sent = schemas["PictureOptions"]["properties"]["image"]
    given = [
        schemas[name]["properties"][field]["anyOf"][0]
        for name, field in (("FaceAnswer", "chip"), ("Answer", "annotated"))
    ]
    assert {each["contentEncoding"] for each in (sent, *given)} == {"base64"}
    assert {each["contentMediaType"] for each in given} == {"image/png"}


def test_the_document_is_made_once(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [client.get("/api/v1/openapi.json").json]
    monkeypatch.delattr("serving.web.openapi.models_json_schema")
    documents.append(client.get("/api/v1/openapi.json").json)
    assert documents[0] == documents[1]
    assert client.get("/api/v1/docs").status_code == 200
