from dataclasses import replace
from pathlib import Path

import dlib
import pytest

from preprocessing.errors import ModelFileError
from preprocessing.faces import model_files


@pytest.mark.parametrize(
    ("file", "size"),
    [
        (model_files.LANDMARKS_68_FILE, 99_693_937),
        (model_files.LANDMARKS_5_FILE, 9_150_489),
        (model_files.CNN_DETECTOR_FILE, 729_940),
        (model_files.YUNET_FILE, 232_589),
        (model_files.HOG_DETECTOR_FILE, 155_005),
    ],
)
def test_the_models_are_found_and_whole(file: model_files.ModelFile, size: int) -> None:
    assert file.path().stat().st_size == size


def test_the_detector_in_a_file_is_that_which_dlib_brings(tmp_path: Path) -> None:
    saved = tmp_path / "saved.svm"
    dlib.get_frontal_face_detector().save(str(saved))
    assert saved.read_bytes() == model_files.HOG_DETECTOR_FILE.path().read_bytes(), "make detector"


def test_a_missing_package_is_named() -> None:
    file = replace(model_files.LANDMARKS_68_FILE, package="no_such_package")
    with pytest.raises(ModelFileError, match="pip install no_such_package"):
        file.path()


@pytest.mark.parametrize(
    ("content", "wrong"), [(None, "is missing"), (b"half a download", "is damaged")]
)
def test_a_missing_or_half_file_says_what_to_do(
    content: bytes | None, wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_files.ModelFile, "_folder", lambda _: tmp_path)
    for file, advice in (
        (model_files.LANDMARKS_68_FILE, "pip install --force-reinstall face_recognition_models"),
        (model_files.YUNET_FILE, "git restore"),
    ):
        if content is not None:
            (tmp_path / file.name).write_bytes(content)
        with pytest.raises(ModelFileError, match=f"{wrong}.*{advice}"):
            file.path()
