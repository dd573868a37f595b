"""The command `video`: its outputs, and that an interrupted run goes on."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pyarrow.parquet as pq
import pytest

from preprocessing.images.types import RgbImage
from serving.__main__ import main
from serving.inference.video.sole_writer import open_alone
from tests.tools.clips import coloured, head, with_heads, write_clip, write_gif, write_jpegs

PER_SECOND = 5
FRAMES = 12
# What H.264 changes in a frame, at most, in grey levels.
NOISE = 40


def frames(count: int = FRAMES) -> Iterator[tuple[float, RgbImage]]:
    picture = head(150)
    for index in range(count):
        yield index / PER_SECOND, with_heads([(10 + 8 * index, 40)], picture)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "=clip.mp4"
    return write_clip(path, frames(), keyframes_apart=3, movflags="+faststart")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_all_outputs_tell_the_same(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, parquet, page = (tmp_path / f"out.{end}" for end in ("csv", "parquet", "html"))
    outputs = ["--csv", table, "--parquet", parquet, "--html", page, "--annotate", tmp_path]
    command = ["video", str(clip), *map(str, outputs)]
    assert main(command) == 0
    assert "  face 1  0:00.0 to 0:02.2  happy 100%" in capsys.readouterr().out.splitlines()
    rows = rows_of(table)
    assert [float(row["seconds"]) for row in rows] == pytest.approx(np.arange(FRAMES) / PER_SECOND)
    assert {row["face"] for row in rows} == {"1"}
    columns = pq.read_table(parquet).to_pydict()
    assert list(columns) == list(rows[0])
    for name in ("left", "top", "right", "bottom", "label", "found_by"):
        assert [str(value) for value in columns[name]] == [row[name] for row in rows]
    assert columns["confidence"] == pytest.approx(
        [float(row["confidence"]) for row in rows], abs=1e-4
    )
    shown = page.read_text(encoding="utf-8")
    assert shown.count("data:image/jpeg") == 1, "one face, one expression, one peak"
    assert 'src="http' not in shown
    _check_annotated(tmp_path / "=clip.mp4.mp4", rows)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["out.csv", "out.parquet", "out.html", "=clip.mp4.mp4"]
    )
    assert main(command) == 1
    assert "--overwrite" in capsys.readouterr().err


def _check_annotated(path: Path, rows: list[dict[str, str]]) -> None:
    with av.open(str(path)) as container:
        drawn = [
            frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)
        ]
        assert len(drawn) == FRAMES
    for (_, plain), marked, row in zip(frames(), drawn, rows, strict=True):
        changed = np.abs(marked - plain).max(axis=2) > NOISE
        left, right, top = (int(row[name]) for name in ("left", "right", "top"))
        assert changed[top + 2, left:right].mean() > 0.9, "the light upper edge of the box"
        assert changed[: top - 4].mean() < 0.01


def test_a_file_that_a_spreadsheet_would_run_is_written_as_text(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(clip.parent)
    table = tmp_path / "out.csv"
    assert main(["video", clip.name, "--csv", str(table), "--stop-after", "0.1"]) == 0
    (row,) = rows_of(table)
    assert row["file"] == "'=clip.mp4"


@pytest.mark.slow
@pytest.mark.parametrize("stopped_by", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_stopped_goes_on_and_ends_with_the_same_table(
    stopped_by: signal.Signals, clip: Path, tmp_path: Path
) -> None:
    whole, table = tmp_path / "whole.csv", tmp_path / "stopped.csv"
    assert main(["video", str(clip), "--csv", str(whole)]) == 0
    log = table.with_name("stopped.csv.1.partial")
    command = [sys.executable, "-m", "serving", "video", str(clip), "--csv", str(table)]
    # A shell lets what it starts in the background ignore Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        signal.signal(signal.SIGINT, before)
        while run.poll() is None and _lines(log) < 4:
            time.sleep(0.01)
        run.send_signal(stopped_by)
        _, said = run.communicate()
    if stopped_by is signal.SIGINT:
        assert run.returncode == 1
        assert "The same command goes on where it stopped." in said
    seen = log.read_bytes()
    assert 4 <= seen.count(b"\n") <= FRAMES, "it was stopped on its way"
    assert not table.exists()
    # As if a kill had come in the middle of a line.
    log.write_bytes(seen[:-20])
    assert main(["video", str(clip), "--csv", str(table)]) == 0
    assert table.read_bytes() == whole.read_bytes()
    assert not log.exists()


def _lines(log: Path) -> int:
    return log.read_bytes().count(b"\n") if log.exists() else 0


def test_a_log_of_other_options_is_not_gone_on_with(clip: Path, tmp_path: Path) -> None:
    table = tmp_path / "out.csv"
    log = table.with_name("out.csv.1.partial")
    other = {"version": 1, "of": {"bytes": 1}}
    log.write_text(json.dumps(other) + "\n" + json.dumps({"end": None}) + "\n", encoding="utf-8")
    assert main(["video", str(clip), "--csv", str(table), "--stop-after", "0.3"]) == 0
    assert len(rows_of(table)) == 2


def test_a_video_that_is_gone_for_a_moment_costs_nothing_that_was_read(
    clip: Path, tmp_path: Path
) -> None:
    log, other = tmp_path / "out.csv.1.partial", tmp_path / "other.csv.1.partial"
    for path in (log, other):
        path.write_text('{"version": 1, "of": {}}\n' if path is log else "notes", encoding="utf-8")
        table = path.with_name(path.name.removesuffix(".1.partial"))
        before = path.read_bytes()
        assert main(["video", str(tmp_path / "gone.mp4"), "--csv", str(table)]) == 1
        assert path.read_bytes() == before
    command = ["video", str(clip), "--csv", str(tmp_path / "other.csv"), "--overwrite"]
    assert main(command) == 1
    assert other.read_bytes() == b"notes"


def test_what_was_read_before_a_frame_that_is_too_large_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIEN_MAX_PIXELS", str(320 * 240))
    picture = with_heads([(40, 40)], head(150))
    large = np.pad(picture, ((0, 60), (0, 80), (0, 0)))
    path = write_jpegs(tmp_path / "clip.mkv", [picture, picture, large])
    table = tmp_path / "out.csv"
    assert main(["video", str(path), "--csv", str(table), "--per-second", "30"]) == 0
    first, second, problem = rows_of(table)
    assert (first["face"], second["face"], problem["face"]) == ("1", "1", "")
    assert "reading stopped" in problem["problem"]
    assert "400 x 300" in problem["problem"]


def test_a_log_is_of_one_path_only_and_of_one_run_at_a_time(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "out.csv"
    log = table.with_name("out.csv.1.partial")
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
        shutil.copy2(clip, folder)
    commands = [["video", str(folder / clip.name), "--csv", str(table)] for folder in folders]
    with open_alone(log) as file:
        assert main(commands[0]) == 1
        assert "Another run is writing" in capsys.readouterr().err
        assert file.seek(0, os.SEEK_END) == 0
    assert not table.exists()
    # What keeps the first run from its end leaves its log behind.
    table.with_name("out.csv.partial").mkdir()
    assert main([*commands[0], "--stop-after", "0.1"]) == 1
    of_first = log.read_bytes()
    assert main([*commands[1], "--stop-after", "0.1"]) == 1
    of_other = log.read_bytes()
    assert of_first.splitlines()[1:] == of_other.splitlines()[1:]
    assert of_first.splitlines()[0] != of_other.splitlines()[0]


def test_a_video_cut_short_is_read_as_far_as_it_goes_and_one_that_is_none_is_told(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut, none, table = tmp_path / "cut.mp4", tmp_path / "none.mp4", tmp_path / "out.csv"
    whole = clip.read_bytes()
    cut.write_bytes(whole[: len(whole) * 7 // 10])
    none.write_text("no video", encoding="utf-8")
    assert main(["video", str(cut), str(none), "--csv", str(table)]) == 0
    captured = capsys.readouterr()
    assert "ends early" in captured.out
    assert "failed: " in captured.err
    rows = rows_of(table)
    problems = {Path(row["file"]).name: row["problem"] for row in rows if row["problem"]}
    assert "ends early" in problems["cut.mp4"]
    assert "cannot be read as a video" in problems["none.mp4"]
    assert 1 < sum(row["face"] == "1" for row in rows) < FRAMES
    assert main(["video", str(none)]) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_a_name_of_odd_bytes_neither_ends_the_run_nor_reaches_the_terminal(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, table, page = tmp_path / "\udcff\x1b[2J.mp4", tmp_path / "out.csv", tmp_path / "out.html"
    bad.write_text("no video", encoding="utf-8")
    command = ["video", str(bad), str(clip), "--csv", str(table), "--html", str(page)]
    assert main([*command, "--stop-after", "0.1"]) == 0
    said = "".join(capsys.readouterr())
    assert "\\xff\ufffd[2J.mp4" in said
    assert "\x1b[2J" not in said
    assert "cannot be read as a video" in rows_of(table)[0]["problem"]


def test_a_video_without_a_face_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_clip(tmp_path / "grey.mp4", [(0.0, with_heads([], head(8)))])
    table, page = tmp_path / "out.csv", tmp_path / "out.html"
    assert main(["video", str(path), "--csv", str(table), "--html", str(page)]) == 0
    assert "no face found" in capsys.readouterr().out
    (row,) = rows_of(table)
    assert (row["problem"], row["face"], row["seconds"]) == ("no face found", "", "")
    assert "no face found" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(("width", "height"), [(1, 1), (63, 1), (20_000, 4)])
def test_of_frames_of_odd_proportions_at_most_the_drawing_is_missing_and_the_status_tells(
    width: int, height: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = coloured(2, width=width, height=height)
    path = write_gif(tmp_path / "odd.gif", zip([0, 0.5], pictures, strict=True), last_s=0.5)
    folder, table = tmp_path / "drawn", tmp_path / "out.csv"
    status = main(["video", str(path), "--csv", str(table), "--annotate", str(folder)])
    assert rows_of(table)
    drawn = [file.name for file in folder.iterdir()]
    failed = "cannot be drawn" in capsys.readouterr().err
    assert status == (1 if failed else 0)
    assert drawn == ([] if failed else ["odd.gif.mp4"])
    assert not failed or width == 20_000


@pytest.mark.parametrize(
    "names",
    [
        ["--csv", "out", "--html", "out"],
        ["--csv", "out", "--parquet", "link"],
        ["--csv", "out", "--html", "out.1.partial"],
        ["--csv", "out.partial", "--html", "out"],
        ["--csv", "clip.mp4"],
        ["--csv", "clip.mp4.mp4", "--annotate", "."],
    ],
)
def test_no_file_is_used_twice(
    names: list[str],
    clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(clip, "clip.mp4")
    Path("out").touch()
    Path("link").symlink_to("out")
    assert main(["video", "clip.mp4", "--overwrite", *names]) == 1
    assert "would be used twice" in capsys.readouterr().err
    assert Path("clip.mp4").read_bytes() == clip.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", "link", "out"]


@pytest.mark.parametrize(
    "wrong",
    [[], ["clip.mp4", "--per-second", "0"], ["clip.mp4", "--change-margin", "2"], ["a", "--json"]],
)
def test_wrong_usage_is_2(wrong: list[str]) -> None:
    assert main(["video", *wrong]) == 2


def test_a_camera_is_not_drawn_on_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["video", "99", "--annotate", str(tmp_path)]) == 1
    assert "camera" in capsys.readouterr().err
    assert main(["video", "99"]) == 1
    assert "Camera 99" in capsys.readouterr().err
