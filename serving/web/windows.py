"""The server where there is no gunicorn, as on Windows: waitress, one process with threads."""

import logging.config
import sys
from pathlib import Path

import waitress

from preprocessing.errors import MienError
from serving.web.app import create_app
from serving.web.environment import read_settings
from serving.web.logs import log_config
from serving.web.uploads import OVERHEAD_BYTES

# A client that sends or takes nothing for this long loses its connection.
CHANNEL_TIMEOUT_S = 10


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
    # Pictures stay in memory: by default waitress writes large requests to a temporary file.
    largest = max(settings.max_upload_bytes, settings.max_batch_bytes) + OVERHEAD_BYTES
    try:
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
    except OSError:
        raise MienError(
            f"Port {port} on {host} cannot be opened. Choose another by --port or --host."
        ) from None
    print(f"Mien is on http://{host}:{port}, end it with Ctrl+C.", file=sys.stderr)
    server.run()
