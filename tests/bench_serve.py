"""Measure the server on one core: `make bench-serving` prints the table."""

import io
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from PIL import Image

from preprocessing.sample import sample_photo_path
from serving.app import create_app

PORT = 18080
ROUNDS = 40
STAGES = ("decode", "align", "classify", "total")


def main() -> None:
    """Print milliseconds by stage, the time until ready, and the memory of a worker."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    ready_s, memory_mb = _measure_start()
    stages = _measure_stages()
    print("one 640x480 photo with one face, one core, through the application")
    print(f"{'stage':<12}{'median ms':>12}{'slowest ms':>12}")
    for stage, values in stages.items():
        print(f"{stage:<12}{statistics.median(values):>12.1f}{max(values):>12.1f}")
    print(f"ready after {ready_s:.2f} s; a worker takes {memory_mb:.0f} MB (RSS) after 10 photos")


def _photo_640x480() -> bytes:
    """Make a 640x480 JPEG of the sample photo, centred on grey."""
    canvas = Image.new("RGB", (640, 480), "grey")
    with Image.open(sample_photo_path()) as photo:
        canvas.paste(photo.resize((480, 480), Image.Resampling.LANCZOS), (80, 0))
    buffer = io.BytesIO()
    canvas.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _measure_stages() -> dict[str, list[float]]:
    client, photo = create_app().test_client(), _photo_640x480()
    stages: dict[str, list[float]] = {stage: [] for stage in (*STAGES, "request")}
    for _ in range(ROUNDS):
        started = time.perf_counter()
        answer = client.post("/api/v1/predict", data=photo)
        stages["request"].append(1000 * (time.perf_counter() - started))
        assert len(answer.json["faces"]) == 1
        for stage in STAGES:
            stages[stage].append(answer.json["timing_ms"][stage])
    return stages


def _measure_start() -> tuple[float, float]:
    """Start a server with one worker; return the seconds until ready and its memory in MB."""
    command = [
        sys.executable, "-m", "gunicorn", "--config", "serving/gunicorn.conf.py",
        "--bind", f"127.0.0.1:{PORT}", "--workers", "1", "serving.app:create_app()",
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
            urllib.request.urlopen(url, data=_photo_640x480(), timeout=10).close()
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


if __name__ == "__main__":
    main()
