"""Measure video: `make bench-video` prints multiples of real time and frames a second, on one core.

The clip is made of photos: each is shown for the same time while the camera moves across it and
comes nearer. Side by side on the first core, each contender in a process of its own: Mien as it is
by default, Mien on every frame, and the video mode of the `fer` package with MTCNN, which looks at
every frame (FER_PYTHON, a Python of an environment that holds it, since it refuses our versions).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from preprocessing.images.decode import decode_image
from preprocessing.images.types import RgbImage
from tests.tools.clips import write_clip

SIZE = (640, 480)
FRAMES_PER_S = 30
# At the beginning and at the end of a photo, this share of it is seen.
FIRST_SHARE, LAST_SHARE = 1.0, 0.6
CONTENDERS = Path(__file__).with_name("video_contenders.py")
COLUMNS = (
    ("looked at", "frames", "{:.0f}"),
    ("faces", "faces", "{:.0f}"),
    ("ready s", "ready_s", "{:.1f}"),
    ("seconds", "seconds", "{:.1f}"),
    ("CPU s", "cpu_s", "{:.1f}"),
    ("memory MB", "memory_mb", "{:.0f}"),
)


def main() -> None:
    """Print a line for each contender."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, help="a folder with photos")
    parser.add_argument("--seconds", type=float, default=28, help="length of the clip")
    parser.add_argument("--fer-python", default="", help="a Python that has the package fer")
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    contenders = {
        "mien, 5 frames a second": (sys.executable, "mien", "5"),
        "mien, every frame": (sys.executable, "mien", str(FRAMES_PER_S)),
    }
    if options.fer_python:
        contenders["fer, MTCNN, every frame"] = (options.fer_python, "fer", "0")
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        write_clip(clip, _frames(sorted(options.photos.glob("*.jpg")), options.seconds))
        print(f"{options.seconds:g} s of {SIZE[0]}x{SIZE[1]} at {FRAMES_PER_S} frames a second")
        print(f"{'':<26}" + "".join(f"{name:>11}" for name, _, _ in COLUMNS), end="")
        print(f"{'x real time':>13}{'frames/s':>10}")
        for name, contender in contenders.items():
            measured = _contend(contender, clip)
            shown = "".join(f"{form.format(measured[key]):>11}" for _, key, form in COLUMNS)
            # Of the processor's time: other programs may run on the same core.
            cpu_s = measured["cpu_s"]
            print(f"{name:<26}{shown}{options.seconds / cpu_s:>13.2f}", end="")
            print(f"{measured['frames'] / cpu_s:>10.1f}", flush=True)


def _frames(photos: list[Path], seconds: float) -> Iterator[tuple[float, RgbImage]]:
    each = round(seconds * FRAMES_PER_S / len(photos))
    for index, path in enumerate(photos):
        rgb = decode_image(path.read_bytes())
        for at in range(each):
            yield (index * each + at) / FRAMES_PER_S, _look(rgb, at / each)


def _look(rgb: RgbImage, progress: float) -> RgbImage:
    """Return what the camera sees: ever less of the photo, from one corner to the other."""
    height, width = rgb.shape[:2]
    share = FIRST_SHARE + progress * (LAST_SHARE - FIRST_SHARE)
    scale = max(SIZE[0] / width, SIZE[1] / height) / share
    seen = (SIZE[0] / scale, SIZE[1] / scale)
    left, top = progress * (width - seen[0]), progress * (height - seen[1])
    to_frame = np.array([[scale, 0, -scale * left], [0, scale, -scale * top]])
    frame = cv2.warpAffine(rgb, to_frame, SIZE, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(frame, np.uint8)


def _contend(contender: tuple[str, str, str], clip: Path) -> dict[str, float]:
    python, kind, per_second = contender
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(Path.cwd())}
    command = [python, str(CONTENDERS), kind, per_second, str(clip)]
    with tempfile.TemporaryDirectory() as folder:  # fer writes beside where it runs
        ran = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, check=False
        )
    if ran.returncode:
        raise SystemExit(f"{kind} failed:\n{ran.stderr}")
    measured: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return measured


if __name__ == "__main__":
    main()
