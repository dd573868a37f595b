"""Measure how FER2013's crops are aligned: time, memory, and where the time goes."""

import itertools
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import cv2

from preprocessing.dataset.batches import BATCH_ITEMS, align_items
from preprocessing.dataset.options import AlignOptions
from preprocessing.dataset.sources.open import open_source
from preprocessing.dataset.sources.packed import read_table
from preprocessing.dataset.sources.types import SourceKind
from preprocessing.faces.finder import FaceFinder
from tests.tools.memory import memory_mb, tree


def print_dataset(csv: Path) -> None:
    """Align a quarter, a half and all of FER2013 on all cores: time should grow in proportion."""
    header, *lines = read_table(csv, csv.name).decode().splitlines()
    print(f"\n{'rows':>8}{'seconds':>10}{'rows a second':>15}{'peak memory':>14}")
    with tempfile.TemporaryDirectory() as folder:
        for part in (0.25, 0.5, 1):
            source = Path(folder) / "fer2013.csv"
            rows = round(part * len(lines))
            source.write_text("\n".join([header, *lines[:rows]]), encoding="utf-8")
            command = [sys.executable, "-m", "preprocessing", "align", str(source)]
            started = time.perf_counter()
            process = subprocess.Popen(
                [*command, f"{folder}/{rows}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            peak_mb = _watch_memory_mb(process)
            seconds = time.perf_counter() - started
            print(f"{rows:>8,}{seconds:>10.1f}{rows / seconds:>15.0f}{peak_mb:>11.0f} MB")


def _watch_memory_mb(process: subprocess.Popen[bytes]) -> float:
    """Wait for a process; return the largest sum of what it and its children hold for themselves.

    Memory that several share counts in parts (PSS).
    """
    peak_mb = 0.0
    while process.poll() is None:
        peak_mb = max(peak_mb, memory_mb(tree(process.pid)))
        time.sleep(0.5)
    if process.returncode:
        raise SystemExit("align failed")
    return peak_mb


def print_profile(csv: Path) -> None:
    """Time what one process spends in dlib and OpenCV while it aligns a tenth of FER2013."""
    source = open_source(csv)
    items = list(itertools.islice(source.items(), source.count // 10))
    finder = FaceFinder()
    spent: dict[str, float] = defaultdict(float)
    with (
        timed_scans(finder, spent),
        mock.patch.object(
            finder._landmarker,
            "_model",
            _timed(finder._landmarker._model, "landmarks", spent),
        ),
        mock.patch.object(cv2, "warpAffine", _timed(cv2.warpAffine, "OpenCV", spent)),
        mock.patch.object(cv2, "resize", _timed(cv2.resize, "OpenCV", spent)),
    ):
        started = time.perf_counter()
        for start in range(0, len(items), BATCH_ITEMS):
            batch = items[start : start + BATCH_ITEMS]
            align_items(
                batch, SourceKind.FER2013, options=AlignOptions(), finder=finder, votes=None
            )
        whole = time.perf_counter() - started
    print(
        f"\nprofile of {len(items):,} rows in one process, {1000 * whole / len(items):.2f} ms each"
    )
    for name, seconds in spent.items():
        print(f"{name:<12}{seconds / whole:>7.1%}")
    print(f"{'together':<12}{sum(spent.values()) / whole:>7.1%}")


@contextmanager
def timed_scans(finder: FaceFinder, spent: dict[str, float]) -> Iterator[None]:
    """Add up in `spent["scans"]` the seconds that a finder's detectors take."""
    places = (
        *((owner, "_detector") for owner in (finder, finder._landmarker, finder._verifier)),
        *((finder, "_crop_detector"), (finder._crop_landmarker, "_detector")),
        (finder._verifier, "_second_detector"),
    )
    with ExitStack() as stack:
        for owner, name in places:
            detector = getattr(owner, name)
            timed = replace(detector, detect=_timed(detector.detect, "scans", spent))
            stack.enter_context(mock.patch.object(owner, name, timed))
        yield


def _timed(function: Callable[..., Any], name: str, spent: dict[str, float]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        started = time.perf_counter()
        result = function(*args, **kwargs)
        spent[name] += time.perf_counter() - started
        return result

    return call
