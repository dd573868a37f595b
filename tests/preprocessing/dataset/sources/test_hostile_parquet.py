"""Parquet files that say what no program should have written."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.parquet_pages import check_pages
from preprocessing.dataset.sources.records import records_as_csv
from preprocessing.errors import DatasetError
from tests.preprocessing.dataset.forged_footer import forge
from tests.preprocessing.dataset.sources.drawn import png

YEAR_148101 = pa.array([2**62], pa.timestamp("us"))
LONG_BYTES = 20_000_000
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


def test_a_footer_that_says_less_than_its_pages_hold_is_not_believed(tmp_path: Path) -> None:
    listed = tmp_path / "list.parquet"
    columns = {"path": ["0" * 6 * LONG_BYTES], "label": ["happy"]}
    pq.write_table(pa.table(columns), listed, compression="zstd")
    said = pq.read_metadata(listed).row_group(0).column(0).total_uncompressed_size
    forge(listed, said, instead=1_000)
    with pytest.raises(DatasetError, match="far more than its size lets expect"):
        records_as_csv(listed.read_bytes(), listed.name)


def test_a_footer_that_counts_packed_bytes_is_believed(tmp_path: Path) -> None:
    """As parquetjs writes it; DuckDB once wrote none."""
    columns = {"path": [f"{row:0200}.png" for row in range(300)], "label": ["happy"] * 300}
    listed = write(tmp_path / "list.parquet", columns)
    part = pq.read_metadata(listed).row_group(0).column(0)
    assert part.total_uncompressed_size > 5 * part.total_compressed_size
    forge(listed, part.total_uncompressed_size, instead=part.total_compressed_size)
    assert records_as_csv(listed.read_bytes(), listed.name).count(b"happy") == 300


def test_more_values_than_the_footer_says_are_not_believed(tmp_path: Path) -> None:
    rows = 1_234_567
    columns = {"path": ["a"] * 7, "label": pa.array([[1] * rows, *[[]] * 6])}
    listed = write(tmp_path / "list.parquet", columns)
    forge(listed, rows + 6, instead=7)
    with pytest.raises(DatasetError, match="more values than its footer says"):
        records_as_csv(listed.read_bytes(), listed.name)


def test_a_small_file_of_large_pictures_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    columns = {"image": [b"0" * LONG_BYTES] * 6, "label": ["happy"] * 6}
    pq.write_table(pa.table(columns), path, compression="zstd", use_dictionary=False)
    with pytest.raises(DatasetError, match="far more than its size lets expect"):
        open_source(path)


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("page_bytes", [100, 1 << 20])
def test_what_programs_write_is_believed(tmp_path: Path, version: str, page_bytes: int) -> None:
    columns = {
        "path": [f"{row:0200}.png" for row in range(3_000)],
        "votes": [[1.0] * (row % 5) for row in range(3_000)],
    }
    path = tmp_path / "list.parquet"
    pq.write_table(
        pa.table(columns),
        path,
        data_page_version=version,
        data_page_size=page_bytes,
        row_group_size=1_000,
    )
    with pa.OSFile(str(path)) as file:
        check_pages(file)


def test_pages_with_heads_of_rubbish_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "list.parquet", {"path": ["0.png"] * 20, "label": ["happy"] * 20})
    whole = path.read_bytes()
    places = range(4, pq.read_metadata(path).row_group(0).column(0).total_compressed_size)
    for place in places:
        for byte in (0x00, 0x1C, 0x7F, 0xFF):
            damaged = bytes([*whole[:place], byte, *whole[place + 1 :]])
            try:
                check_pages(pa.BufferReader(damaged))
            except ValueError:
                continue
