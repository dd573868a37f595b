"""What real servers have answered is on the disk, whatever becomes of them."""

import contextlib
import http.client
import os
import re
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest

from preprocessing.images.encode import encode_png
from serving.feedback.codes import hash_code
from serving.feedback.store import NAME_DIGITS, Store
from serving.web.pictures import data_url
from tests.tools.server_process import ServerProcess, running_server, wait_until

pytestmark = pytest.mark.slow

CLIENTS, ENOUGH = 3, 30


def kill(server: ServerProcess) -> None:
    """End all processes of a server at once, as a failure of the machine would."""
    for pid in server.processes():
        with contextlib.suppress(ProcessLookupError):  # one may end with its parent
            os.kill(pid, signal.SIGKILL)


def test_no_answer_is_lost_when_the_server_is_killed_under_load(place: str, tmp_path: Path) -> None:
    chip = data_url(encode_png(np.full((48, 48), 128, np.uint8)), "image/png")
    body = urlencode({"chip": chip, "said": "sad", "consent": "1"}).encode()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Sec-Fetch-Site": "same-origin",
    }
    codes: list[str] = []
    is_over = threading.Event()

    def send_on(server: ServerProcess) -> None:
        while not is_over.is_set():
            try:
                answer = server.ask("/feedback", body, headers)
            except (OSError, http.client.HTTPException):
                return
            if answer.status == http.HTTPStatus.OK:
                codes.extend(re.findall("<code>(.+)</code>", answer.body.decode()))

    with (
        running_server(tmp_path / "log", MIEN_FEEDBACK_DATABASE=place) as server,
        ThreadPoolExecutor() as clients,
    ):
        for _ in range(CLIENTS):
            clients.submit(send_on, server)
        try:
            wait_until(lambda: len(codes) >= ENOUGH, within_s=120)
        finally:
            kill(server)
            is_over.set()
    with closing(Store(place)) as store:
        kept = {each.name for each in store.read()}
    answered = {(hash_code(code) or b"").hex()[:NAME_DIGITS] for code in codes}
    log = (tmp_path / "log").read_text(encoding="utf-8")
    assert "POST /feedback 200" in log
    assert not any(secret in log for secret in (*codes, chip[60:90]))
    assert len(answered) == len(codes) >= ENOUGH
    assert answered <= kept
    # Those that were on their way may have been kept.
    assert len(kept) <= len(answered) + CLIENTS
