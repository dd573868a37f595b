"""Reading faces on the person's own device: the page of the live camera, and what scripts load.

Where that device is too slow, a person may let the server read the camera's frames.
"""

import json

from flask import Blueprint, Response, abort, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from serving.inference.options import Options
from serving.web.answers import answer_picture, json_answer
from serving.web.assets import asset_urls, assets_version, keep_for_good, keep_while_unchanged
from serving.web.client_address import sender_address
from serving.web.device import (
    device_spec,
    is_available,
    known_answer,
    static_network,
    unpacked_bytes,
)
from serving.web.engine import current_service
from serving.web.options import SHOWN_CHARACTERS
from serving.web.problems import InvalidRequestError
from serving.web.uploads import FORM, OVERHEAD_BYTES, read_picture

# Fields that reading on the device does not need.
_NOT_KEPT = ("samples/", "card.jpg", "docs.")

# The page sends frames of at most 480 pixels a side, which seldom have more than 50 kB.
MAX_FRAME_PIXELS = 640 * 640
MAX_FRAME_BYTES = 300_000

routes = Blueprint("device", __name__)


@routes.get("/live")
def show_live() -> ResponseReturnValue:
    """Show the page of the live camera."""
    if not is_available():
        abort(404)
    service = current_service()
    spec, frames_per_minute = service.require().spec, service.settings.live_frames_per_minute
    return render_template("live.html", spec=spec, frames_per_minute=frames_per_minute)


@routes.post("/live/frame")
def read_frame() -> Response:
    """Predict for one frame of the live camera, as the API does; nothing of it is kept.

    Frames are small, and have a limit of their own instead of that for pictures.

    Raises:
        InvalidRequestError: Something is asked for beside the frame.
        RequestEntityTooLarge: The frame has too many bytes.
    """
    service = current_service()
    if not service.settings.live_frames_per_minute:
        abort(404)
    service.require()
    # A form is no larger than its frame allows, either.
    request.max_content_length = MAX_FRAME_BYTES + OVERHEAD_BYTES
    try:
        _refuse_options()
        frame = read_picture(request, most_bytes=MAX_FRAME_BYTES)
    except RequestEntityTooLarge:
        raise RequestEntityTooLarge(
            f"A frame may have {MAX_FRAME_BYTES:,} bytes. Send pictures to /api/v1/predict."
        ) from None
    return json_answer(
        answer_picture(
            service, frame, Options(), address=sender_address(), max_pixels=MAX_FRAME_PIXELS
        )
    )


def _refuse_options() -> None:
    asked = [*request.args, *(request.form if request.mimetype == FORM else ())]
    if asked:
        raise InvalidRequestError(
            f"A frame takes no options. Received: {json.dumps(asked[0][:SHOWN_CHARACTERS])}. Send "
            "pictures with options to /api/v1/predict."
        )


@routes.get("/device/spec.json")
def send_spec() -> Response:
    """Send what scripts must know of the bundle."""
    if not is_available():
        abort(404)
    service = current_service()
    predictor = service.require()
    answer = jsonify(
        {
            **device_spec(predictor.spec, network_url=_network_url()),
            "known_answer": known_answer(predictor),
            "bytes": unpacked_bytes(service.settings.bundle),
        }
    )
    return keep_while_unchanged(answer)


@routes.get("/service-worker.js")
def send_service_worker() -> Response:
    """Send the script that keeps in the browser what reading there takes, for use offline."""
    if not is_available():
        abort(404)
    changing = ("page.show_page", "device.show_live", "page.send_label_colours", "device.send_spec")
    files = [*map(url_for, changing), _network_url(), *asset_urls(but=_NOT_KEPT)]
    # A new version of either is a new cache.
    version = f"mien-{assets_version()}-{current_service().require().spec.network_sha256[:12]}"
    text = render_template("service-worker.js", files=files, version=version)
    answer = Response(text, mimetype="text/javascript")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@routes.get("/device/<sha256>/network.tflite")
def send_network(sha256: str) -> Response:
    """Send the bundle's network for one chip at a time; its address changes when it does."""
    service = current_service()
    if sha256 != service.require().spec.network_sha256:
        abort(404)
    answer = Response(static_network(service.settings.bundle), mimetype="application/octet-stream")
    return keep_for_good(answer)


def _network_url() -> str:
    sha256 = current_service().require().spec.network_sha256
    return url_for("device.send_network", sha256=sha256)
