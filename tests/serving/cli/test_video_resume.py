"""The command `video` goes on where a run was interrupted."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from serving.__main__ import main
from serving.inference.video.sole_writer import open_alone
from tests.serving.cli.clip import FRAMES, rows_of
from tests.tools.clips import head, with_heads, write_jpegs


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
