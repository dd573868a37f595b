"""Shards of a dataset that were made to do harm, or are damaged without a trace."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from preprocessing.__main__ import main
from preprocessing.dataset.read import read_dataset
from preprocessing.dataset.shards import SCHEMA, read_shard
from preprocessing.errors import DatasetError
from tests.preprocessing.dataset.forged_footer import forge

ROWS, LONG_BYTES = 18, 100_000_000
# Python, NumPy, Arrow, and one value of `LONG_BYTES` while its page is unpacked.
MOST_MEMORY_BYTES = 600_000_000
READ = """
import sys
from pathlib import Path
from preprocessing.dataset.read import read_dataset

try:
    read_dataset(Path(sys.argv[1]))
finally:
    lines = Path("/proc/self/status").read_text().splitlines()
    print(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))
"""


def shard_of(dataset: Path) -> Path:
    """Return the one shard of a dataset."""
    (shard,) = dataset.glob("shard-*.parquet")
    return shard


def changed(folder: Path, copy: Path, change: Callable[[pa.Table], pa.Table]) -> Path:
    """Copy a dataset, and change the rows of its one shard."""
    shutil.copytree(folder, copy)
    shard = shard_of(copy)
    table = pq.read_table(shard)
    pq.write_table(change(table), shard, compression="zstd", dictionary_pagesize_limit=1 << 30)
    return copy


def with_values(name: str, change: Callable[[list[Any]], list[Any]]) -> Callable[..., pa.Table]:
    """Return what changes one column of a table."""

    def change_table(table: pa.Table) -> pa.Table:
        values = pa.array(change(table[name].to_pylist()), table.schema.field(name).type)
        return table.set_column(table.schema.names.index(name), name, values)

    return change_table


def with_type(table: pa.Table, name: str, kind: pa.DataType) -> pa.Table:
    """Return a table with another type of one column, whose values could be of any length."""
    return table.set_column(table.schema.names.index(name), name, table[name].cast(kind))


def move_on(values: list[Any]) -> list[Any]:
    """Move two numbers or bytes of the second row to the first: all together stay as many."""
    return [values[0] + values[1][:2], values[1][2:], *values[2:]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_values("landmarks", move_on), "a value of landmarks has not the length 136"),
        (with_values("chip", move_on), "a value of chip has not the length 2304"),
        (with_values("raw", move_on), "a value of raw has not the length 2304"),
        (with_values("item", lambda values: [None, *values[1:]]), "a row has no item"),
        (with_values("name", lambda values: [None, *values[1:]]), "a row has no name"),
        (with_values("split", lambda values: ["extra", *values[1:]]), "none of train, val, test"),
        (lambda table: table.drop_columns(["votes"]), "not one column votes"),
        (lambda table: table.append_column("chip", table["chip"]), "not one column chip"),
        (lambda table: pa.concat_tables([table, table]), "far more than its rows"),
        (lambda table: with_type(table, "votes", pa.binary()), "votes has the type binary"),
        (lambda table: with_type(table, "item", pa.string()), "item has the type string"),
    ],
)
def test_rows_that_no_dataset_has_are_refused(
    change: Callable[[pa.Table], pa.Table], message: str, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(DatasetError, match=message):
        read_dataset(changed(folder, tmp_path / "copy", change))


@pytest.mark.parametrize("name", ["chip", "raw", "name"])
def test_a_small_file_of_very_long_values_takes_no_memory(
    name: str, folder: Path, tmp_path: Path
) -> None:
    def lengthen(table: pa.Table) -> pa.Table:
        kind = SCHEMA.field(name).type
        values = pa.DictionaryArray.from_arrays(
            pa.array([0] * len(table)), pa.array([b"a" * LONG_BYTES], pa.binary()).cast(kind)
        )
        return table.set_column(table.schema.names.index(name), name, values)

    copy = changed(folder, tmp_path / "copy", lengthen)
    assert sum(each.stat().st_size for each in copy.glob("shard-*")) < 100_000
    read = subprocess.run(
        [sys.executable, "-c", READ, str(copy)], capture_output=True, text=True, check=False
    )
    assert "DatasetError" in read.stderr
    assert 1024 * int(read.stdout) < MOST_MEMORY_BYTES < ROWS * LONG_BYTES


def test_long_values_are_refused_unread_however_many_rows_have_them(
    folder: Path, tmp_path: Path
) -> None:
    def repeat(table: pa.Table) -> pa.Table:
        many = pa.concat_tables([table] * 60)
        names = [f"{row:0100000}" for row in range(len(many))]
        return many.set_column(many.schema.names.index("name"), "name", pa.array(names))

    copy = changed(folder, tmp_path / "copy", repeat)
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    manifest["rows"] = 60 * ROWS
    (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(DatasetError, match="far more than its rows"):
        read_dataset(copy)


@pytest.mark.parametrize("notes", ["[" * 100_000, "[[1, 2, 3]]", '"none"', "{"])
def test_notes_that_no_dataset_has_are_refused(
    notes: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = changed(
        folder, tmp_path / "copy", lambda table: table.replace_schema_metadata({"rejected": notes})
    )
    assert main(["report", str(copy)]) == 1
    assert "rejected in it is not what align writes" in capsys.readouterr().err


def test_a_manifest_cannot_claim_rows_that_are_not_there(folder: Path, tmp_path: Path) -> None:
    copy = changed(folder, tmp_path / "copy", lambda table: table)
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    (copy / "manifest.json").write_text(json.dumps({**manifest, "rows": 10**9}), encoding="utf-8")
    with pytest.raises(DatasetError, match="should have 1000000000 rows, its shards have 18"):
        read_dataset(copy)


def test_rows_that_are_all_alike_are_not_made_from_nothing(folder: Path, tmp_path: Path) -> None:
    rows = 200_000

    def repeat(table: pa.Table) -> pa.Table:
        return table.take([0] * rows)

    copy = changed(folder, tmp_path / "copy", repeat)
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    (copy / "manifest.json").write_text(json.dumps({**manifest, "rows": rows}), encoding="utf-8")
    with pytest.raises(DatasetError, match="far more than its size lets expect"):
        read_dataset(copy)


@pytest.mark.parametrize("read", [read_dataset, lambda copy: read_shard(shard_of(copy))])
def test_a_footer_that_says_less_than_its_pages_hold_is_not_believed(
    read: Callable[[Path], object], folder: Path, tmp_path: Path
) -> None:
    long = "a" * (LONG_BYTES + 20_000_000)
    copy = changed(folder, tmp_path / "copy", with_values("name", lambda old: [long, *old[1:]]))
    part = pq.read_metadata(shard_of(copy)).row_group(0).column(SCHEMA.names.index("name"))
    forge(shard_of(copy), part.total_uncompressed_size, instead=1_000)
    with pytest.raises(DatasetError, match="far more than its size lets expect"):
        read(copy)
