"""Measure the live camera in Chromium: `make bench-live` prints frames a second and delay.

A film of swaying faces is the camera. Each is read on the device, then by the server: frames as
JPEG to the API, one in flight. Browser, film and server share the cores of this machine. Beside
other work, look at the processor time a frame, which is that of all of these together.
"""

import argparse
import contextlib
import os
import statistics
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from notebooks.common import find_browser
from serving.web.app import create_app
from serving.web.settings import Settings
from tests.conftest import CHROMIUM_ARGUMENTS
from tests.tools.camera_clip import write_film

FACES = (1, 3)
FILM_RATE = 30
SAMPLE_MS = 500
LOADING_MS = 120_000
BY_SERVER = """async (seconds) => {
  const video = document.querySelector("#live video");
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  const delays = [];
  const started = performance.now();
  while (performance.now() - started < 1000 * seconds) {
    const taken = performance.now();
    canvas.getContext("2d").drawImage(video, 0, 0);
    const body = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.85 });
    await (await fetch("/api/v1/predict", { method: "POST", body })).json();
    delays.push(performance.now() - taken);
  }
  const rate = (1000 * delays.length) / (performance.now() - started);
  return [delays.length, rate, delays.sort((one, other) => one - other)[delays.length >> 1]];
}"""


@dataclass(frozen=True)
class Row:
    """How quickly frames were read.

    Attributes:
        rate: Frames a second.
        delay_ms: From a frame to what is in it, median.
        processor_ms: Processor time a frame, of all processes.
    """

    rate: float
    delay_ms: float
    processor_ms: float


def main() -> None:
    """Print a row for each number of faces and each place of reading."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15, help="of each measurement")
    options = parser.parse_args()
    print("faces  read by  frames a second  median delay, ms  processor, ms a frame")
    with _server() as address, tempfile.TemporaryDirectory() as folder:
        for faces in FACES:
            clip = Path(folder) / f"{faces}.y4m"
            write_film(clip, faces=faces, frames_a_second=FILM_RATE)
            for reader, row in _measure(address, clip, options.seconds).items():
                print(
                    f"{faces:<5}  {reader:<7}  {row.rate:>15.1f}  {row.delay_ms:>16.0f}  "
                    f"{row.processor_ms:>21.0f}",
                    flush=True,
                )


@contextmanager
def _server() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, create_app(Settings(pictures_per_minute=0)), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


def _measure(address: str, clip: Path, seconds: float) -> dict[str, Row]:
    arguments = [*CHROMIUM_ARGUMENTS, f"--use-file-for-fake-video-capture={clip}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=arguments)
        page = _open(browser, f"{address}/live")
        rows = {"device": _on_device(page, seconds)}
        page.locator("[data-part=pause]").click()
        page.evaluate("document.querySelector('#live video').play()")
        before_s = _processor_s()
        frames, rate, delay_ms = page.evaluate(BY_SERVER, seconds)
        rows["server"] = Row(rate, delay_ms, 1000 * (_processor_s() - before_s) / frames)
        browser.close()
    return rows


def _open(browser: Browser, address: str) -> Page:
    page = browser.new_page()
    page.context.grant_permissions(["camera"])
    page.goto(address)
    page.locator("[data-part=start]").click()
    page.locator("[data-part=figures]:not(:empty)").wait_for(timeout=LOADING_MS)
    return page


def _on_device(page: Page, seconds: float) -> Row:
    """Measure by what the page says of itself."""
    figures = page.locator("[data-part=figures]")
    read: dict[str, list[float]] = {"rate": [], "delay-ms": [], "frames": []}
    before_s = _processor_s()
    for _ in range(int(1000 * seconds / SAMPLE_MS)):
        for name, values in read.items():
            values.append(float(figures.get_attribute(f"data-{name}") or "nan"))
        page.wait_for_timeout(SAMPLE_MS)
    processor_s = _processor_s() - before_s
    frames = float(figures.get_attribute("data-frames") or "nan") - read["frames"][0]
    return Row(
        statistics.median(read["rate"]),
        statistics.median(read["delay-ms"]),
        1000 * processor_s / frames,
    )


def _processor_s() -> float:
    """Return the processor time of this process and of all that it has started."""
    parents, seconds = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            fields = path.read_text("ascii").rpartition(")")[2].split()
            parents[int(path.parent.name)] = int(fields[1])
            ticks = int(fields[11]) + int(fields[12])
            seconds[int(path.parent.name)] = ticks / os.sysconf("SC_CLK_TCK")

    def is_ours(pid: int) -> bool:
        return pid == os.getpid() or (pid in parents and is_ours(parents[pid]))

    return sum(spent for pid, spent in seconds.items() if is_ours(pid))


if __name__ == "__main__":
    main()
