import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from preprocessing.__main__ import main
from preprocessing.images.sample import sample_photo_path
from tests.preprocessing.dataset.sources.drawn import write_folders


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Photos of one face, of two, of none, a broken one, and what else lies beside them."""
    photo = cv2.imread(str(sample_photo_path()), cv2.IMREAD_GRAYSCALE)
    folder = tmp_path / "faces"
    for label in ("happy", "sad", "disgust", "contempt"):
        (folder / "train" / label).mkdir(parents=True)
    happy = folder / "train" / "happy"
    cv2.imwrite(str(happy / "one.png"), photo)
    small = cv2.resize(photo, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    two = np.full((512, 768), 128, np.uint8)
    two[:, :512], two[100:356, 512:] = photo, small
    cv2.imwrite(str(happy / "two.png"), two)
    cv2.imwrite(str(folder / "train" / "sad" / "none.png"), np.full((200, 300), 128, np.uint8))
    (folder / "train" / "sad" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    shutil.copy(happy / "one.png", folder / "train" / "sad" / "same.png")
    shutil.copy(happy / "one.png", folder / "train" / "disgust" / "one.png")
    shutil.copy(happy / "one.png", folder / "train" / "contempt" / "one.png")
    (folder / "notes.pdf").write_bytes(b"%PDF")
    (happy / "Thumbs.db").write_bytes(b"\0")
    return folder


def test_align_ends_with_a_table(
    faces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["align", str(faces), str(tmp_path / "out"), "--workers", "1"]
    assert main([*command, "--ignore", "contempt"]) == 0
    captured = capsys.readouterr()
    text = captured.out
    for line in (
        "4 faces from 6 pictures",
        f"{'pictures read':<34}{5:>9}",
        f"{'faces':<34}{4:>9}",
        f"{'  aligned to a detected face':<34}{3:>9}",
        f"{'  fell back to the whole picture':<34}{1:>9}  1 full_frame (as train/sad/none.png)",
        f"{'  the largest of several':<34}{1:>9}  train/happy/two.png",
        f"{'passed over':<34}{5:>9}",
        f"{'  could not be read':<34}{1:>9}  train/sad/broken.jpg",
        f"{'  .pdf files that are no pictures':<34}{1:>9}",
        f"{'  contempt (--ignore)':<34}{1:>9}",
        f"{'  hidden and system files':<34}{1:>9}",
        f"{'happy':<12}{2:>9}{0:>9}{0:>9}",
        f"{'sad':<12}{2:>9}{0:>9}{0:>9}",
    ):
        assert line in text
    assert f"{'  class disgust (--disgust drop)':<34}{1:>9}" in text
    assert "warning: 1 pictures are in two classes" in captured.err
    assert "1 of 4 pictures fell back" in captured.err
    assert "note: there are no pictures of angry, fear, surprise, neutral" in captured.err
    assert main(["report", str(tmp_path / "out")]) == 0
    report = capsys.readouterr().out
    assert "whose faces the largest was taken: 1\n  train/happy/two.png: 2 faces" in report
    assert "a face that could be aligned: 1\n  train/sad/none.png: full_frame\n" in report
    assert "Passed over: 1 contempt (--ignore)" in report


def test_a_labelled_photo_without_a_face_is_passed_over_where_photos_are_asked_for(
    faces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["align", str(faces), str(tmp_path / "out"), "--workers", "1", "--frame", "photo"]
    assert main([*command, "--only", "happy,sadness"]) == 0
    text = capsys.readouterr().out
    assert f"{'  show no face':<34}{1:>9}  train/sad/none.png" in text
    assert "3 faces from 5 pictures" in text
    assert f"{'  class disgust (not in --only)':<34}{1:>9}" in text


def test_photos_without_labels_are_noted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "photos").mkdir()
    shutil.copy(sample_photo_path(), tmp_path / "photos" / "one.jpg")
    cv2.imwrite(str(tmp_path / "photos" / "none.png"), np.full((200, 300), 128, np.uint8))
    command = ["align", str(tmp_path / "photos"), str(tmp_path / "out"), "--workers", "1"]
    assert main(command) == 0
    captured = capsys.readouterr()
    assert "photos without labels" in captured.err
    assert f"{'  show no face':<34}{1:>9}  none.png" in captured.out
    assert "label " not in captured.out
    assert main([*command, "--overwrite", "--unlabelled"]) == 0
    assert capsys.readouterr().err == ""


def test_a_source_of_one_class_is_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_folders(tmp_path / "faces", ("train", "val"), ("happy",))
    assert main(["align", str(tmp_path / "faces"), str(tmp_path / "out"), "--workers", "1"]) == 0
    assert "warning: all pictures of faces are happy." in capsys.readouterr().err


def test_a_split_that_lacks_a_label_is_told_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_folders(tmp_path / "faces", ("train",), ("happy", "sad"))
    write_folders(tmp_path / "faces", ("val",), ("happy", "fear"))
    command = ["align", str(tmp_path / "faces"), str(tmp_path / "out"), "--workers", "1"]
    assert main(command) == 0
    said = capsys.readouterr().err
    assert "warning: train has no pictures of fear, so no network" in said
    assert "warning: val has no pictures of sad, so nothing will tell how well" in said
    assert main([*command, "--overwrite", "--only", "happy,sad", "--ignore", "val"]) == 0
    assert "has no pictures of" not in capsys.readouterr().err


def test_pictures_that_are_in_two_splits_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_folders(tmp_path / "faces", ("train", "val"), ("happy", "sad"))
    shutil.copytree(tmp_path / "faces" / "train", tmp_path / "faces" / "test")
    shutil.copytree(tmp_path / "faces" / "val" / "sad", tmp_path / "faces" / "test" / "sad2")
    command = ["align", str(tmp_path / "faces"), str(tmp_path / "out"), "--workers", "1"]
    assert main([*command, "--map", "sad2=sad"]) == 0
    said = capsys.readouterr().err
    assert "warning: 4 of 4 pictures in train are in test too" in said
    assert "as train/happy/0_0.png and test/happy/0_0.png. `fit` has nothing to train on" in said
    assert "note: 2 of 4 pictures in val are in test too" in said
    assert "in train are in val too" not in said
