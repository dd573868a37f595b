"""The server for development: Werkzeug's, with the logs of the one that is deployed."""

from collections.abc import Callable
from functools import partial

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from serving.web.settings import Settings


class _RequestHandler(WSGIRequestHandler):
    """Leaves it to `request_log` to tell of a request: a line of Werkzeug's has its query too."""

    def log(self, *_: object, **__: object) -> None:
        pass


def open_server(app: Flask, _: Settings, host: str, port: int) -> Callable[[], None]:
    """Open the server, as `run_locally` asks for it."""
    # Threads, for a browser opens connections that it does not use at once.
    server = make_server(host, port, app, threaded=True, request_handler=_RequestHandler)
    return partial(_serve, server)


def _serve(server: BaseWSGIServer) -> None:
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
