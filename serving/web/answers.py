"""Answers of the API: what was seen in a picture, and any answer as JSON."""

from functools import partial

from flask import Response
from pydantic import BaseModel

from serving.inference.options import Options
from serving.inference.schema import Answer
from serving.inference.serialize import to_answer
from serving.web.engine import Service


def answer_picture(
    service: Service,
    data: bytes,
    options: Options,
    *,
    address: str,
    max_pixels: int | None = None,
    until_s: float | None = None,
) -> Answer:
    """Predict for a picture, and answer with all that was asked for; see `Service.predict`."""
    return service.predict(
        data,
        partial(to_answer, options=options),
        options,
        address=address,
        max_pixels=max_pixels,
        until_s=until_s,
    )


def json_answer(answer: BaseModel) -> Response:
    """Return an answer as JSON, without the fields that it does not have."""
    return Response(answer.model_dump_json(exclude_none=True), mimetype="application/json")
