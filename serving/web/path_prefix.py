"""Serve the application below a path of a site that has more than Mien."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class PathPrefix:
    """Takes the prefix off the path of a request, and has links and forms begin with it.

    A proxy may pass the path on with the prefix or without. What requests themselves say of a
    prefix is not believed.
    """

    def __init__(self, application: WSGIApplication, prefix: str) -> None:
        """Wrap a WSGI application.

        Args:
            application: What answers.
            prefix: Such as `/mien`; empty for none.
        """
        self._application, self._prefix = application, prefix

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        path: str = environ.get("PATH_INFO", "")
        if self._prefix and (path + "/").startswith(self._prefix + "/"):
            environ["PATH_INFO"] = path[len(self._prefix) :] or "/"
        environ["SCRIPT_NAME"] = self._prefix
        return self._application(environ, start_response)
