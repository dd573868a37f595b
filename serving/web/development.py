"""The server for development: Werkzeug's, with the logs of the one that is deployed."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from serving.web.local_server import run_locally
from serving.web.settings import Settings


class _RequestHandler(WSGIRequestHandler):
    """Leaves it to `request_log` to tell of a request: a line of Werkzeug's has its query too."""

    def log(self, *_: object, **__: object) -> None:
        pass


def run_server(host: str, *, port: int | None, bundle: Path | None) -> None:
    """Serve until Ctrl+C; arguments and errors as for `run_locally`."""
    run_locally(host, port=port, bundle=bundle, open_server=partial(_open, host))


def _open(host: str, app: Flask, _: Settings, port: int) -> Callable[[], None]:
    # Threads, for a browser opens connections that it does not use at once.
    server = make_server(host, port, app, threaded=True, request_handler=_RequestHandler)
    return partial(_serve, server)


def _serve(server: BaseWSGIServer) -> None:
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
