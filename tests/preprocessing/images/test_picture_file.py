"""A file that is far too large for a picture, or has no end, is refused by all that read one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from preprocessing.dataset.beam import files
from preprocessing.dataset.sources.types import read_local_file
from preprocessing.errors import ImageDecodeError
from preprocessing.images import picture_file
from preprocessing.images.sample import sample_photo_path
from serving.__main__ import main
from serving.inference.given_picture import read_given

# A tenth of the photo, so that no test need write hundreds of megabytes.
SMALL_BYTES = 5_000


@pytest.mark.parametrize(
    "read", [picture_file.read_picture_file, read_given, read_local_file, files.read_picture_file]
)
def test_no_more_of_a_file_is_read_than_a_picture_has(
    read: Callable[[str | Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_file, "MOST_BYTES", SMALL_BYTES)
    path = tmp_path / "large.jpg"
    path.write_bytes(bytes(SMALL_BYTES + 1))
    with pytest.raises(ImageDecodeError, match="more than 5,000 bytes"):
        read(path if read is picture_file.read_picture_file else str(path))
    path.write_bytes(bytes(SMALL_BYTES))
    read(path if read is picture_file.read_picture_file else str(path))


def test_predict_says_which_file_is_far_too_large(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(picture_file, "MOST_BYTES", SMALL_BYTES)
    assert main(["predict", str(sample_photo_path())]) == 1
    assert f"{sample_photo_path().name}: The file has more than" in capsys.readouterr().err
