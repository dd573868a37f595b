"""What tests of more than one package share."""

import gc
import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from notebooks.common import find_browser

CHROMIUM_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
]
# Chromium without windows. To open a page takes it half the processor time, but it cannot ask a
# person whether a page may use the camera.
WINDOWLESS = "chromium-headless-shell"
CAMERA_ALLOWED = "--use-fake-ui-for-media-stream"
# To draw the twenty frames a second of the fake camera takes more than the page does.
FEW_FRAMES = "--use-fake-device-for-media-stream=fps=5"


@pytest.fixture(scope="session")
def repository_root() -> Path:
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data(repository_root: Path) -> Path:
    """Real pictures and FER2013, where they lie beside the repository."""
    path = repository_root.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip("no ../shared/data")
    return path


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A running headless browser; ask it for a page with `chromium.new_page()`.

    Its pages may use the camera; in the browser of the fixture `camera` a person is asked first.
    """
    executable = shutil.which(WINDOWLESS) or find_browser()
    if executable is None:
        pytest.skip("no Chromium")
    with sync_playwright() as playwright:
        arguments = [*CHROMIUM_ARGUMENTS, CAMERA_ALLOWED, FEW_FRAMES]
        browser = playwright.chromium.launch(executable_path=executable, args=arguments)
        yield browser
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without looking for garbage, of which imports make none worth a fifth of the time.

    What is there then stays to the end, and is not looked through again.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the modules that take long, so that no process ends long after the others.

    They are those with a test that is slow or needs a browser; `make test` gives each to a process
    as a whole, in this order. Those of each package are spread among those of the others: while
    the tests of one wait for a server or a browser, those of another train.
    """
    long = [
        item.path
        for item in items
        if item.get_closest_marker("slow") or item.get_closest_marker("browser")
    ]
    order: dict[Path, float] = {}
    for package in {_package(path) for path in long}:
        modules = list(dict.fromkeys(path for path in long if _package(path) == package))
        order |= {path: place / len(modules) for place, path in enumerate(modules)}
    items.sort(key=lambda item: order.get(item.path, 1.0))


def _package(path: Path) -> Path:
    """Return the folder right below this one in which a test lies, or this one."""
    here = Path(__file__).parent
    return here / path.relative_to(here).parts[0] if path.parent != here else here


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped browser test into a failure where REQUIRE_BROWSER=1."""
    report = yield
    required = os.environ.get("REQUIRE_BROWSER") == "1"
    if required and report.skipped and item.get_closest_marker("browser"):
        report.outcome = "failed"
        report.longrepr = f"A browser test may not be skipped here. {report.longrepr}"
    return report
