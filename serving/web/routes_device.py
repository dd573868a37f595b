"""Reading faces on the person's own device: the page of the live camera, and what scripts load."""

from flask import Blueprint, Response, abort, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue

from serving.web.assets import ONE_YEAR_S
from serving.web.device import device_spec, is_available, static_network
from serving.web.engine import current_service

routes = Blueprint("device", __name__)


@routes.get("/live")
def show_live() -> ResponseReturnValue:
    """Show the page of the live camera."""
    if not is_available():
        abort(404)
    return render_template("live.html", spec=current_service().require().spec)


@routes.get("/device/spec.json")
def send_spec() -> Response:
    """Send what scripts must know of the bundle."""
    if not is_available():
        abort(404)
    spec = current_service().require().spec
    network_url = url_for("device.send_network", sha256=spec.network_sha256)
    answer = jsonify(device_spec(spec, network_url=network_url))
    answer.headers["Cache-Control"] = "no-cache"
    answer.add_etag()
    answer.make_conditional(request)
    return answer


@routes.get("/device/<sha256>/network.tflite")
def send_network(sha256: str) -> Response:
    """Send the bundle's network for one chip at a time; its address changes when it does."""
    service = current_service()
    if sha256 != service.require().spec.network_sha256:
        abort(404)
    answer = Response(static_network(service.settings.bundle), mimetype="application/octet-stream")
    answer.cache_control.public = True
    answer.cache_control.immutable = True
    answer.cache_control.max_age = ONE_YEAR_S
    return answer
