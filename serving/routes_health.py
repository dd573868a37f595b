"""What a host asks: does the process answer, and are the models loaded?"""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from serving.service import current_service

routes = Blueprint("health", __name__)


@routes.get("/livez")
def answer_liveness() -> ResponseReturnValue:
    """Say that the process answers."""
    return jsonify(status="alive")


@routes.get("/readyz")
def answer_readiness() -> ResponseReturnValue:
    """Say whether the models are loaded; the reason if not."""
    return jsonify(status="ready", model=current_service().require().spec.name)
