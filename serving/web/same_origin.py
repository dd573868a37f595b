"""Accept forms from this site's own pages only (OWASP, "Cross-Site Request Forgery Prevention")."""

from urllib.parse import urlsplit

from flask import Request
from werkzeug.exceptions import Forbidden


def require_same_origin(request: Request) -> None:
    """Make sure that a form was sent from a page of this site.

    Browsers say so in `Sec-Fetch-Site`; those that do not, and all where the site has no HTTPS, say
    in `Origin` which site it was.

    Raises:
        Forbidden: It was sent from another site, or nothing says from where.
    """
    site = request.headers.get("Sec-Fetch-Site")
    is_own = (
        _host_of(request.headers.get("Origin", "")) == request.host != ""
        if site is None
        else site == "same-origin"
    )
    if not is_own:
        raise Forbidden(
            "This form did not come from a page of this site. Open the page here and send it again."
        )


def _host_of(origin: str) -> str:
    """Return the host and port of an origin; empty where they cannot be read."""
    try:
        return urlsplit(origin).netloc
    except ValueError:  # as of a bracket that is left open
        return ""
