"""Serve from this process: what the servers for development and for Windows have in common."""

import logging.config
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from flask import Flask

from preprocessing.bundle.spec import read_spec
from preprocessing.errors import MienError
from serving.web.app import create_app
from serving.web.environment import read_settings
from serving.web.logs import log_config
from serving.web.settings import Settings

OpenServer: TypeAlias = Callable[[Flask, Settings, str, int], Callable[[], None]]
"""Opens a port on a host for an application with its settings; returns what serves until Ctrl+C."""


def run_locally(
    host: str, *, port: int | None, bundle: Path | None, open_server: OpenServer
) -> None:
    """Put the application together, open its port, say where it is, and serve until Ctrl+C.

    Args:
        host: Name or address to listen on.
        port: By default that of the settings.
        bundle: A trained model instead of the one that is set.
        open_server: Opens the server.

    Raises:
        SettingsError: A setting is wrong.
        MienError: `bundle` is no trained model, or the port cannot be opened.
    """
    if bundle is not None:  # a wrong name is an error now, not a page that never gets ready
        read_spec(bundle)
    settings = read_settings(bundle=bundle)
    logging.config.dictConfig(log_config(settings.log_level))
    app = create_app(settings)
    port = settings.port if port is None else port
    try:
        serve = open_server(app, settings, host, port)
    except (OSError, SystemExit):  # Werkzeug's server raises the latter
        raise MienError(
            f"Port {port} on {host} cannot be opened. Choose another by --port or --host."
        ) from None
    print(f"Mien is on http://{host}:{port}, end it with Ctrl+C.", file=sys.stderr)
    serve()
