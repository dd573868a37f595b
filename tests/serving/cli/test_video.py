"""The command `video`: its outputs, and what it says of videos that cannot be read."""

import shutil
import sys
from pathlib import Path

import av
import numpy as np
import pyarrow.parquet as pq
import pytest

from serving.__main__ import main
from tests.serving.cli.clip import FRAMES, PER_SECOND, frames, rows_of
from tests.tools.clips import coloured, head, with_heads, write_animation, write_clip

# What H.264 changes in a frame, at most, in grey levels.
NOISE = 40


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
    path = write_animation(tmp_path / "odd.gif", zip([0, 0.5], pictures, strict=True), last_s=0.5)
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
    [
        [],
        ["clip.mp4", "--per-second", "0"],
        ["clip.mp4", "--change-margin", "2"],
        ["a", "--json"],
        ["a", "--csv", "a.html"],
        ["a", "--html", "a.csv"],
        ["a", "--parquet", "a.csv"],
    ],
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
