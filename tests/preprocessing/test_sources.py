import bz2
import gzip
import lzma
import os
import pickle
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preprocessing import fer2013
from preprocessing.errors import DatasetError, ImageDecodeError
from preprocessing.fer2013 import read_ferplus
from preprocessing.labels import (
    FER2013_LABELS,
    FER2013_USAGES,
    SPLITS,
    DisgustPolicy,
    labels_for,
    resolve_label,
)
from preprocessing.sample import sample_photo_path
from preprocessing.sources import SourceKind, open_source

PIXELS = " ".join(str(value % 256) for value in range(48 * 48))
VOTES = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


@pytest.fixture
def csv_path(tmp_path: Path) -> Path:
    rows = [f"{code},{PIXELS},{usage}" for code in range(7) for usage in FER2013_USAGES]
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
    assert item.load().shape == (512, 512)


@pytest.mark.parametrize(
    ("suffix", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress), (".bz2", bz2.compress)]
)
def test_compressed_files_are_the_same_source(suffix: str, pack: object, csv_path: Path) -> None:
    assert callable(pack)
    packed = csv_path.with_name(csv_path.name + suffix)
    packed.write_bytes(pack(csv_path.read_bytes()))
    assert open_source(packed).sha256 == open_source(csv_path).sha256
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(DatasetError, match="cannot be read"):
        open_source(packed)


def test_a_zip_holds_one_csv(csv_path: Path) -> None:
    packed = csv_path.with_suffix(".zip")
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(csv_path, "fer2013/fer2013.csv")
    assert open_source(packed).sha256 == open_source(csv_path).sha256
    with zipfile.ZipFile(packed, "a") as archive:
        archive.write(csv_path, "other.csv")
    with pytest.raises(DatasetError, match="one CSV"):
        open_source(packed)


def test_columns_may_be_spelt_and_ordered_as_in_kaggle_s_other_file(tmp_path: Path) -> None:
    path = tmp_path / "icml_face_data.csv"
    path.write_text(f"emotion, Usage, pixels\n3,PublicTest,{PIXELS}\n", encoding="utf-8")
    (item,) = open_source(path).items()
    assert (item.label, item.split) == ("happy", "val")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (f"7,{PIXELS},Training", "emotion must be"),
        (f"x,{PIXELS},Training", "emotion must be"),
        (f"-1,{PIXELS},Training", "emotion must be"),
        (f"0,{PIXELS},Holiday", "Usage must be"),
        (f"0,{PIXELS} 5,Training", "Received: 2305"),
        (f"0,{PIXELS[:-40]},Training", "cut short"),
        (f"0,{PIXELS[:-1]}x,Training", "number from 0 to 255"),
        (f"0,{PIXELS.replace(' 255 ', ' 256 ', 1)},Training", "'256'"),
        (f"0,{PIXELS.replace(' 255 ', ' -1 ', 1)},Training", "'-1'"),
        (f"0,{PIXELS.replace(' 255 ', ' 2.5 ', 1)},Training", "'2.5'"),
        ("0," + PIXELS.replace(" 255 ", " \u0663 ", 1) + ",Training", "'\u0663'"),
        ("0", "cells"),
    ],
)
def test_a_broken_row_is_named(row: str, message: str, csv_path: Path) -> None:
    with csv_path.open("a", encoding="utf-8") as file:
        file.write(row + "\n")
    source = open_source(csv_path)
    with pytest.raises(DatasetError, match=message) as error_info:
        list(source.items())
    assert "fer2013.csv:23" in str(error_info.value)


def test_another_csv_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,b,c\n1,2,3\n", encoding="utf-8")
    with pytest.raises(DatasetError, match="'emotion'"):
        open_source(path)


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
    assert item.load().shape == (512, 512)


def test_a_folder_of_an_unknown_class_is_named(tmp_path: Path) -> None:
    for label in ("happy", "hangry"):
        (tmp_path / label).mkdir()
        shutil.copy(sample_photo_path(), tmp_path / label / "one.jpg")
    with pytest.raises(DatasetError, match="hangry"):
        open_source(tmp_path)


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


@pytest.mark.parametrize("name", ["nowhere", "text.txt"])
def test_what_is_no_source_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("hello", encoding="utf-8")
    with pytest.raises(DatasetError, match="no source"):
        open_source(tmp_path / name)


def test_votes_are_read_by_position(tmp_path: Path) -> None:
    path = tmp_path / "fer2013new.csv"
    path.write_text(
        f"Usage,Image name,{VOTES}\nTraining,x.png,4,0,0,1,3,2,0,0,0,0\n", encoding="utf-8"
    )
    assert read_ferplus(path).tolist() == [[4, 0, 0, 1, 3, 2, 0, 0, 0, 0]]
    path.write_text(f"Usage,Image name,{VOTES}\nTraining,x.png,4,0,0,one\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=":2"):
        read_ferplus(path)


@pytest.mark.parametrize("policy", DisgustPolicy)
def test_labels_and_class_indices_are_one_to_one(policy: DisgustPolicy) -> None:
    labels = labels_for(policy)
    assert len(set(labels)) == len(labels) == (7 if policy is DisgustPolicy.KEEP else 6)
    resolved = {resolve_label(label, policy) for label in FER2013_LABELS} - {None}
    assert resolved == set(labels)


def test_an_unknown_label_is_refused() -> None:
    with pytest.raises(DatasetError, match="hangry"):
        resolve_label("hangry", DisgustPolicy.DROP)


def test_the_real_fer2013_and_votes_belong_together(shared_data: Path) -> None:
    source = open_source(shared_data / "fer2013" / "fer2013.csv.xz")
    assert source.count == 35_887
    assert source.sha256.startswith("08b77000769fffdd")
    assert read_ferplus(shared_data / "fer2013" / "fer2013new.csv").shape == (35_887, 10)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_damage_to_a_csv_gives_rows_or_a_named_error(data: st.DataObject, csv_path: Path) -> None:
    damaged = bytearray(csv_path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(damaged) - 1))
        stop = start + data.draw(st.sampled_from([1, 3, 200, 10_000]))
        damaged[start:stop] = data.draw(st.binary(max_size=20))
    suffix = data.draw(st.sampled_from([".csv", ".csv.gz", ".csv.xz", ".csv.zip"]))
    path = csv_path.with_name(f"damaged{suffix}")
    path.write_bytes(bytes(damaged))
    try:
        items = list(open_source(path).items())
    except DatasetError:
        return
    for item in items:
        assert item.label in FER2013_LABELS
        assert item.load().shape == (48, 48)


def test_what_unpacks_to_too_much_is_refused(
    csv_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = csv_path.with_name("bomb.csv.gz")
    path.write_bytes(gzip.compress(b"0" * 1_000_001))
    monkeypatch.setattr(fer2013, "MAX_UNPACKED_BYTES", 1_000_000)
    with pytest.raises(DatasetError, match="unpacks to more than"):
        open_source(path)
