"""Parquet files that say what no program should have written."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.records import records_as_csv
from preprocessing.errors import DatasetError
from tests.preprocessing.dataset.sources.drawn import png

YEAR_148101 = pa.array([2**62], pa.timestamp("us"))
NO_SUCH_ZONE = pa.array([0], pa.timestamp("us", tz="Nowhere/At All"))


def write(path: Path, columns: dict[str, object], metadata: dict[str, str] | None = None) -> Path:
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), path)
    return path


def test_words_that_are_nested_too_deeply_are_none(tmp_path: Path) -> None:
    deep = {"huggingface": '{"info": {"features": {"label": ' + "[" * 100_000}
    path = write(tmp_path / "a.parquet", {"image": [png(0)], "label": ["happy"]}, deep)
    assert [item.label for item in open_source(path).items()] == ["happy"]


@pytest.mark.parametrize("times", [YEAR_148101, NO_SUCH_ZONE], ids=["year", "zone"])
def test_a_time_that_python_does_not_know_is_named(tmp_path: Path, times: pa.Array) -> None:
    pictures = write(tmp_path / "a.parquet", {"image": [png(0)], "label": times})
    with pytest.raises(DatasetError, match=r"a\.parquet: the column 'label' has a time"):
        open_source(pictures)
    listed = write(tmp_path / "list.parquet", {"path": ["0.png"], "label": ["happy"], "at": times})
    with pytest.raises(DatasetError, match=r"list\.parquet: the column 'at' has a time"):
        records_as_csv(listed.read_bytes(), listed.name)


@pytest.mark.parametrize("name", ["image", "label"])
def test_a_name_of_two_columns_is_named(tmp_path: Path, name: str) -> None:
    columns = {"image": [png(0)], "label": ["happy"]}
    arrays, names = [*map(pa.array, columns.values()), pa.array(columns[name])], [*columns, name]
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_arrays(arrays, names=names), path)
    with pytest.raises(DatasetError, match=rf"a\.parquet has 2 columns with the name '{name}'"):
        open_source(path)


def test_a_name_of_two_columns_of_a_list_is_named(tmp_path: Path) -> None:
    path = tmp_path / "list.parquet"
    arrays = [pa.array(["0.png"]), pa.array(["happy"]), pa.array(["sad"])]
    pq.write_table(pa.Table.from_arrays(arrays, names=["path", "label", "label"]), path)
    with pytest.raises(DatasetError, match=r"list\.parquet has 2 columns with the name 'label'"):
        records_as_csv(path.read_bytes(), path.name)
