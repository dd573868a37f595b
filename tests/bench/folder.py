"""Measure `python -m serving predict` on a folder: `make bench-folder` prints the figures.

Shrunken and cropped copies of photos, drawn by a seed, are predicted on one core and on all, start
included. The cores are used fully where n of them are n times as fast as one.
"""

import argparse
import os
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
        print(f"{'cores':>6}{'seconds':>10}{'pictures/s':>12}{'times one':>12}")
        seconds: list[float] = []
        for used in sorted({1, len(cores)}):
            os.sched_setaffinity(0, cores[:used])  # the children have the same
            seconds.append(_predict(Path(folder)))
            print(f"{used:>6}{seconds[-1]:>10.1f}{options.pictures / seconds[-1]:>12.1f}", end="")
            print(f"{seconds[0] / seconds[-1]:>12.2f}")


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


def _predict(folder: Path) -> float:
    """Return the seconds by the clock."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "serving", "predict", str(folder), "--json"]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
