"""The API: what programs ask."""

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from serving.result_json import to_json
from serving.service import current_service
from serving.uploads import read_picture

routes = Blueprint("api", __name__, url_prefix="/api/v1")


@routes.post("/predict")
def predict() -> ResponseReturnValue:
    """Answer with what the faces of a picture express."""
    _, result = current_service().predict(read_picture(request))
    return jsonify(to_json(result))
