"""Photos, among them a broken one, and a video."""

import shutil
from pathlib import Path

import pytest

from preprocessing.images.sample import sample_photo_path
from tests.serving.cli.clip import frames
from tests.tools.clips import write_clip


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """One photo, in a folder with a broken picture and a text."""
    folder = tmp_path / "photos"
    (folder / "inner").mkdir(parents=True)
    shutil.copy(sample_photo_path(), folder / "inner" / "face.jpg")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "notes.txt").write_text("no picture", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "=clip.mp4"
    return write_clip(path, frames(), keyframes_apart=3, movflags="+faststart")
