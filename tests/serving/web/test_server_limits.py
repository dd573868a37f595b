"""Servers at their limits and at their end, each of them its own."""

import contextlib
import os
import subprocess
import sys
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from http.client import HTTPException
from pathlib import Path

import pytest
from PIL import Image

from tests.tools.picture_files import encode
from tests.tools.server_process import (
    COMMAND,
    PREDICT,
    Answer,
    ServerProcess,
    running_server,
    wait_until,
)

pytestmark = pytest.mark.slow

# Starts a server whose models never come back from pictures of one size, whatever the machine.
ENDLESS_PX = (61, 67)
SERVE_WITHOUT_END = f"""
import threading
from serving.inference.predictor import Predictor
from serving.web.start import main

look = Predictor.predict_decoded

def look_or_hang(self, picture, **options):
    if picture.pixels.shape[1::-1] == {ENDLESS_PX}:
        threading.Event().wait()
    return look(self, picture, **options)

Predictor.predict_decoded = look_or_hang
main()
"""


@pytest.fixture(scope="module")
def small() -> bytes:
    """A picture that is looked at within some ten milliseconds."""
    return blank(60, 60)


def blank(width: int, height: int) -> bytes:
    return encode(Image.new("RGB", (width, height), "grey"), "PNG")


def ask_until(server: ServerProcess, picture: bytes, code: str) -> Answer:
    """Send a picture again and again until it is refused with a code."""
    for _ in range(1000):
        answer = server.ask(PREDICT, picture)
        if answer.json().get("code") == code:
            return answer
    raise AssertionError(f"never refused with {code}")


def test_what_was_accepted_is_answered_before_the_server_ends(tmp_path: Path) -> None:
    slow = blank(3000, 2000)
    with running_server(tmp_path / "log", workers=1) as server, ThreadPoolExecutor() as clients:
        asked = [clients.submit(server.ask, PREDICT, slow) for _ in range(3)]
        wait(asked, return_when=FIRST_COMPLETED)
        server.process.terminate()
        assert [each.result().status for each in asked] == [200] * 3
        assert server.process.wait() == 0


def test_too_much_is_turned_away_and_what_takes_too_long_is_ended(
    tmp_path: Path, small: bytes
) -> None:
    endless = blank(*ENDLESS_PX)
    command = [sys.executable, "-c", SERVE_WITHOUT_END]
    limits = {"MIEN_PARALLEL_REQUESTS": "1", "MIEN_TIME_LIMIT_S": "6"}
    with running_server(tmp_path / "log", workers=1, command=command, **limits) as server:
        (worker,) = server.workers()

        def is_replaced() -> bool:
            # It ends after an answer, whichever; this request may be the one that it leaves open.
            with contextlib.suppress(OSError, HTTPException):
                server.ask("/livez")
            return server.has_replaced(worker)

        # From here on decoding is at hand, so that the time runs out with the models.
        assert server.ask(PREDICT, small).status == 200
        with ThreadPoolExecutor() as clients:
            waiting = clients.submit(ask_until, server, endless, "time_limit")
            refused = ask_until(server, small, "busy")
            late = waiting.result()
        for answer in (refused, late):
            assert answer.status == 503
            assert int(answer.headers["Retry-After"]) > 0
        wait_until(is_replaced)
        assert server.ask(PREDICT, small).status == 200
        assert server.metric("mien_shed_requests_total") >= 2


def test_a_bad_setting_ends_the_server_with_one_clear_line() -> None:
    run = subprocess.run(
        [sys.executable, *COMMAND],
        env={**os.environ, "MIEN_TIME_LIMIT": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert "MIEN_TIME_LIMIT is no setting" in line
    assert "MIEN_TIME_LIMIT_S" in line


def test_workers_that_would_be_forked_from_loaded_models_are_refused_with_a_sentence(
    tmp_path: Path,
) -> None:
    run = subprocess.run(
        [sys.executable, *COMMAND, "--preload"],
        env={**os.environ, "MIEN_BUNDLE": str(tmp_path)},  # without models, which is quick
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "--preload (preload_app) is not supported" in run.stderr
    assert "Traceback" not in run.stderr
