"""The wheel, installed into a new environment and used far from the checkout."""

import importlib
import json
import os
import site
import subprocess
import sys
import venv
import zipfile
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

import pytest

from preprocessing.images.sample import sample_photo_path
from serving.cli.command import COMMANDS
from tests.tools.server_process import PREDICT, running_server

pytestmark = pytest.mark.slow

WHEEL_MB = 8
HIDE = """
import importlib.abc, sys
class Hide(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Hide())
"""
# In one process: each would import the same libraries again.
EVERY_HELP = """
import contextlib, io, json
from serving.cli.command import COMMANDS, main
said = {}
for name in COMMANDS:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main([name, "--help"]) == 0
    said[name] = out.getvalue()
print(json.dumps(said))
"""
SERVER = ("flask", "werkzeug", "gunicorn", "waitress", "prometheus_client")
FEEDBACK = ("sqlalchemy", "alembic", "psycopg")
TRAINING = ("keras", "tensorflow", "plotly", "pyarrow", "scipy", "sklearn", "tensorboard")
VIDEO = ("av",)


@pytest.fixture(scope="module")
def wheel(repository_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run(
        [*command, "--directory", folder], cwd=repository_root, check=True, capture_output=True
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the programs of an environment with the wheel; its libraries are those here."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment, with_pip=False)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "libraries.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", environment / "bin" / "python"]
    subprocess.run(
        [*pip, "install", "--quiet", "--no-deps", "--no-index", wheel], check=True, timeout=300
    )
    return environment / "bin"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    (tmp_path / "photo.jpg").write_bytes(sample_photo_path().read_bytes())
    return tmp_path


def run(
    command: Sequence[str | Path], folder: Path, hidden: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder, without some packages."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if hidden:
        (folder / "hide").mkdir(exist_ok=True)
        hiding = HIDE.format(hidden=hidden)
        (folder / "hide" / "sitecustomize.py").write_text(hiding, encoding="utf-8")
        environment["PYTHONPATH"] = str(folder / "hide")
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_wheel_is_small_and_has_all_that_is_no_code(wheel: Path) -> None:
    assert wheel.stat().st_size < WHEEL_MB * 1_000_000
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "mien.py",
        "preprocessing/images/sample.jpg",
        "preprocessing/faces/face_detection_yunet_2023mar.onnx",
        "preprocessing/faces/face_detection_yunet_2023mar.LICENSE",
        "preprocessing/faces/yunet_any_size.onnx",
        "preprocessing/faces/dlib_frontal_face_detector.svm",
        "preprocessing/faces/dlib_frontal_face_detector.LICENSE",
        "preprocessing/report/templates/page.html",
        "serving/inference/video/templates/video.html",
        "training/evaluation/templates/evaluation.html",
        "training/explain/templates/explanation.html",
        "serving/LICENCES.md",
        "serving/bundle/model.tflite",
        "serving/bundle/spec.json",
        "serving/gunicorn.conf.py",
        "serving/templates/page.html",
        "serving/static/mien.js",
        "serving/static/device/yunet.tflite",
    } <= names
    # Too large; without it the page does not offer to read on the device.
    assert not [name for name in names if name.endswith(".wasm.gz")]
    tops = {name.partition("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"mien.py", "preprocessing", "serving", "training"}


def test_predict_and_import_work_without_server_and_training(
    installed: Path, elsewhere: Path
) -> None:
    hidden = SERVER + FEEDBACK + TRAINING + VIDEO
    said = run([installed / "mien", "predict", "photo.jpg", "--json"], elsewhere, hidden)
    assert said.returncode == 0, said.stderr
    (line,) = said.stdout.splitlines()
    assert json.loads(line)["faces"][0]["label"] == "happy"

    script = "import mien; print(mien.__file__); print(mien.predict('photo.jpg'))"
    printed = run([installed / "python", "-c", script], elsewhere, hidden)
    assert printed.returncode == 0, printed.stderr
    file, *faces = printed.stdout.splitlines()
    assert Path(file).is_relative_to(installed.parent)
    assert "label='happy'" in "".join(faces)

    doctor = run([installed / "mien", "doctor"], elsewhere, hidden)
    assert doctor.returncode == 0, doctor.stdout
    assert "pip install 'mien[server]'" in doctor.stdout


def test_a_command_names_what_to_install_for_it(installed: Path, elsewhere: Path) -> None:
    hidden = SERVER + FEEDBACK + TRAINING + VIDEO
    arguments = {
        "serve": [],
        "feedback": ["upgrade"],
        "video": ["a"],
        "report": ["a"],
        "export": ["a", "b", "c"],
        "explain": ["a", "b", "c"],
    }
    for name, command in COMMANDS.items():
        if command.extra is None:
            continue
        words = arguments.get(name, ["a", "b"])
        said = run([installed / "mien", name, *words], elsewhere, hidden)
        assert said.returncode == 1, (name, said.stderr)
        assert f"pip install 'mien[{command.extra}]'" in said.stderr


def test_every_command_has_help_in_its_own_name(installed: Path, elsewhere: Path) -> None:
    said = run([installed / "python", "-c", EVERY_HELP], elsewhere)
    assert said.returncode == 0, said.stderr
    helps = json.loads(said.stdout)
    assert list(helps) == list(COMMANDS)
    for name, text in helps.items():
        assert text.startswith(f"Usage: mien {name} ")
        assert f"example: mien {name}" in " ".join(text.split())


def test_the_list_of_commands_says_of_each_what_its_own_help_says() -> None:
    for name, command in COMMANDS.items():
        program = importlib.import_module(f"{command.package}.__main__").main
        assert program.commands[name].get_short_help_str(limit=80) == command.meaning


def test_mien_tells_its_version_its_commands_and_wrong_usage(
    installed: Path, elsewhere: Path, wheel: Path
) -> None:
    _, version, *_ = wheel.name.split("-")
    assert run([installed / "mien", "--version"], elsewhere).stdout == f"mien {version}\n"
    told = run([installed / "mien", "--help"], elsewhere).stdout
    assert all(f"\n  {name} " in told for name in COMMANDS)
    assert run([installed / "mien", "guess"], elsewhere).returncode == 2
    assert run([installed / "mien", "predict"], elsewhere).returncode == 2
    assert run([installed / "mien", "predict", "missing.jpg"], elsewhere).returncode == 1


def test_commands_options_and_files_are_completed(
    installed: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_MIEN_COMPLETE", "bash_complete")
    for typed, offered in (
        ("mien ev", "plain,evaluate\n"),
        ("mien align --sp", "plain,--split-off\n"),
        ("mien align --frame p", "plain,photo\n"),
        ("mien predict ph", "file,ph\n"),
    ):
        monkeypatch.setenv("COMP_WORDS", typed)
        monkeypatch.setenv("COMP_CWORD", str(typed.count(" ")))
        assert run([installed / "mien"], elsewhere).stdout == offered


def test_a_dataset_is_aligned_and_reported_on(installed: Path, elsewhere: Path) -> None:
    (elsewhere / "photos").mkdir()
    (elsewhere / "photo.jpg").rename(elsewhere / "photos" / "photo.jpg")
    aligned = run([installed / "mien", "align", "photos", "dataset"], elsewhere)
    assert aligned.returncode == 0, aligned.stderr
    told = run([installed / "mien", "report", "dataset"], elsewhere)
    assert told.returncode == 0, told.stderr
    assert "photos" in told.stdout


def test_mien_serve_answers(installed: Path, elsewhere: Path) -> None:
    log, command = elsewhere / "log", [installed / "mien", "serve"]
    with running_server(log, command=command, folder=elsewhere, PYTHONPATH="") as server:
        answer = server.ask(PREDICT, sample_photo_path().read_bytes())
        assert answer.json()["faces"][0]["label"] == "happy"
        assert server.ask("/").status == HTTPStatus.OK
