"""Let scripts of other sites use the API, where a setting says so (WHATWG Fetch, CORS protocol)."""

from collections.abc import Collection

from flask import Flask, Response, request

from serving.web.settings import ANY_ORIGIN

# A day: browsers ask again after that, or sooner.
MAX_AGE_S = 86_400


def allow_origins(app: Flask, origins: Collection[str]) -> None:
    """Let the scripts of some sites use the API; the pages stay this site's own.

    Nothing here knows a user, so nothing is allowed that needs cookies.

    Args:
        app: The application.
        origins: Such as `https://example.org`, or `*` for any; none to allow none.
    """
    if not origins:
        return

    def allow(response: Response) -> Response:
        if not request.path.startswith("/api/"):
            return response
        allowed = ANY_ORIGIN if ANY_ORIGIN in origins else request.headers.get("Origin", "")
        if allowed != ANY_ORIGIN:
            response.vary.add("Origin")
        if allowed == ANY_ORIGIN or allowed in origins:
            headers = response.headers
            headers["Access-Control-Allow-Origin"] = allowed
            headers["Access-Control-Expose-Headers"] = "Retry-After, X-Request-ID"
            if request.method == "OPTIONS":
                headers["Access-Control-Allow-Methods"] = "GET, POST"
                headers["Access-Control-Allow-Headers"] = "Content-Type, X-Request-ID"
                headers["Access-Control-Max-Age"] = str(MAX_AGE_S)
        return response

    app.after_request(allow)
