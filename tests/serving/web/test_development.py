"""The server for development."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving.web.secret_picture import NAME
from tests.tools.server_process import PREDICT, ServerProcess, wait_until

pytestmark = pytest.mark.slow


def test_the_server_for_development_logs_no_more(tmp_path: Path, secret_photo: bytes) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path / "log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "serving", "run", "--port", str(port)],
            stderr=stderr,
            env={**os.environ, "MIEN_LOG_LEVEL": "DEBUG"},
        )
    server = ServerProcess(process, port, log)
    try:
        wait_until(lambda: b"Mien is on" in log.read_bytes())
        assert server.ask(f"{PREDICT}?{NAME}=true", secret_photo).status == 400
        assert server.ask(PREDICT, secret_photo).status == 200
        wait_until(lambda: f"POST {PREDICT} 200" in log.read_text(encoding="utf-8"))
        assert NAME not in log.read_text(encoding="utf-8")
    finally:
        process.terminate()
        process.wait()
