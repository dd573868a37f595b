"""Measure the whole path from a picture's bytes to probabilities: `make bench-serve` prints it.

Side by side on the first core, each contender in a process of its own: Mien; dlib and Keras put
together the obvious way (NETWORK, a run's network.keras); the `fer` package with both its detectors
(FER_PYTHON, a Python of an environment that holds it, since it refuses our versions).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from preprocessing.bundle.classifier import ChipClassifier
from preprocessing.faces.align import align_photo
from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.geometry import ChipGeometry
from preprocessing.faces.landmarks import LANDMARK_SCHEMES
from preprocessing.faces.picture import Picture
from preprocessing.faces.proposals import propose
from preprocessing.faces.search import seen_by
from preprocessing.images.decode import decode_image
from serving.inference.shipped_bundle import SHIPPED_BUNDLE
from serving.web.app import create_app
from serving.web.settings import Settings
from tests.bench.mixed_pictures import photo_640x480

PORT = 18080
ROUNDS = 40
CONTENDER_ROUNDS = 5
STAGES = ("decode", "align", "classify", "total")
CONTENDERS = Path(__file__).with_name("contenders.py")


def main() -> None:
    """Print milliseconds by stage, the sum of the parts, start-up and memory, and contenders."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, help="a folder with photos of several faces")
    parser.add_argument("--network", default="", help="network.keras of a run")
    parser.add_argument("--fer-python", default="", help="a Python that has the package fer")
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    ready_s, memory_mb = _measure_start()
    stages = _measure_stages()
    print("one 640x480 photo with one face, one core, through the application")
    print(f"{'stage':<12}{'median ms':>12}{'slowest ms':>12}")
    for stage, values in stages.items():
        print(f"{stage:<12}{statistics.median(values):>12.1f}{max(values):>12.1f}")
    parts = _measure_parts()
    named = ", ".join(f"{name} {milliseconds:.1f}" for name, milliseconds in parts.items())
    ratio = statistics.median(stages["total"]) / sum(parts.values())
    print(f"the whole takes {ratio:.2f} times the sum of its parts, each timed alone: {named}")
    print(f"ready after {ready_s:.2f} s; a worker takes {memory_mb:.0f} MB (RSS) after 10 photos\n")
    _print_contenders(options)


def _measure_stages() -> dict[str, list[float]]:
    client, photo = create_app(Settings(pictures_per_minute=0)).test_client(), photo_640x480()
    stages: dict[str, list[float]] = {stage: [] for stage in (*STAGES, "request")}
    for _ in range(ROUNDS):
        started = time.perf_counter()
        answer = client.post("/api/v1/predict", data=photo)
        stages["request"].append(1000 * (time.perf_counter() - started))
        assert len(answer.json["faces"]) == 1
        for stage in STAGES:
            stages[stage].append(answer.json["timing_ms"][stage])
    return stages


def _measure_parts() -> dict[str, float]:
    """Return the median milliseconds of each part alone, in a tight loop."""
    data = photo_640x480()
    image = decode_image(data)
    finder, geometry = FaceFinder(LANDMARK_SCHEMES["68"]), ChipGeometry()
    picture, detector = Picture(image), finder._detector
    (candidate,) = propose(detector, seen_by(detector, picture))
    (face,) = align_photo(image, finder, geometry=geometry)
    classifier = ChipClassifier(SHIPPED_BUNDLE)
    parts: dict[str, Callable[[], object]] = {
        "decode": lambda: decode_image(data),
        "detect": lambda: propose(detector, seen_by(detector, Picture(image))),
        "landmarks": lambda: finder._landmarker.face(picture, candidate),
        "network": lambda: classifier.logits(face.chip[None]),
    }
    return {name: _median_ms(part) for name, part in parts.items()}


def _median_ms(part: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        part()
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


def _measure_start() -> tuple[float, float]:
    """Start a server with one worker; return the seconds until ready and its memory in MB."""
    command = [
        sys.executable, "-m", "gunicorn", "--config", "serving/gunicorn.conf.py",
        "--bind", f"127.0.0.1:{PORT}", "--workers", "1", "serving.web.app:create_app()",
    ]  # fmt: skip
    started = time.monotonic()
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        while not _is_ready():
            if time.monotonic() - started > 60:
                raise SystemExit("the server did not become ready in 60 s")
            time.sleep(0.02)
        ready_s = time.monotonic() - started
        for _ in range(10):
            url = f"http://127.0.0.1:{PORT}/api/v1/predict"
            urllib.request.urlopen(url, data=photo_640x480(), timeout=10).close()
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text("ascii")
        (worker,) = children.split()
        status = Path(f"/proc/{worker}/status").read_text("ascii")
        (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
        return ready_s, int(line.split()[1]) / 1000
    finally:
        server.terminate()
        server.wait()


def _is_ready() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=1):
            return True
    except OSError:
        return False


def _print_contenders(options: argparse.Namespace) -> None:
    contenders = {"mien": (sys.executable, "mien", "")}
    if options.network:
        contenders["dlib, Keras predict"] = (sys.executable, "plain", options.network)
    if options.fer_python:
        contenders["fer, Haar"] = (options.fer_python, "fer", "haar")
        contenders["fer, MTCNN"] = (options.fer_python, "fer", "mtcnn")
    with tempfile.TemporaryDirectory() as folder:
        single = Path(folder) / "single.jpg"
        single.write_bytes(photo_640x480())
        pictures = [single, *sorted(options.photos.glob("*.jpg"))]
        measured = {name: _contend(chosen, pictures) for name, chosen in contenders.items()}
    print(f"one core; the photo above, and the {len(pictures) - 1} in {options.photos}")
    print(f"{'':<22}{'ready s':>9}{'memory MB':>11}{'one face ms':>13}{'p95':>7}", end="")
    print(f"{'times':>7}{'photos ms':>11}{'p95':>7}{'faces':>7}")
    base = statistics.median(measured["mien"]["single_ms"])
    for name, one in measured.items():
        single_ms, photos_ms = one["single_ms"], one["photos_ms"]
        print(f"{name:<22}{one['ready_s']:>9.1f}{one['memory_mb']:>11.0f}", end="")
        print(f"{statistics.median(single_ms):>13.1f}{_p95(single_ms):>7.0f}", end="")
        print(f"{statistics.median(single_ms) / base:>7.1f}", end="")
        print(f"{statistics.median(photos_ms):>11.0f}{_p95(photos_ms):>7.0f}{one['faces']:>7}")


def _contend(contender: tuple[str, str, str], pictures: list[Path]) -> dict:
    python, kind, argument = contender
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(Path.cwd())}
    command = [python, str(CONTENDERS), kind, argument, str(CONTENDER_ROUNDS), *map(str, pictures)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SystemExit(f"{kind} failed:\n{ran.stderr}")
    return json.loads(ran.stdout.splitlines()[-1])


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


if __name__ == "__main__":
    main()
