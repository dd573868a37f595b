"""Give every request an id, and log and count its end."""

import logging
import re
import time
import uuid

from flask import Flask, Response, g, request
from werkzeug.datastructures import Headers

from serving.web.engine import current_service

SANE_REQUEST_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)
# 32 hexadecimal digits name the trace, in Google's header and in that of W3C Trace Context.
GOOGLE_TRACE = re.compile(r"([0-9a-f]{32})(?:/\d+)?(?:;o=\d)?")
W3C_TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")

# HTTP's methods; a client may send any other word.
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE")

# A request of a known size at a known time would tell when somebody sent a certain chip.
UNSIZED = ("feedback",)
_log = logging.getLogger(__name__)


def log_requests(app: Flask) -> None:
    """Give every request of an application an id, and log and count its end."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.started_s = time.perf_counter()
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if SANE_REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    service, started_s = current_service(), g.started_s
    method = request.method if request.method in METHODS else "other"
    route = request.url_rule.rule if request.url_rule else "none"
    # A function that has the response would keep it, and its megabytes, until garbage is collected.
    status = response.status_code
    fields = {
        "request_id": g.request_id,
        **trace_fields(request.headers, project=service.settings.google_cloud_project),
        "method": method,
        "route": route,
        "status": status,
        **({} if request.blueprint in UNSIZED else sizes_of(response)),
    }

    def finish() -> None:
        seconds = time.perf_counter() - started_s
        service.metrics.count_request(route, status, seconds=seconds)
        message = f"{method} {route} {status}"
        _log.info(message, extra={"fields": {**fields, "ms": round(1000 * seconds, 1)}})

    response.call_on_close(finish)
    return response


def sizes_of(response: Response) -> dict[str, int | None]:
    """Return the lengths of the current request and its response, in bytes, where known."""
    return {"request_bytes": request.content_length, "response_bytes": response.content_length}


def trace_fields(headers: Headers, *, project: str) -> dict[str, str]:
    """Return the field by which Cloud Logging joins a line to its trace; none without a project."""
    google = GOOGLE_TRACE.fullmatch(headers.get("X-Cloud-Trace-Context", ""))
    found = google or W3C_TRACE.fullmatch(headers.get("traceparent", ""))
    if not (found and project):
        return {}
    return {"logging.googleapis.com/trace": f"projects/{project}/traces/{found[1]}"}
