"""Pictures in Parquet files, as in the data sets of Hugging Face."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from preprocessing.dataset.sources import parquet_store
from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.reading import Reading, parse_mapping
from preprocessing.dataset.sources.types import SourceKind
from preprocessing.errors import DatasetError, ImageDecodeError
from tests.preprocessing.dataset.sources.drawn import draw, png

WORDS = ("angry", "joy", "sad")
FEATURES = {"info": {"features": {"label": {"names": WORDS, "_type": "ClassLabel"}}}}
METADATA = {"huggingface": json.dumps(FEATURES)}


def write(path: Path, records: Sequence[Mapping[str, object]], **metadata: str) -> Path:
    """Write a file of several groups of rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(list(records)).replace_schema_metadata(metadata)
    pq.write_table(table, path, row_group_size=2)
    return path


def records(labels: Sequence[object], *, first: int = 0) -> list[dict[str, object]]:
    return [
        {"image": {"bytes": png(first + number), "path": f"{number}.png"}, "label": label}
        for number, label in enumerate(labels)
    ]


def test_a_data_set_of_hugging_face_is_read_with_its_words_and_splits(tmp_path: Path) -> None:
    root = tmp_path / "faces"
    write(root / "data" / "train-00000-of-00001.parquet", records([0, 1, 2, 1, 0]), **METADATA)
    write(root / "validation" / "0000.parquet", records([2, 1], first=5), **METADATA)
    (root / "README.md").write_text("faces")
    source = open_source(root)
    assert source.kind is SourceKind.LISTS
    items = list(source.items())
    assert [(item.label, item.split) for item in items] == [
        *((label, "train") for label in ("angry", "happy", "sad", "happy", "angry")),
        *((label, "val") for label in ("sad", "happy")),
    ]
    for number, item in enumerate(items):
        assert (item.load()[..., 0] == draw(number)).all()
    assert [item.row for item in source.items(5)] == [5, 6]
    assert np.array_equal(next(iter(source.items(5))).load(), items[5].load())
    assert items[6].name == "validation/0000:1"


def test_a_file_alone_is_read_and_chosen_from_as_class_folders_are(tmp_path: Path) -> None:
    named = [{"emotion": label, "img": png(0)} for label in ("HAPPY", "contempt", "sad")]
    path = write(tmp_path / "test.parquet", named)
    source = open_source(path, Reading(mapping=parse_mapping("contempt=angry")))
    assert source.counts == {("happy", "test"): 1, ("angry", "test"): 1, ("sad", "test"): 1}
    assert open_source(path, Reading(only=("happy", "sad"))).counts == {
        ("happy", "test"): 1,
        ("sad", "test"): 1,
    }
    numbers = write(tmp_path / "numbers.parquet", records([3.0, 4.0, -1.0, None]))
    with pytest.raises(DatasetError, match="fer2013"):
        open_source(numbers)
    mapped = open_source(numbers, Reading(mapping=parse_mapping("1=fear,3=happy,4=sad")))
    assert mapped.counts == {("happy", "train"): 1, ("sad", "train"): 1}
    assert mapped.passed_over == {"without a label in the list": 2}


def test_columns_of_splits_and_votes_are_read_as_those_of_lists(tmp_path: Path) -> None:
    splits = ("Training", "PublicTest", "PrivateTest")
    rows = [
        {"id": number, "image": png(number), "happy": 7, "sad": number, "Usage": split}
        for number, split in enumerate(splits)
    ]
    source = open_source(write(tmp_path / "faces.parquet", rows))
    assert source.counts == {("happy", split): 1 for split in ("train", "val", "test")}
    assert source.notes == ("note: columns of faces.parquet that were not read: id",)
    path = write(tmp_path / "faces.parquet", [each | {"sad": 8} for each in rows])
    assert open_source(path).counts == {("sad", split): 1 for split in ("train", "val", "test")}
    assert open_source(path).sha256 != source.sha256
    flagged = [{"image": png(0), "label": "sad", "is_test": True}]
    with pytest.raises(DatasetError, match="column is_test, which may tell the split"):
        open_source(write(tmp_path / "flagged.parquet", flagged))
    assert open_source(path, Reading(is_unlabelled=True)).kind is SourceKind.PHOTOS


def test_labels_that_are_no_words_or_numbers_are_named(tmp_path: Path) -> None:
    for label in ([0, 1], {"a": 1}):
        path = write(tmp_path / "faces.parquet", records([label]))
        with pytest.raises(DatasetError, match=r"faces.parquet, record 1: the label '[{\[]"):
            open_source(path)


def test_a_folder_tells_the_split_where_the_file_does_not(tmp_path: Path) -> None:
    for folder in ("partial-train", "partial-test"):
        write(tmp_path / "default" / folder / "0000.PARQUET", records(["sad"]))
    assert open_source(tmp_path).counts == {("sad", "train"): 1, ("sad", "test"): 1}


def test_a_file_whose_name_is_no_utf_8_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "faces.parquet", records(["sad"]))
    path = path.rename(tmp_path / os.fsdecode(b"caf\xe9.parquet"))
    assert [item.name for item in open_source(path).items()] == ["caf\\xe9:0"]


def test_pictures_that_are_missing_or_too_large_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_store, "MOST_BYTES", 1_000)
    contents = (None, bytes(1_001), png(0))
    rows = [{"image": {"bytes": content, "path": "a"}, "label": "sad"} for content in contents]
    path = write(tmp_path / "faces.parquet", rows)
    missing, large, there = open_source(path).items()
    for item, problem in ((missing, "There is none"), (large, "more than 200,000,000 bytes")):
        with pytest.raises(ImageDecodeError, match=problem):
            item.load()
    assert (there.load()[..., 0] == draw(0)).all()


def test_damage_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "faces.parquet", records(["sad"] * 9))
    data = path.read_bytes()
    path.write_bytes(data[:4] + b"\xff" * 60 + data[64:])
    with pytest.raises(DatasetError, match=r"faces.parquet cannot be read as Parquet"):
        list(open_source(path).items())


def test_a_picture_beside_does_not_hide_a_data_set(tmp_path: Path) -> None:
    write(tmp_path / "data" / "train-0.parquet", records(["sad"]))
    (tmp_path / "preview.png").write_bytes(png(0))
    with pytest.raises(DatasetError, match=r"such as data/train-0.parquet, hold pictures too"):
        open_source(tmp_path)
    assert open_source(tmp_path / "data").counts == {("sad", "train"): 1}


def test_a_file_that_is_none_yet_or_holds_no_pictures_is_refused(tmp_path: Path) -> None:
    pointer = tmp_path / "train.parquet"
    pointer.write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(DatasetError, match="git lfs pull"):
        open_source(pointer)
    no_pictures = write(tmp_path / "numbers.parquet", [{"chip": b"1", "label": 1}])
    with pytest.raises(DatasetError, match="no source of pictures"):
        open_source(no_pictures)


def test_more_pictures_than_there_is_memory_for_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        write(tmp_path / f"{name}.parquet", records(["sad"] * 2))
    monkeypatch.setattr(parquet_store, "MOST_PICTURES", 4)
    assert open_source(tmp_path).count == 4
    monkeypatch.setattr(parquet_store, "MOST_PICTURES", 3)
    with pytest.raises(DatasetError, match="holds 4 pictures, more than 3"):
        open_source(tmp_path)


def test_labels_that_unpack_to_far_too_much_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Alike, they are in the file once.
    monkeypatch.setattr("preprocessing.dataset.sources.parquet_columns.MOST_BYTES", 1_000_000)
    long = write(tmp_path / "long.parquet", [{"image": b"", "label": "happy" * 200}] * 2_000)
    with pytest.raises(DatasetError, match=r"long.parquet is too large: .* 1,000,000 bytes"):
        open_source(long)
    listed = write(tmp_path / "listed.parquet", [{"path": "a.png", "label": "b" * 9_000}] * 200)
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_bytes(png(0))
    with pytest.raises(DatasetError, match=r"listed.parquet is too large: .* 1,000,000 bytes"):
        open_source(tmp_path / "pictures", Reading(lists=(listed,)))


def test_categories_count_as_the_words_that_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pictures").mkdir()
    names = [f"{number}.png" for number in range(200)]
    for name in names[:2]:
        (tmp_path / "pictures" / name).write_bytes(png(0))
    listed = tmp_path / "listed.parquet"
    paths = pa.array(names).dictionary_encode()
    labels = pa.array(["sad", "happy"] * 100).dictionary_encode()
    pq.write_table(pa.table({"path": paths, "label": labels}), listed)
    monkeypatch.setattr("preprocessing.dataset.sources.parquet_columns.MOST_BYTES", 8_000)
    reading = Reading(lists=(listed,), ignore=tuple(names[2:]))
    assert [item.label for item in open_source(tmp_path / "pictures", reading).items()] == [
        "sad",
        "happy",
    ]
