"""The server for development: Werkzeug's, with the logs of the one that is deployed."""

import logging.config
import sys
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from preprocessing.errors import MienError
from serving.web.app import create_app
from serving.web.environment import read_settings
from serving.web.logs import log_config


class _RequestHandler(WSGIRequestHandler):
    """Leaves it to `request_log` to tell of a request: a line of Werkzeug's has its query too."""

    def log(self, *_: object, **__: object) -> None:
        pass


def run_server(host: str, *, port: int | None, bundle: Path | None) -> None:
    """Serve until Ctrl+C.

    Args:
        host: Name or address to listen on.
        port: By default that of the settings.
        bundle: A trained model instead of the one that is set.

    Raises:
        SettingsError: A setting is wrong.
        MienError: The port cannot be opened.
    """
    settings = read_settings(bundle=bundle)
    logging.config.dictConfig(log_config(settings.log_level))
    app = create_app(settings)
    port = settings.port if port is None else port
    try:
        # Threads, for a browser opens connections that it does not use at once.
        server = make_server(host, port, app, threaded=True, request_handler=_RequestHandler)
    except (OSError, SystemExit):
        raise MienError(
            f"Port {port} on {host} cannot be opened. Choose another by --port or --host."
        ) from None
    print(f"Mien is on http://{host}:{port}, end it with Ctrl+C.", file=sys.stderr)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
