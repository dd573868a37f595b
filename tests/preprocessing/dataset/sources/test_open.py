import gzip
import os
import pickle
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from preprocessing.dataset.labels import FER2013_LABELS, SPLITS
from preprocessing.dataset.sources import compressed
from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.reading import Reading
from preprocessing.dataset.sources.types import SourceKind
from preprocessing.errors import DatasetError, ImageDecodeError
from preprocessing.images.sample import sample_photo_path
from tests.preprocessing.dataset.sources.damaged import (
    damaged_files,
    fuzzed,
    within_memory,
    written,
)

USAGES = ("Training", "PublicTest", "PrivateTest")
PIXELS = " ".join(str(value % 256) for value in range(48 * 48))
ZIP_FLAGS = 8
# What a line may take is the same for any number of lines, but each takes time while it is traced.
EMPTY_LINES_BYTES = 200_000


@pytest.fixture
def csv_path(tmp_path: Path) -> Path:
    rows = [f"{code},{PIXELS},{usage}" for code in range(7) for usage in USAGES]
    path = tmp_path / "fer2013.csv"
    path.write_text("\n".join(["emotion,pixels,Usage", *rows]) + "\n", encoding="utf-8")
    return path


def test_csv_rows_become_items(csv_path: Path) -> None:
    source = open_source(csv_path)
    items = list(source.items())
    assert source.kind is SourceKind.FER2013
    assert source.count == len(items) == 21
    assert [item.label for item in items[::3]] == list(FER2013_LABELS)
    assert [item.split for item in items[:3]] == list(SPLITS)
    assert items[4].name == "fer2013.csv:6"
    np.testing.assert_array_equal(items[4].load().ravel(), np.arange(48 * 48) % 256)


def test_items_can_start_anywhere_and_travel_to_other_processes(csv_path: Path) -> None:
    source = open_source(csv_path)
    last = list(source.items(20))
    assert [item.row for item in last] == [20]
    assert pickle.loads(pickle.dumps(last[0])).name == last[0].name  # noqa: S301


def test_a_name_that_is_no_utf_8_can_be_shown_and_its_file_read(tmp_path: Path) -> None:
    shutil.copy(sample_photo_path(), tmp_path / os.fsdecode(b"caf\xe9.jpg"))
    (item,) = open_source(tmp_path).items()
    assert item.name == r"caf\xe9.jpg"
    assert item.load().shape == (512, 512, 3)


def test_a_zip_that_asks_for_a_password_is_refused(csv_path: Path) -> None:
    packed = csv_path.with_suffix(".zip")
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(csv_path, "fer2013.csv")
    content = bytearray(packed.read_bytes())
    content[content.index(b"PK\x01\x02") + ZIP_FLAGS] |= 1
    packed.write_bytes(content)
    with pytest.raises(DatasetError, match="encrypted"):
        open_source(packed)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (f"7,{PIXELS},Training", "emotion must be"),
        (f"x,{PIXELS},Training", "emotion must be"),
        (f"-1,{PIXELS},Training", "emotion must be"),
        (f"{'1' * 5000},{PIXELS},Training", "emotion must be"),
        (f"0,{PIXELS},Holiday", "Usage must be"),
        (f"0,{PIXELS} 5,Training", "Received: 2305"),
        (f"0,{PIXELS[:-40]},Training", "cut short"),
        (f"0,{PIXELS[:-1]}x,Training", "number from 0 to 255"),
        (f"0,{PIXELS.replace(' 255 ', ' 256 ', 1)},Training", "'256'"),
        (f"0,{PIXELS.replace(' 255 ', ' -1 ', 1)},Training", "'-1'"),
        (f"0,{PIXELS.replace(' 255 ', ' 2.5 ', 1)},Training", "'2.5'"),
        ("0," + PIXELS.replace(" 255 ", " \u0663 ", 1) + ",Training", "'\u0663'"),
        (f"0,{PIXELS.replace(' 255 ', f' {2**32 + 1} ', 1)},Training", "'4294967297'"),
        ("0," + PIXELS.replace(" ", "\xa0", 1) + ",Training", "separated by spaces"),
        ("0," + PIXELS.replace(" ", "\x1c", 1) + ",Training", "separated by spaces"),
        ("0", "cells"),
    ],
)
def test_a_broken_row_is_named(row: str, message: str, csv_path: Path) -> None:
    with csv_path.open("a", encoding="utf-8") as file:
        file.write(row + "\n")
    with pytest.raises(DatasetError, match=message) as error_info:
        open_source(csv_path)
    assert "fer2013.csv:23" in str(error_info.value)


@pytest.mark.parametrize("inside", ["", "train", "TEST", "validation"])
def test_class_folders_are_understood(inside: str, tmp_path: Path) -> None:
    folder = tmp_path / inside / "Happiness"
    folder.mkdir(parents=True)
    shutil.copy(sample_photo_path(), folder / "one.jpg")
    (folder / ".hidden.jpg").write_bytes(b"")
    source = open_source(tmp_path)
    (item,) = source.items()
    expected = {"": "train", "train": "train", "TEST": "test", "validation": "val"}[inside]
    assert (source.kind, item.label, item.split) == (SourceKind.CLASS_FOLDERS, "happy", expected)
    assert item.load().shape == (512, 512, 3)


def test_pictures_that_are_in_a_cloud_alone_are_told_of(tmp_path: Path) -> None:
    (tmp_path / "happy").mkdir()
    shutil.copy(sample_photo_path(), tmp_path / "happy" / "one.jpg")
    (tmp_path / "happy" / ".IMG_7.HEIC.icloud").write_bytes(b"bplist00")
    (reason,) = open_source(tmp_path).passed_over
    assert reason.startswith("pictures that are in iCloud alone")


def test_a_folder_of_an_unknown_class_is_named(tmp_path: Path) -> None:
    for label in ("happy", "hangry"):
        (tmp_path / label).mkdir()
        shutil.copy(sample_photo_path(), tmp_path / label / "one.jpg")
    with pytest.raises(DatasetError, match="hangry"):
        open_source(tmp_path)


def test_class_folders_may_have_labels_of_ones_own(tmp_path: Path) -> None:
    for label in ("Bored", "happy"):
        (tmp_path / "val" / label).mkdir(parents=True)
        shutil.copy(sample_photo_path(), tmp_path / "val" / label / "one.jpg")
    source = open_source(tmp_path, Reading(own_labels=("happy", "bored")))
    assert source.kind is SourceKind.CLASS_FOLDERS
    assert [(item.label, item.split) for item in source.items()] == [
        ("bored", "val"),
        ("happy", "val"),
    ]
    with pytest.raises(DatasetError, match="folders named calm, happy"):
        open_source(tmp_path, Reading(own_labels=("calm", "happy")))
    with pytest.raises(DatasetError, match="No folder with pictures is named calm"):
        open_source(tmp_path, Reading(own_labels=("calm", "happy", "bored")))


def test_labels_of_ones_own_must_be_found(csv_path: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    shutil.copy(sample_photo_path(), tmp_path / "photos" / "one.jpg")
    own = Reading(own_labels=("bored", "happy"))
    with pytest.raises(DatasetError, match="no class folder"):
        open_source(tmp_path / "photos", own)
    with pytest.raises(DatasetError, match=r"fer2013.csv:2: angry is none of the labels bored"):
        open_source(csv_path, own)


def test_photos_are_listed_in_order(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.jpg", "deep/c.jpeg", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(sample_photo_path(), tmp_path / name)
    source = open_source(tmp_path)
    items = list(source.items())
    assert source.kind is SourceKind.PHOTOS
    assert [item.name for item in items] == ["a.jpg", "b.JPG", "deep/c.jpeg"]
    assert {item.label for item in items} == {None}


def test_a_broken_photo_says_so(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    (item,) = open_source(tmp_path).items()
    with pytest.raises(ImageDecodeError):
        item.load()


@pytest.mark.parametrize(
    ("name", "said"), [("nowhere", "does not exist"), ("text.txt", "no source")]
)
def test_what_is_no_source_is_refused(name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("hello", encoding="utf-8")
    with pytest.raises(DatasetError, match=said):
        open_source(tmp_path / name)


@pytest.mark.slow
@fuzzed
@given(file=damaged_files("emotion,pixels,Usage", ["3", PIXELS, "Training"]))
def test_damage_to_a_csv_gives_rows_or_a_named_error(
    file: tuple[str, bytes], tmp_path: Path
) -> None:
    path = written(file, tmp_path)
    with within_memory():
        try:
            items = list(open_source(path).items())
        except DatasetError:
            return
    for item in items:
        assert item.label in FER2013_LABELS
        assert item.load().shape[:2] == (48, 48)


@pytest.mark.slow
def test_a_file_of_empty_lines_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "fer2013.csv.gz"
    path.write_bytes(gzip.compress(b"emotion,pixels,Usage\n" + b"\n" * (EMPTY_LINES_BYTES - 50)))
    with within_memory(EMPTY_LINES_BYTES), pytest.raises(DatasetError, match="has no rows"):
        list(open_source(path).items())


def test_what_unpacks_to_too_much_is_refused(
    csv_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = csv_path.with_name("bomb.csv.gz")
    path.write_bytes(gzip.compress(b"0" * 1_000_001))
    monkeypatch.setattr(compressed, "MAX_UNPACKED_BYTES", 1_000_000)
    with pytest.raises(DatasetError, match="unpacks to more than"):
        open_source(path)
