"""The server where there is no gunicorn, as on Windows: waitress, one process with threads."""

import sys
from collections.abc import Callable

import waitress
from flask import Flask

from serving.web.settings import Settings

# A client that sends or takes nothing for this long loses its connection.
CHANNEL_TIMEOUT_S = 10


def open_server(app: Flask, settings: Settings, host: str, port: int) -> Callable[[], None]:
    """Open the server, as `run_locally` asks for it."""
    # Pictures stay in memory: by default waitress writes large requests to a temporary file.
    largest = app.config["LARGEST_REQUEST"]
    server = waitress.create_server(
        app,
        host=host,
        port=port,
        threads=settings.threads,
        max_request_body_size=largest,
        inbuf_overflow=largest,
        outbuf_overflow=sys.maxsize,
        channel_timeout=CHANNEL_TIMEOUT_S,
        cleanup_interval=CHANNEL_TIMEOUT_S,
        ident="",
    )
    serve: Callable[[], None] = server.run
    return serve
