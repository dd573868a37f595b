"""The OpenAPI document, made from the types that check requests and shape answers."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from serving.schema import (
    Answer,
    BatchLine,
    ModelAnswer,
    Options,
    PictureOptions,
    ProblemAnswer,
)
from serving.uploads import FIELD, MAX_BATCH_PICTURES

PICTURE = {"type": "string", "format": "binary"}
PROBLEMS = {
    "400": "No picture, a damaged one, or an option that there is not.",
    "413": "Too many bytes or pixels.",
    "415": "Not a picture that can be read.",
    "429": "Too many requests came from this address.",
    "503": "The models are not loaded, or there is too much to do.",
}


def openapi_document() -> dict[str, Any]:
    """Return the document of the API, by OpenAPI 3.1."""
    taken: list[type[BaseModel]] = [PictureOptions]
    given: list[type[BaseModel]] = [Answer, BatchLine, ModelAnswer, ProblemAnswer]
    _, schemas = models_json_schema(
        [(each, "validation") for each in taken] + [(each, "serialization") for each in given],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mien",
            "version": "1",
            "description": "Finds every face in a picture and tells which expression it shows. "
            "Nothing of a picture is stored or logged.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {
            "/api/v1/predict": {"post": _predict()},
            "/api/v1/predict/batch": {"post": _predict_batch()},
            "/api/v1/model": {
                "get": {
                    "operationId": "describe_model",
                    "summary": "What is known of the model",
                    "responses": _answers(_json(ModelAnswer), problems=("503",)),
                }
            },
        },
        "components": {"schemas": schemas["$defs"]},
    }


def _predict() -> dict[str, Any]:
    return {
        "operationId": "predict",
        "summary": "What the faces of a picture express",
        "description": "Options stand in the address, or in the form or JSON beside the picture.",
        "parameters": _option_parameters(),
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": _form(PICTURE)},
                "application/json": {"schema": _reference(PictureOptions)},
                "application/octet-stream": {"schema": PICTURE},
            },
        },
        "responses": _answers(_json(Answer), problems=tuple(PROBLEMS)),
    }


def _predict_batch() -> dict[str, Any]:
    line = {"application/x-ndjson": {"schema": {"type": "string"}}}
    return {
        "operationId": "predict_batch",
        "summary": f"What the faces of up to {MAX_BATCH_PICTURES} pictures express",
        "description": "Answers with lines of JSON, each a `BatchLine`, as soon as they are known. "
        "A picture that cannot be read gets a line with its problem.",
        "parameters": _option_parameters(),
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": _form({"type": "array", "items": PICTURE, "minItems": 1})
                },
                "application/zip": {"schema": PICTURE},
            },
        },
        "responses": _answers(line, problems=("400", "413", "429", "503")),
    }


def _form(images: dict[str, Any]) -> dict[str, Any]:
    options = {each["name"]: each["schema"] for each in _option_parameters()}
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
    """Leave null out of a schema: an address cannot say it."""
    choices: list[dict[str, Any]] = schema.get("anyOf", [schema])
    return next(choice for choice in choices if choice.get("type") != "null")


def _answers(content: dict[str, Any], *, problems: tuple[str, ...]) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": _reference(ProblemAnswer)}}
    return {
        "200": {"description": "The answer.", "content": content},
        **{status: {"description": PROBLEMS[status], "content": problem} for status in problems},
    }


def _json(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": _reference(model)}}


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}
