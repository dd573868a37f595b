from pathlib import Path

import pytest

from preprocessing import model_files
from preprocessing.errors import ModelFileError


@pytest.mark.parametrize(
    ("file", "size"),
    [
        (model_files.LANDMARKS_68_FILE, 99_693_937),
        (model_files.LANDMARKS_5_FILE, 9_150_489),
        (model_files.CNN_DETECTOR_FILE, 729_940),
    ],
)
def test_the_models_are_found_and_whole(file: model_files.ModelFile, size: int) -> None:
    assert file.path().stat().st_size == size


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_files, "_PACKAGE", "no_such_package")
    with pytest.raises(ModelFileError, match="pip install no_such_package"):
        model_files.LANDMARKS_68_FILE.path()


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="pip install --force-reinstall"):
        model_files.check_file(tmp_path / "model.dat", "0" * 64)


def test_a_half_file_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "model.dat"
    path.write_bytes(b"half")
    with pytest.raises(ModelFileError, match="damaged"):
        model_files.check_file(path, "0" * 64)
