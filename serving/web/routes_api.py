"""The API: what programs ask."""

import functools
import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from preprocessing.bundle.disclaimers import CAUTION
from serving.inference.options import Options
from serving.inference.schema import BatchLine, ModelAnswer, ProblemAnswer
from serving.web.answers import answer_picture, json_answer
from serving.web.client_address import sender_address
from serving.web.engine import Service, current_service
from serving.web.openapi import openapi_document
from serving.web.predict_request import read_predict_request
from serving.web.uploads import Upload, read_batch_request

NDJSON = "application/x-ndjson"

routes = Blueprint("api", __name__, url_prefix="/api/v1")


@routes.post("/predict")
def predict() -> ResponseReturnValue:
    """Predict the expressions of the faces in one picture."""
    service = current_service()
    service.require()
    asked = read_predict_request(request)
    return json_answer(
        answer_picture(
            service, asked.picture, asked.options, address=sender_address(), until_s=asked.until_s
        )
    )


@routes.post("/predict/batch")
def predict_batch() -> ResponseReturnValue:
    """Predict for several pictures: one line of JSON each, as soon as it is known."""
    service = current_service()
    service.require()
    address = sender_address()
    with ExitStack() as held:
        client = request.environ.get("gunicorn.socket")
        held.enter_context(service.hold_batch(address=address, client=client))
        uploads, options = read_batch_request(request)
        service.limits.count_more(len(uploads) - 1)
        lines = _batch_lines(service, uploads, options, address=address)
        answer = Response(lines, mimetype=NDJSON)
        answer.call_on_close(held.pop_all().close)
        return answer


@routes.get("/model")
def describe_model() -> ResponseReturnValue:
    """Answer with what is known of the model."""
    predictor = current_service().require()
    spec, scheme = predictor.spec, predictor.scheme
    calibration = spec.answer.calibration()
    return json_answer(
        ModelAnswer(
            name=spec.name,
            labels=list(spec.labels),
            sure_confidence=calibration.sure_confidence,
            temperature=calibration.temperature,
            answers_with=spec.answers_with,
            balance=calibration.balance,
            class_shares=dict(zip(spec.labels, spec.answer.class_shares, strict=True)),
            detector=spec.detector,
            landmarks=scheme.count,
            landmarks_licence=scheme.licence,
            disgust=spec.disgust,
            metrics=spec.metrics,
            caution=CAUTION,
        )
    )


@routes.get("/openapi.json")
def describe_api() -> ResponseReturnValue:
    """Answer with the OpenAPI document."""
    return jsonify(_document())


@routes.get("/docs")
def show_docs() -> ResponseReturnValue:
    """Show the OpenAPI document as a page on which requests can be tried."""
    in_lines = partial(json.dumps, indent=2, ensure_ascii=False)
    return render_template("docs.html", api=_document(), in_lines=in_lines)


def _document() -> dict[str, Any]:
    has_feedback = current_service().settings.has_feedback
    return _document_for(request.script_root, has_feedback=has_feedback)


# It takes longer to make than a small picture to look at, and nothing limits who asks for it. Each
# request tells the root, so that no more than a few are kept.
@functools.lru_cache(4)
def _document_for(root: str, *, has_feedback: bool) -> dict[str, Any]:
    return openapi_document(root=root, has_feedback=has_feedback)


def _batch_lines(
    service: Service, uploads: Iterable[Upload], options: Options, *, address: str
) -> Iterator[str]:
    for upload in uploads:
        try:
            answer = answer_picture(service, upload.read(), options, address=address)
        except Exception as error:  # noqa: BLE001 - one picture must not end the others' answers
            problem = service.describe(error)
            line = BatchLine(name=upload.name, problem=ProblemAnswer(**problem.to_json()))
        else:
            line = BatchLine(name=upload.name, answer=answer)
        yield line.model_dump_json(exclude_none=True) + "\n"
