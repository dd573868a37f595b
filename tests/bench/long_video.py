"""Measure the memory of `mien video` on a long video: `make bench-long-video` prints the figures.

The video is generated: one face sways for all of it, a second one comes for half of every minute.
It is read once to its end into tables and a page, and once more with a kill in the middle, after
which the same command goes on. Both tables must be the same, byte by byte.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from preprocessing.images.types import RgbImage
from tests.tools.clips import head, with_heads, write_clip
from tests.tools.memory import resident_mb, tree

FRAMES_PER_S = 5
SIDE_PX = 90
MINUTE_S = 60
# How often memory and log are looked at.
WATCHED_EVERY_S = 0.5
# Drawing takes nearly all of the time of writing; this part of it is its beginning.
EARLY = 20
MEGABYTE = 1e6


@dataclass
class Watched:
    """What a run took.

    Attributes:
        by_minute: The most memory (RSS, in MB) while each minute of the video was looked at.
        writing_mb: The memory while the outputs were written, at even times.
        log_bytes: Length of the log before they were.
        seconds: How long the run took.
        reached_s: The time in the video to which it had come when it ended or was killed.
    """

    by_minute: dict[int, float] = field(default_factory=dict)
    writing_mb: list[float] = field(default_factory=list)
    log_bytes: int = 0
    seconds: float = 0.0
    reached_s: float = 0.0


def main() -> None:
    """Print the memory by minute of the video, and what an interrupted run leads to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=60, help="length of the video")
    parser.add_argument("--per-second", type=float, default=1, help="frames that are looked at")
    parser.add_argument("--draw", action="store_true", help="write a marked copy too")
    options = parser.parse_args()
    whole_s = options.minutes * MINUTE_S
    with tempfile.TemporaryDirectory() as folder:
        clip = write_clip(Path(folder, "long.mp4"), _frames(whole_s))
        print(f"{whole_s} s at {FRAMES_PER_S} frames a second, {options.per_second:g} looked at")
        measure(clip, whole_s, per_second=options.per_second, is_drawn=options.draw)


def measure(clip: Path, whole_s: int, *, per_second: float, is_drawn: bool) -> None:
    """Read a video of a length in seconds, then once more with a kill; print what that took."""
    folder = clip.parent
    whole, stopped = folder / "whole.csv", folder / "stopped.csv"
    outputs: list[object] = ["--html", folder / "out.html", "--parquet", folder / "out.parquet"]
    if is_drawn:
        outputs += ["--annotate", folder / "drawn"]
    asked = [clip, "--per-second", per_second, "--csv"]
    _print_run(_run([*asked, whole, *outputs], whole))
    killed = _run([*asked, stopped], stopped, kill_at_s=whole_s / 2)
    print(f"killed at {killed.reached_s:.0f} s of the video", flush=True)
    rest = _run([*asked, stopped], stopped)
    print(f"gone on in minute {min(rest.by_minute)}, {rest.seconds:.0f} s")
    print(f"same table: {stopped.read_bytes() == whole.read_bytes()}", flush=True)


def _frames(whole_s: int) -> Iterator[tuple[float, RgbImage]]:
    picture = head(SIDE_PX)
    for index in range(whole_s * FRAMES_PER_S):
        seconds = index / FRAMES_PER_S
        sway = round(30 * math.sin(seconds))
        places = [(35 + sway, 20)]
        if seconds % MINUTE_S >= MINUTE_S / 2:
            places.append((190 - sway, 130))
        yield seconds, with_heads(places, picture)


def _run(arguments: list[object], table: Path, *, kill_at_s: float = math.inf) -> Watched:
    """Run the command on a video and watch it; kill it when it has come to a time of the video."""
    command = [sys.executable, "-m", "serving", "video", *map(str, arguments)]
    log = table.with_name(f"{table.name}.1.partial")
    watched, started_s = Watched(), time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as run:
        while run.poll() is None:
            _look(watched, run.pid, log)
            if watched.reached_s >= kill_at_s:
                run.kill()
            time.sleep(WATCHED_EVERY_S)
    if run.returncode and kill_at_s == math.inf:
        raise SystemExit(f"The run failed with status {run.returncode}.")
    watched.seconds = time.perf_counter() - started_s
    return watched


def _look(watched: Watched, pid: int, log: Path) -> None:
    taken_mb = resident_mb(tree(pid))
    lines = log.read_bytes()[-4000:].split(b"\n")[:-1] if log.exists() else []
    last = json.loads(lines[-1]) if len(lines) > 1 else {}
    if "end" in last:
        watched.writing_mb.append(taken_mb)
        watched.log_bytes = log.stat().st_size
    elif "seconds" in last:
        watched.reached_s = last["seconds"]
        minute = int(watched.reached_s // MINUTE_S)
        watched.by_minute[minute] = max(watched.by_minute.get(minute, 0.0), taken_mb)


def _print_run(run: Watched) -> None:
    last = max(run.by_minute)
    shown = sorted({0, 1, *range(0, last, 10), last})
    for minute in shown:
        print(f"minute {minute:>3}: {run.by_minute.get(minute, math.nan):>6.0f} MB")
    writing_mb = run.writing_mb
    early_mb, most_mb = max(writing_mb[: 1 + len(writing_mb) // EARLY]), max(writing_mb)
    print(
        f"most while reading {max(run.by_minute.values()):.0f} MB, while writing {most_mb:.0f} MB"
    )
    print(f"in the first {1 / EARLY:.0%} of the time of writing {early_mb:.0f} MB")
    print(f"log {run.log_bytes / MEGABYTE:.1f} MB, {run.seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
