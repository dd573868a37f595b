"""What the READMEs of the project and of this folder say can be typed, works."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

from preprocessing.images.sample import sample_photo_path
from serving.inference.schema import PROBLEM_CODES

README_ADDRESS = "http://127.0.0.1:8080"


def test_every_code_of_a_problem_is_listed(repository_root: Path) -> None:
    readme = (repository_root / "serving" / "README.md").read_text(encoding="utf-8")
    listed = readme.partition("with a stable `code`")[2].partition("\n\n")[0]
    assert set(re.findall("`([a-z_]+)`", listed)) == {*PROBLEM_CODES, "retry_after_s"}


def test_every_curl_command_is_answered(
    address: str, repository_root: Path, tmp_path: Path
) -> None:
    texts = [
        (repository_root / folder / "README.md").read_text(encoding="utf-8")
        for folder in ("", "serving")
    ]
    found = [re.findall(r"^curl .*(?:\\\n.*)*", text, re.MULTILINE) for text in texts]
    assert len(found[0]) >= 1
    assert len(found[1]) >= 4
    commands = found[0] + found[1]
    shutil.copy(sample_photo_path(), tmp_path / "photo.jpg")
    shutil.copy(sample_photo_path(), tmp_path / "other.jpg")
    shutil.make_archive(str(tmp_path / "photos"), "zip", tmp_path, "photo.jpg")
    for command in commands:
        words = shlex.split(command.replace("\\\n", " ").replace(README_ADDRESS, address))
        assert words[-1] != command, "the command names no address"
        ran = subprocess.run(words, cwd=tmp_path, capture_output=True, check=True, timeout=60)
        for line in ran.stdout.splitlines():
            answer = json.loads(line)
            assert "code" not in answer, (command, answer)
            assert "problem" not in answer, (command, answer)
