"""A source is aligned: interrupted, killed, onto what is there already, with a full disk."""

import os
import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from preprocessing.__main__ import main
from preprocessing.dataset import build as module
from preprocessing.dataset.build import align_source
from preprocessing.dataset.labels import DisgustPolicy
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.read import read_dataset
from preprocessing.errors import DatasetError, MienError

pytestmark = pytest.mark.slow

ONE_WORKER = AlignOptions(workers=1)


def test_an_interrupted_alignment_goes_on_and_ends_the_same(
    csv_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHARD_ITEMS", 4)
    monkeypatch.setattr(module, "BATCH_ITEMS", 2)
    align_source(csv_path, tmp_path / "whole", options=ONE_WORKER)
    write_shard, written = module.write_shard, []

    def interrupt(table: object, path: Path) -> None:
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(path.name)
        write_shard(table, path)

    monkeypatch.setattr(module, "write_shard", interrupt)
    with pytest.raises(KeyboardInterrupt):
        align_source(csv_path, tmp_path / "halved", options=ONE_WORKER)
    with pytest.raises(DatasetError, match="not finished"):
        read_dataset(tmp_path / "halved")
    written.clear()
    monkeypatch.setattr(module, "write_shard", write_shard)
    align_source(csv_path, tmp_path / "halved", options=ONE_WORKER)
    names = sorted(path.name for path in (tmp_path / "whole").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "halved").iterdir())
    for name in names:
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "halved" / name).read_bytes()


def test_a_run_killed_with_all_but_its_recipe_put_away_goes_on(
    csv_path: Path, folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out"
    with (
        mock.patch.object(Path, "unlink", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        align_source(csv_path, target, options=ONE_WORKER)
    assert {"manifest.json", "recipe.json"} < {path.name for path in target.iterdir()}
    with pytest.raises(DatasetError, match="another source or other settings"):
        align_source(csv_path, target, options=replace(ONE_WORKER, disgust=DisgustPolicy.KEEP))
    align_source(csv_path, target, options=ONE_WORKER)
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(path.name for path in target.iterdir())
    for name in names:
        assert (folder / name).read_bytes() == (target / name).read_bytes()


IN_SMALL_SHARDS = """
import sys
from pathlib import Path
from preprocessing.dataset import build as module
from preprocessing.dataset.options import AlignOptions

if __name__ == "__main__":
    module.SHARD_ITEMS, module.BATCH_ITEMS = 8, 4
    module.align_source(Path(sys.argv[1]), Path(sys.argv[2]), options=AlignOptions(workers=2))
"""
KILLS = 2


@pytest.fixture
def long_csv(csv_path: Path, tmp_path: Path) -> Path:
    header, *rows = csv_path.read_text(encoding="utf-8").splitlines()
    path = tmp_path / "fer2013.csv"
    # 21 shards of eight: the last kill waits for half of them, so that none comes after the end.
    path.write_text("\n".join([header, *rows * 8]) + "\n", encoding="utf-8")
    return path


def start_in_small_shards(source: Path, folder: Path) -> subprocess.Popen[bytes]:
    script = source.with_name("align.py")
    script.write_text(IN_SMALL_SHARDS, encoding="utf-8")
    path = str(Path(__file__).parents[3])
    return subprocess.Popen(
        [sys.executable, script, source, folder],
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.DEVNULL,
    )


def wait_for_shards(folder: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while len(list(folder.glob("shard-*.parquet"))) < count and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_killed_again_and_again_an_alignment_leaves_no_workers_goes_on_and_ends_the_same(
    long_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    moments = random.Random(0)  # noqa: S311 - nothing secret
    seen = []
    for kill in range(KILLS):
        process = start_in_small_shards(long_csv, killed)
        wait_for_shards(killed, 6 * kill + moments.randint(0, 5), process)
        time.sleep(moments.uniform(0, 0.03))
        family = descendants(process.pid)
        process.kill()
        process.wait()
        seen.append(len(list(killed.glob("shard-*.parquet"))))
        assert not (killed / "manifest.json").exists()
    assert seen == sorted(seen)
    assert seen[-1] > 0
    if sys.platform == "linux":
        # The server from which workers are forked, multiprocessing's own helper, and the workers.
        assert len(family) > 2
    deadline = time.monotonic() + 20
    while any(Path("/proc", str(pid)).exists() for pid in family):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert start_in_small_shards(long_csv, killed).wait() == 0
    monkeypatch.setattr(module, "SHARD_ITEMS", 8)
    monkeypatch.setattr(module, "BATCH_ITEMS", 4)
    align_source(long_csv, whole, options=ONE_WORKER)
    names = sorted(path.name for path in whole.iterdir())
    assert names == sorted(path.name for path in killed.iterdir())
    for name in names:
        assert (whole / name).read_bytes() == (killed / name).read_bytes()


def descendants(pid: int) -> list[int]:
    """Return the processes that one has started, and those that these have; on Linux only."""
    if sys.platform != "linux":
        return []
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
    children = [int(child) for child in listed.split()]
    return children + [each for child in children for each in descendants(child)]


def test_a_full_disk_is_a_clear_error_and_leaves_no_half_shard(
    csv_path: Path, tmp_path: Path
) -> None:
    """A limit on the size of files replaces a full disk: the system's error is as real.

    Python would leave half a module in its cache by it, so -B lets it keep none.
    """
    script = (
        "import resource, sys; from preprocessing.__main__ import main;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096));"
        "sys.exit(main(sys.argv[1:]))"
    )
    options = ["align", csv_path, tmp_path / "out", "--workers", "1"]
    done = subprocess.run(
        [sys.executable, "-B", "-c", script, *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["recipe.json"]
    align_source(csv_path, tmp_path / "out", options=ONE_WORKER)
    assert len(read_dataset(tmp_path / "out").chips) == 18


@pytest.mark.parametrize("workers", [0, -1, 10**9])
def test_a_number_of_workers_that_cannot_be_is_refused(workers: int) -> None:
    with pytest.raises(MienError, match="workers"):
        AlignOptions(workers=workers)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--workers", "0"),
        ("--workers", "1e308"),
        ("--seed", "-1"),
        ("--seed", "4294967296"),
        ("--split-off", "val=nan"),
        ("--split-off", "val=-0.1"),
        ("--split-off", "val=inf"),
    ],
)
def test_a_number_that_cannot_be_is_wrong_usage(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["align", "nowhere", "dataset", option, value]) == 2
    assert option in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_the_name_of_a_dataset_may_be_no_utf_8(
    csv_path: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/-\xff"))
    assert (
        main(["align", str(csv_path), str(odd), "--workers", "1", "--split-off", "test=0.1"]) == 1
    )
    assert main(["align", str(csv_path), str(odd), "--workers", "1"]) == 0
    assert "\\udcff" in capsys.readouterr().out
    assert np.array_equal(read_dataset(odd).chips, read_dataset(folder).chips)
