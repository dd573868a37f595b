"""Measure what the box costs: `python -m tests.bench.box` prints it.

Each picture is decoded in this process and in the box in turn, so that both meet the same machine.
Processor time counts both processes; where others work beside them, only the least of many tries
means something. Here as there a picture is decoded by one thread.
"""

import argparse
import io
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import pi_heif
from PIL import AvifImagePlugin, Image

from preprocessing.images.box.client import Box
from preprocessing.images.decode import decode_here
from preprocessing.images.sample import sample_photo_path
from preprocessing.images.types import MAX_PIXELS

SIZES = {"640 x 480": (640, 480), "12 megapixels": (4000, 3000), "50 megapixels": (8160, 6120)}
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")


class Cost(NamedTuple):
    """What decoding a picture once took, in milliseconds."""

    wall_ms: float
    cpu_ms: float


def main() -> None:
    """Print the cost of decoding here and in the box, side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("files", type=Path, nargs="*", help="pictures instead of made ones")
    options = parser.parse_args()
    pictures = {path.name: path.read_bytes() for path in options.files} or _made_pictures()
    cv2.setNumThreads(1)
    pi_heif.options.DECODE_THREADS = AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    box = Box()
    print(f"{'':<24}{'here ms':>18}{'in the box ms':>18}{'difference':>14}")
    print(f"{'':<24}{'median   least':>18}{'median   least':>18}{'median   least':>14}   cpu")
    for name, data in pictures.items():
        _compare(name, data, box, rounds=options.rounds)
    box.close()


def _compare(name: str, data: bytes, box: Box, *, rounds: int) -> None:
    here, boxed = [], []
    for _ in range(rounds + 1):  # the first is not counted
        here.append(_timed(lambda: decode_here(data, max_pixels=MAX_PIXELS), pids=()))
        boxed.append(
            _timed(lambda: box.decode(data, max_pixels=MAX_PIXELS), pids=box.helper_pids())
        )
    here, boxed = here[1:], boxed[1:]
    walls = [[cost.wall_ms for cost in costs] for costs in (here, boxed)]
    cpus = [min(cost.cpu_ms for cost in costs) for costs in (here, boxed)]
    medians = [statistics.median(times) for times in walls]
    # The helper of a large picture ends with it, and its time is told no more.
    is_told = bool(box.helper_pids())
    cpu = f"{cpus[0]:.1f} -> {cpus[1]:.1f} ({cpus[1] / cpus[0] - 1:+.0%})" if is_told else "-"
    print(
        f"{name:<24}{medians[0]:>9.1f}{min(walls[0]):>9.1f}{medians[1]:>9.1f}{min(walls[1]):>9.1f}"
        f"{medians[1] - medians[0]:>7.1f}{min(walls[1]) - min(walls[0]):>7.1f}   {cpu}",
        flush=True,
    )


def _timed(work: Callable[[], object], *, pids: tuple[int, ...]) -> Cost:
    before_s, started_s = _cpu_s(pids), time.perf_counter()
    done = work()
    wall_s = time.perf_counter() - started_s
    del done
    return Cost(1000 * wall_s, 1000 * (_cpu_s(pids) - before_s))


def _cpu_s(pids: tuple[int, ...]) -> float:
    """Return the processor time of this process and of others, in seconds."""
    stats = [Path(f"/proc/{pid}/schedstat").read_text("ascii") for pid in pids]
    return time.process_time() + sum(int(stat.split()[0]) / 1e9 for stat in stats)


def _made_pictures() -> dict[str, bytes]:
    pictures = {}
    with Image.open(sample_photo_path()) as photo:
        for size_name, size in SIZES.items():
            resized = photo.convert("RGB").resize(size, Image.Resampling.BICUBIC)
            for kind in FORMATS:
                buffer = io.BytesIO()
                resized.save(buffer, kind)
                pictures[f"{size_name} {kind}"] = buffer.getvalue()
    return pictures


if __name__ == "__main__":
    main()
