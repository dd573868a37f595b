"""The page in Chromium, of which pictures are made."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server

from notebooks.common import find_browser
from serving.web.app import create_app


@contextmanager
def served_page(*arguments: str) -> Iterator[tuple[Browser, str]]:
    """Give Chromium, started with arguments of its own, and the address at which the page is."""
    with make_server("127.0.0.1", 0, create_app(), threaded=True) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with sync_playwright() as playwright:
            yield (
                playwright.chromium.launch(
                    executable_path=find_browser(), args=["--no-sandbox", *arguments]
                ),
                f"http://127.0.0.1:{server.port}",
            )
        server.shutdown()
