"""Measure `python -m serving predict` on a folder: `make bench-folder` prints the figures.

Shrunken and cropped copies of photos, drawn by a seed, are predicted on one core and on all. The
share of the cores that is used is the processor time of all processes, start included, over the
time by the clock times cores.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

SEED = 0
# A copy keeps at least so much of each side of the photo, and is shrunk to at least such a scale.
LEAST_KEPT, LEAST_SCALE = 0.5, 0.4
FORMATS = (".jpg", ".png", ".webp")


def main() -> None:
    """Print pictures a second, and the share of the cores that is used."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, help="a folder with photos")
    parser.add_argument("--pictures", type=int, default=1000, help="how many are made of them")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        _make_pictures(options.photos, Path(folder), count=options.pictures)
        print(f"{options.pictures} pictures made of those in {options.photos}, seed {SEED}")
        print(f"{'cores':>6}{'seconds':>10}{'pictures/s':>12}{'cores used':>12}")
        for used in sorted({1, len(cores)}):
            os.sched_setaffinity(0, cores[:used])  # the children have the same
            elapsed_s, cpu_s = _predict(Path(folder))
            print(f"{used:>6}{elapsed_s:>10.1f}{options.pictures / elapsed_s:>12.1f}", end="")
            print(f"{cpu_s / elapsed_s / used:>12.0%}")


def _make_pictures(photos: Path, folder: Path, *, count: int) -> None:
    paths = sorted(photos.glob("*.jpg"))
    draw = np.random.default_rng(SEED)
    for number in range(count):
        with Image.open(paths[number % len(paths)]) as photo:
            size = np.array(photo.size)
            kept = (size * draw.uniform(LEAST_KEPT, 1, 2)).astype(int)
            left, top = draw.integers(0, size - kept + 1)
            cropped = photo.convert("RGB").crop((left, top, left + kept[0], top + kept[1]))
            width, height = (kept * draw.uniform(LEAST_SCALE, 1)).astype(int)
            kind = FORMATS[number % len(FORMATS)]
            cropped.resize((width, height)).save(folder / f"{number:05}{kind}")


def _predict(folder: Path) -> tuple[float, float]:
    """Return the seconds by the clock and of processor time."""
    before_s, started = _children_s(), time.perf_counter()
    command = [sys.executable, "-m", "serving", "predict", str(folder), "--json"]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started, _children_s() - before_s


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
