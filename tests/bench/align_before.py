"""Align FER2013 with this code and with an earlier checkout of it, in turns: is it as fast?

Processor time is counted, of all processes together, so that others disturb little.
"""

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq

from preprocessing.dataset.sources.packed import read_table
from tests.tools.memory import tree

HERE = Path(__file__).parents[2]


def main() -> None:
    """Print the seconds of each run, their medians and ratio, and how many chips are the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("csv", type=Path, help="fer2013.csv, plain or compressed")
    parser.add_argument("before", type=Path, help="a checkout of the earlier code")
    parser.add_argument("--rows", type=int, default=6000, help="the first of the table")
    parser.add_argument("--times", type=int, default=3, help="runs of each")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    checkouts = {"before": options.before.resolve(), "now": HERE}
    seconds: dict[str, list[float]] = {name: [] for name in checkouts}
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "fer2013.csv")
        lines = read_table(options.csv, options.csv.name).decode().splitlines()
        source.write_text("\n".join(lines[: options.rows + 1]) + "\n", encoding="utf-8")
        for time_of, name in itertools.product(range(options.times), checkouts):
            dataset = Path(folder, f"{name}-{time_of}")
            seconds[name].append(_align(source, dataset, checkouts[name], options.workers))
            print(f"{name:<8}{seconds[name][-1]:>8.1f} s", flush=True)
        before, now = (_chips(Path(folder, f"{name}-0")) for name in checkouts)
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    same = sum(now.get(row) == chip for row, chip in before.items())
    print(f"median  {medians['before']:>8.1f} s before, {medians['now']:.1f} s now")
    print(f"ratio   {medians['now'] / medians['before']:>8.2f}")
    print(f"the same chip for {same:,} of {len(before):,} rows")


def _align(source: Path, dataset: Path, checkout: Path, workers: int) -> float:
    """Return the seconds of processor time that `align` takes, with its workers."""
    process = subprocess.Popen(
        [sys.executable, "-m", "preprocessing", "align", source, dataset, f"--workers={workers}"],
        cwd=checkout,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    taken: dict[int, float] = {}
    while process.poll() is None:
        for pid in tree(process.pid):
            with suppress(OSError):  # it may just have ended
                fields = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()
                taken[pid] = sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
        time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"align failed in {checkout}")
    return sum(taken.values())


def _chips(dataset: Path) -> dict[int, bytes]:
    """Return the chip of each row by its position in the table."""
    shards = [pq.read_table(path) for path in sorted(dataset.glob("shard-*.parquet"))]
    return {row["item"]: row["chip"] for shard in shards for row in shard.to_pylist()}


if __name__ == "__main__":
    main()
