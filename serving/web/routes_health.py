"""What a host asks: does the process answer, are the models loaded, what are the figures?"""

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST

from serving.web.engine import current_service

routes = Blueprint("health", __name__)


@routes.get("/livez")
def answer_liveness() -> ResponseReturnValue:
    """Say that the process answers."""
    return jsonify(status="alive")


@routes.get("/readyz")
def answer_readiness() -> ResponseReturnValue:
    """Say whether the models are loaded; the reason if not."""
    return jsonify(status="ready", model=current_service().require().spec.name)


@routes.get("/metrics")
def answer_metrics() -> ResponseReturnValue:
    """Answer with the figures of all workers, for Prometheus."""
    return Response(current_service().metrics.render(), content_type=CONTENT_TYPE_LATEST)
