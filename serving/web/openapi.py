"""The OpenAPI document, made from the types that check requests and shape answers."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from serving.feedback.schema import FeedbackCode, FeedbackDeleted
from serving.inference.options import Options, PictureOptions, UrlOptions
from serving.inference.schema import Answer, BatchLine, ModelAnswer, ProblemAnswer
from serving.web.openapi_examples import ANSWER, DELETED, LINES, MODEL, PROBLEMS
from serving.web.problems import Problem
from serving.web.uploads import FIELD, MAX_BATCH_PICTURES

PICTURE = {"type": "string", "format": "binary"}
PROBLEMS_OF_ANY_BODY = (
    "invalid_request",
    "slow_request",
    "upload_too_large",
    "too_many_requests",
    "not_ready",
)
"""Codes of what may go wrong with a request that has a body, whatever is in it."""
RETRY_AFTER = {
    "description": "When to try again, in seconds.",
    "schema": {"type": "integer", "minimum": 0},
}


def openapi_document(*, root: str = "", has_feedback: bool = False) -> dict[str, Any]:
    """Return the document of the API, by OpenAPI 3.1.

    Args:
        root: The path below which the API is served; empty for none.
        has_feedback: Whether feedback is taken, and so can be deleted.
    """
    taken: list[type[BaseModel]] = [PictureOptions, UrlOptions]
    given: list[type[BaseModel]] = [Answer, BatchLine, ModelAnswer, ProblemAnswer]
    if has_feedback:
        taken.append(FeedbackCode)
        given.append(FeedbackDeleted)
    deletion = {"/api/v1/feedback/delete": {"post": _delete_feedback()}} if has_feedback else {}
    _, schemas = models_json_schema(
        [(each, "validation") for each in taken] + [(each, "serialization") for each in given],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mien",
            "version": "1",
            "description": "Find every face in a picture and tell which expression it shows. "
            "Nothing of a picture is stored or logged"
            f"{', unless a person agrees on the page' if has_feedback else ''}.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": root or "/"}],
        "paths": {
            "/api/v1/predict": {"post": _predict()},
            "/api/v1/predict/batch": {"post": _predict_batch()},
            "/api/v1/model": {
                "get": {
                    "operationId": "describe_model",
                    "summary": "What is known of the model",
                    "responses": _answers(_json(MODEL), problems=("not_ready",)),
                }
            },
            **deletion,
        },
        "components": {"schemas": schemas["$defs"]},
    }


def _predict() -> dict[str, Any]:
    return {
        "operationId": "predict",
        "summary": "Analyse one picture",
        "description": "Pass options in the query, as form fields or in the JSON body.",
        "parameters": _option_parameters(),
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": _form({**PICTURE, "description": "The file of the picture."})
                },
                "application/json": {
                    "schema": {"oneOf": [_reference(PictureOptions), _reference(UrlOptions)]}
                },
                "application/octet-stream": {"schema": PICTURE},
            },
        },
        "responses": _answers(_json(ANSWER), problems=tuple(PROBLEMS)),
    }


def _predict_batch() -> dict[str, Any]:
    example = "".join(line.model_dump_json(exclude_none=True) + "\n" for line in LINES)
    lines = {"application/x-ndjson": {"schema": {"type": "string"}, "example": example}}
    return {
        "operationId": "predict_batch",
        "summary": f"Analyse up to {MAX_BATCH_PICTURES} pictures",
        "description": "Answers with lines of JSON, each a `BatchLine`, as soon as they are known. "
        "A picture that cannot be read gets a line with its problem.",
        "parameters": _option_parameters(),
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": _form(
                        {
                            "type": "array",
                            "items": PICTURE,
                            "minItems": 1,
                            "description": f"Up to {MAX_BATCH_PICTURES} pictures, or zips of them.",
                        }
                    )
                },
                "application/zip": {"schema": PICTURE},
            },
        },
        # What concerns one picture is told in its line.
        "responses": _answers(
            lines,
            problems=("no_image", *PROBLEMS_OF_ANY_BODY),
        ),
    }


def _delete_feedback() -> dict[str, Any]:
    code = FeedbackCode.model_json_schema()
    return {
        "operationId": "delete_feedback",
        "summary": "Delete feedback by its code",
        "description": "What a person said of a face on the page, with the small picture of it.",
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": code},
                "application/json": {"schema": _reference(FeedbackCode)},
            },
        },
        "responses": _answers(_json(DELETED), problems=PROBLEMS_OF_ANY_BODY),
    }


def _form(images: dict[str, Any]) -> dict[str, Any]:
    options = {
        each["name"]: {**each["schema"], "description": each["description"]}
        for each in _option_parameters()
    }
    return {
        "type": "object",
        "properties": {FIELD: images, **options},
        "required": [FIELD],
        "additionalProperties": False,
    }


def _option_parameters() -> list[dict[str, Any]]:
    properties = Options.model_json_schema()["properties"]
    return [
        {
            "name": name,
            "in": "query",
            "description": described.pop("description"),
            "schema": _without_null(described),
        }
        for name, described in properties.items()
    ]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Leave null out of a schema: a query string cannot express it."""
    choices: list[dict[str, Any]] = schema.get("anyOf", [schema])
    return next(choice for choice in choices if choice.get("type") != "null")


def _answers(content: dict[str, Any], *, problems: Sequence[str]) -> dict[str, Any]:
    by_status = groupby((PROBLEMS[code] for code in problems), key=lambda problem: problem.status)
    return {
        "200": {"description": "The answer.", "content": content},
        **{str(status): _refusal(list(those)) for status, those in by_status},
    }


def _refusal(problems: list[Problem]) -> dict[str, Any]:
    """Describe the answer of a status, with an example of each problem that has it."""
    examples = {
        problem.code: {"summary": problem.title, "value": problem.to_json()} for problem in problems
    }
    refusal = {
        "description": ". ".join(problem.title for problem in problems) + ".",
        "content": {
            "application/problem+json": {
                "schema": _reference(ProblemAnswer),
                "examples": examples,
            }
        },
    }
    waits = any(problem.retry_after_s is not None for problem in problems)
    return {**refusal, "headers": {"Retry-After": RETRY_AFTER}} if waits else refusal


def _json(example: BaseModel) -> dict[str, Any]:
    return {
        "application/json": {
            "schema": _reference(type(example)),
            "example": example.model_dump(mode="json", exclude_none=True),
        }
    }


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}
