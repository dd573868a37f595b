"""Pictures in Parquet files, as in the data sets of Hugging Face."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.reading import Reading, parse_mapping
from preprocessing.dataset.sources.types import SourceKind
from preprocessing.errors import DatasetError
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
    assert source.kind is SourceKind.CLASS_FOLDERS
    items = list(source.items())
    assert [(item.label, item.split) for item in items] == [
        *((label, "train") for label in ("angry", "happy", "sad", "happy", "angry")),
        *((label, "val") for label in ("sad", "happy")),
    ]
    for number, item in enumerate(items):
        assert (item.load()[..., 0] == draw(number)).all()
    assert [item.row for item in source.items(5)] == [5, 6]
    assert np.array_equal(next(iter(source.items(5))).load(), items[5].load())
    assert items[6].name == "validation/joy/0000:1"


def test_a_file_alone_is_read_and_chosen_from_as_class_folders_are(tmp_path: Path) -> None:
    named = [{"emotion": label, "img": png(0)} for label in ("HAPPY", "contempt", "sad")]
    path = write(tmp_path / "test.parquet", named)
    source = open_source(path, Reading(mapping=parse_mapping("contempt=angry")))
    assert source.counts == {("happy", "test"): 1, ("angry", "test"): 1, ("sad", "test"): 1}
    assert open_source(path, Reading(only=("happy", "sad"))).counts == {
        ("happy", "test"): 1,
        ("sad", "test"): 1,
    }
    numbers = write(tmp_path / "numbers.parquet", records([3, 4]))
    with pytest.raises(DatasetError, match="fer2013"):
        open_source(numbers)
    mapped = open_source(numbers, Reading(mapping=parse_mapping("3=happy,4=sad")))
    assert mapped.counts == {("happy", "train"): 1, ("sad", "train"): 1}


def test_a_file_that_is_none_yet_or_holds_no_pictures_is_refused(tmp_path: Path) -> None:
    pointer = tmp_path / "train.parquet"
    pointer.write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(DatasetError, match="git lfs pull"):
        open_source(pointer)
    no_pictures = write(tmp_path / "numbers.parquet", [{"chip": b"1", "label": 1}])
    with pytest.raises(DatasetError, match="no source of pictures"):
        open_source(no_pictures)
