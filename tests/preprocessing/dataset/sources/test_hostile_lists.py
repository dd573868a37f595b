"""A list that is made to do harm is refused in a sentence, which itself does none."""

import shlex
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from preprocessing.dataset.sources import csv_lines, records
from preprocessing.dataset.sources.finder import MOST_UNQUOTED
from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.records import records_as_csv
from preprocessing.dataset.sources.types import SourceKind
from preprocessing.errors import DatasetError
from tests.preprocessing.dataset.sources.label_lists import read

LONG_BYTES = 10_000_000
READ = """
import sys
from pathlib import Path
from preprocessing.dataset.sources.records import records_as_csv

def print_peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    print(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))

print_peak()
try:
    records_as_csv(Path(sys.argv[1]).read_bytes(), "list.parquet")
finally:
    print_peak()
"""


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5_000])
def test_addresses_may_be_written_with_percent_signs_a_few_times(
    depth: int, pictures: Path
) -> None:
    listed = f"path,label\na%{'25' * (depth - 1)}201.png,happy\n"
    if depth <= MOST_UNQUOTED:
        assert [item.name for item in read(pictures, listed).items()] == ["a 1.png"]
    else:
        with pytest.raises(DatasetError, match="there is no such picture"):
            read(pictures, listed)


@pytest.mark.parametrize(
    ("columns", "odd"),
    [("label", "x';reboot;'"), ("label", "$(reboot)"), ("label,split", "happy,`reboot`")],
)
def test_what_is_proposed_to_be_typed_runs_nothing_that_a_list_has(
    columns: str, odd: str, pictures: Path
) -> None:
    with pytest.raises(DatasetError) as error_info:
        read(pictures, f"path,{columns}\nb.png,{odd}\n")
    _, _, proposed = str(error_info.value).partition("--map ")
    assert shlex.split(proposed)[0].startswith(f"{odd.rpartition(',')[2]}=")


def test_a_long_line_beside_pictures_is_looked_through(pictures: Path) -> None:
    """By the square of its length that would take hours."""
    (pictures / "blob.json").write_text('{"data": "' + "a" * 300_000 + '.png"}', "utf-8")
    assert open_source(pictures).kind is SourceKind.PHOTOS


@pytest.mark.parametrize("row", ["b.png,{}", "{}", "b.png,happy\n{}\nb.png,sad"])
def test_a_line_that_is_far_too_long_is_not_taken_apart(
    row: str, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_lines, "MOST_LINE_BYTES", 1_000)
    with pytest.raises(DatasetError, match=r"has a line of more than 1,000 bytes"):
        read(pictures, f"path,label\n{row.format(1_001 * ',')}\n")


def test_far_too_many_lines_are_not_counted_to_their_end(
    pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they lie would take gigabytes of memory, and a small file can unpack to them."""
    monkeypatch.setattr(csv_lines, "MOST_LINES", 3)
    listed = "path,label\n\nb.png,happy\n\n"
    assert read(pictures, listed + "c.png,sad\n").count == 2
    with pytest.raises(DatasetError, match=r"list.csv has more than 3 lines. Cut it into"):
        read(pictures, listed + 2 * "b.png,happy\n")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_empty_lines_are_passed_over_at_once(
    end: str, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One by one, a hundred million of them would take minutes."""
    looked_at: list[int] = []
    decode = csv_lines.CsvLines._decode

    def count_and_decode(lines: csv_lines.CsvLines, line: int) -> str:
        looked_at.append(line)
        return decode(lines, line)

    monkeypatch.setattr(csv_lines.CsvLines, "_decode", count_and_decode)
    listed = end.join(["", "", "path,label", *999 * [""], "b.png,happy", *999 * [""], "c.png,x"])
    with pytest.raises(DatasetError, match=r"list.csv:2003: the label 'x' is not understood"):
        read(pictures, listed)
    assert len(looked_at) < 10


@pytest.mark.parametrize("is_dictionary", [True, False], ids=["shared", "each its own"])
def test_a_small_parquet_file_of_long_labels_takes_little_memory(
    tmp_path: Path, *, is_dictionary: bool
) -> None:
    rows = 500 if is_dictionary else 64
    labels = pa.DictionaryArray.from_arrays(pa.array([0] * rows), pa.array(["x" * LONG_BYTES]))
    table = pa.table({"path": [f"{row}.png" for row in range(rows)], "label": labels})
    if not is_dictionary:
        table = table.cast(pa.schema({"path": pa.string(), "label": pa.string()}))
    pq.write_table(
        table, tmp_path / "list.parquet", compression="zstd", use_dictionary=is_dictionary
    )
    assert (tmp_path / "list.parquet").stat().st_size < 50_000
    done = subprocess.run(
        [sys.executable, "-c", READ, tmp_path / "list.parquet"],
        check=False,
        capture_output=True,
        text=True,
    )
    before_kb, peak_kb = map(int, done.stdout.split())
    assert ("is too large" if is_dictionary else "far more than its size") in done.stderr
    assert peak_kb - before_kb < 250_000


@pytest.mark.parametrize(
    "text",
    [
        b'[{"path":"0.png"},' + b"{},[]," * 50 + b"{}]",
        b'[{"path":"0.png"}' + b',{"a":0}' * 60 + b"]",
        b"{}\n" * 200,
    ],
)
def test_json_of_far_too_many_values_is_not_parsed(
    text: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 140 MB of objects of one number, in 220 kB of gzip, they took four gigabytes."""
    monkeypatch.setattr(records, "_MOST_SIGNS", 199)
    monkeypatch.setattr(records, "parse_json", None)
    with pytest.raises(DatasetError, match=r"list\.json is too large"):
        records_as_csv(text, "list.json")
