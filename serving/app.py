"""The Flask application: what it is put together from, its errors and its headers."""

import logging
import os
import traceback
from pathlib import Path

from flask import Flask, Response, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import MethodNotAllowed

from serving import assets, routes_api, routes_health, routes_page
from serving.predictor import SHIPPED_BUNDLE
from serving.problems import to_problem
from serving.service import Service, Settings
from serving.uploads import MemoryRequest

# Everything comes from files of this server; pictures also from the page itself.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
PERMISSIONS_POLICY = "camera=(self), microphone=(), geolocation=()"

_log = logging.getLogger(__name__)


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application and load its models.

    Args:
        settings: By default read from the environment: `MIEN_BUNDLE`.
    """
    if settings is None:
        settings = Settings(bundle=Path(os.environ.get("MIEN_BUNDLE", SHIPPED_BUNDLE)))
    app = Flask(__name__, static_folder=None)
    app.request_class = MemoryRequest
    app.json.sort_keys = False  # type: ignore[attr-defined] # labels keep their order
    service = Service(settings)
    service.load()
    app.extensions["mien"] = service
    for module in (routes_page, assets, routes_api, routes_health):
        app.register_blueprint(module.routes)
    app.register_error_handler(Exception, _answer_error)
    app.after_request(_protect)
    return app


def _answer_error(error: Exception) -> ResponseReturnValue:
    """Answer an error as problem details, or on the page where a person asked."""
    problem = to_problem(error)
    if problem.status >= 500 and problem.code != "not_ready":
        # Without the error's own words, which might hold something of a user's.
        where = "".join(traceback.format_tb(error.__traceback__))
        _log.error("request failed with %s at\n%s", type(error).__name__, where)
    if request.path == url_for("page.show_page"):
        return routes_page.show_problem(problem)
    answer = jsonify(problem.to_json())
    answer.mimetype = "application/problem+json"
    if isinstance(error, MethodNotAllowed):
        answer.allow.update(error.valid_methods or ())
    return answer, problem.status


def _protect(response: Response) -> Response:
    """Keep a browser from guessing, embedding, keeping results, and using more than the camera."""
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Permissions-Policy"] = PERMISSIONS_POLICY
    response.headers.setdefault("Cache-Control", "no-store")
    return response
