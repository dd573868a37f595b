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
    origin = urlsplit(request.headers.get("Origin", "")).netloc
    is_own = origin == request.host != "" if site is None else site == "same-origin"
    if not is_own:
        raise Forbidden(
            "This form did not come from a page of this site. Open the page here and send it again."
        )
