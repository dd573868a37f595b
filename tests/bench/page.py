"""Measure the page in Chromium: `make bench-page` prints bytes, heights and times.

A server with one worker, and the browser, share the cores of this machine. Beside other work the
least of several times says most.
"""

import argparse
import io
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from notebooks.common import find_browser
from preprocessing.images.sample import sample_photo_path
from tests.conftest import CHROMIUM_ARGUMENTS
from tests.serving.web.browsing import LAPTOP, TOUCH, crowd, file_of, jpeg_of, upload
from tests.tools.page_weight import received_bytes
from tests.tools.server_process import running_server

FACES = 24
# From the choice of a file to the second frame after its result is there, so that it was painted.
WATCH = """() => {
  window.times = [];
  let chosen = 0;
  const choose = () => { chosen = performance.now(); };
  document.getElementById("image").addEventListener("change", choose, true);
  new MutationObserver(() => {
    if (!chosen || !document.querySelector("#result .row")) return;
    const since = chosen;
    chosen = 0;
    const painted = () => window.times.push(performance.now() - since);
    requestAnimationFrame(() => requestAnimationFrame(painted));
  }).observe(document.getElementById("main"), { childList: true });
}"""


def main() -> None:
    """Print what the page takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=9, help="how often to measure times")
    arguments = parser.parse_args()
    executable = find_browser()
    if executable is None:
        raise SystemExit("error: no Chromium on the PATH")
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder, "log"), workers=1, MIEN_PICTURES_PER_MINUTE="0") as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGUMENTS)
        address = f"http://127.0.0.1:{server.port}"
        print_sizes(browser, address)
        print_times("ready", [ready_ms(browser, address) for _ in range(arguments.times)])
        print_times("result of 640 x 480", result_ms(browser, address, arguments.times))
        browser.close()


def print_sizes(browser: Browser, address: str) -> None:
    """Print what is sent, as it is sent, and how high 24 faces are."""
    page = browser.new_page(viewport=LAPTOP)
    sizes = received_bytes(page, address)
    print(f"first page: {sum(sizes) / 1000:.1f} kB in {len(sizes)} files")
    page.close()
    many = crowd(sample_photo_path().read_bytes(), FACES)
    for name, options in (("laptop", {"viewport": LAPTOP}), ("phone", TOUCH)):
        page = browser.new_page(**options)  # type: ignore[arg-type]
        page.goto(address)
        upload(page, many, said=f"{FACES} faces")
        expect(page.locator(".row[open] .bars").first).to_be_visible()
        height = page.evaluate("document.documentElement.scrollHeight")
        print(f"{FACES} faces on a {name}: {height} px high")
        page.close()


def ready_ms(browser: Browser, address: str) -> float:
    """Return when a page that was never seen has run its scripts, in milliseconds."""
    page = browser.new_page(viewport=LAPTOP)
    page.goto(address)
    entry = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
    ready: float = page.evaluate(entry)
    page.context.close()
    return ready


def result_ms(browser: Browser, address: str, times: int) -> Sequence[float]:
    """Return how long after its choice each photo's result is on the screen, in milliseconds."""
    page: Page = browser.new_page(viewport=LAPTOP)
    page.goto(address)
    page.evaluate(WATCH)
    photo = Image.open(io.BytesIO(sample_photo_path().read_bytes())).convert("RGB")
    # One to load what the first result needs.
    for number in range(times + 1):
        chosen = file_of(jpeg_of(photo.resize((640, 480))), f"{number}.jpg")
        page.set_input_files("#image", chosen)
        expect(page.locator("#result h1")).to_contain_text(chosen["name"])
        page.wait_for_function("(count) => times.length === count", arg=number + 1)
        page.wait_for_timeout(500)
    measured: list[float] = page.evaluate("times")
    page.close()
    return measured[1:]


def print_times(what: str, times_ms: Sequence[float]) -> None:
    """Print the median and the least."""
    print(f"{what}: median {statistics.median(times_ms):.0f} ms, least {min(times_ms):.0f} ms")


if __name__ == "__main__":
    main()
