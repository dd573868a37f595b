"""The Flask application: its parts, its errors and its headers."""

import re

from flask import Flask, Response, current_app, make_response, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadHost, ClientDisconnected, MethodNotAllowed, NotFound
from werkzeug.middleware.proxy_fix import ProxyFix

from serving.web import (
    assets,
    routes_api,
    routes_device,
    routes_health,
    routes_page,
    routes_parts,
)
from serving.web.client_address import ForwardedFor
from serving.web.compress import compress
from serving.web.cross_origin import allow_origins
from serving.web.engine import Service, current_service
from serving.web.environment import feedback_packages, read_settings
from serving.web.path_prefix import PathPrefix
from serving.web.predict_request import largest_request
from serving.web.problems import NO_ROOM, WITH_SLASH, BusyError, Problem
from serving.web.request_log import log_requests
from serving.web.settings import Settings
from serving.web.uploads import OVERHEAD_BYTES, MemoryRequest, refuse_packed_body

# Everything comes from files of this server; pictures, and videos that a person opens, also from
# the page itself.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
PERMISSIONS_POLICY = "camera=(self), microphone=(), geolocation=()"


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application and load its models.

    Args:
        settings: By default read from the environment.

    Raises:
        SettingsError: A setting is wrong.
    """
    settings = settings or read_settings()
    app = Flask(__name__, static_folder=None, template_folder="../templates")
    app.request_class = MemoryRequest
    app.config["MAX_CONTENT_LENGTH"] = settings.max_upload_bytes + OVERHEAD_BYTES
    app.config["LARGEST_REQUEST"] = largest_request(settings)  # for the servers
    app.json.sort_keys = False  # type: ignore[attr-defined] # labels keep their order
    # Two slashes for one would lead on to the host that the request names, whatever that is.
    app.url_map.merge_slashes = False
    service = Service(settings)
    service.load()
    app.extensions["mien"] = service
    if settings.trusted_proxies:
        # It takes the scheme from X-Forwarded-Proto.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=0)  # type: ignore[method-assign]
        app.wsgi_app = ForwardedFor(app.wsgi_app, proxies=settings.trusted_proxies)  # type: ignore[method-assign]
    app.wsgi_app = PathPrefix(app.wsgi_app, settings.path_prefix)  # type: ignore[method-assign]
    log_requests(app)
    app.before_request(service.limits.check_request)
    app.before_request(refuse_packed_body)
    for module in (routes_page, routes_parts, routes_device, assets, routes_api, routes_health):
        app.register_blueprint(module.routes)
    app.jinja_env.globals["has_feedback"] = settings.has_feedback
    if settings.has_feedback:
        _add_feedback(app, service)
    app.register_error_handler(Exception, _answer_error)
    app.after_request(compress)
    app.after_request(_protect)
    allow_origins(app, settings.origins)
    return app


def _add_feedback(app: Flask, service: Service) -> None:
    """Add the routes for feedback; the libraries for it are loaded only here.

    Raises:
        SettingsError: They are not installed.
    """
    with feedback_packages():
        from serving.web import routes_feedback, routes_operator

        routes_feedback.register(app, service)
    if service.settings.feedback_token:
        app.register_blueprint(routes_operator.routes)


def _answer_error(error: Exception) -> ResponseReturnValue:
    """Answer an error as problem details, or as a page where a person asked."""
    if isinstance(error, NotFound) and _is_one_slash_too_many():
        error = NotFound(WITH_SLASH)
    if isinstance(error, ClientDisconnected) and _gave_way():
        error = BusyError(NO_ROOM)
    problem = current_service().describe(error)
    if isinstance(error, BadHost):  # without which a page cannot tell its own addresses
        answer = _answer_program(problem)
    elif request.path == "/":
        answer = make_response(routes_page.show_problem(problem))
    elif routes_page.is_for_a_person(request):
        answer = make_response(render_template("problem.html", problem=problem), problem.status)
    else:
        answer = _answer_program(problem)
    if problem.retry_after_s is not None:
        answer.headers["Retry-After"] = str(problem.retry_after_s)
    if isinstance(error, MethodNotAllowed):
        answer.allow.update(error.valid_methods or ())
    return answer


def _gave_way() -> bool:
    """Say whether the current request was cut short for want of memory (`waiting_clients`)."""
    return getattr(request.environ.get("gunicorn.socket"), "gave_way", False)


def _is_one_slash_too_many() -> bool:
    """Say whether there is a route at the address of a request without its needless slashes."""
    routes = current_app.create_url_adapter(request)
    bare = re.sub("/{2,}", "/", request.path).removesuffix("/")
    return bool(routes and bare != request.path and routes.allowed_methods(bare))


def _answer_program(problem: Problem) -> Response:
    answer = make_response(problem.to_json(), problem.status)
    answer.mimetype = "application/problem+json"
    return answer


def _protect(response: Response) -> Response:
    """Set the headers that restrict browsers.

    They guess no types, show the page in no other site's frame, store no result, and use no device
    but the camera.
    """
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    response.headers["X-Frame-Options"] = "DENY"  # for browsers that know no frame-ancestors
    response.headers["X-Content-Type-Options"] = "nosniff"
    # A site that opened the page can neither lead it elsewhere later nor look at what it holds.
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    # Where forms are held to their origin, browsers must name it, to this site alone.
    has_feedback = current_service().settings.has_feedback
    response.headers["Referrer-Policy"] = "same-origin" if has_feedback else "no-referrer"
    response.headers["Permissions-Policy"] = PERMISSIONS_POLICY
    response.headers.setdefault("Cache-Control", "no-store")
    return response
