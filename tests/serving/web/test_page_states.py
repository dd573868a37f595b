"""The page in every state: accessible, as high as promised, light, ready soon, without jumps."""

from statistics import median
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.serving.web.browsing import (
    BUSY,
    LAPTOP,
    LARGE,
    PHONE,
    TOUCH,
    Open,
    blank_picture,
    crowd,
    drop,
    file_of,
    hold_answers,
    upload,
)
from tests.tools.accessibility import assert_accessible
from tests.tools.page_weight import received_bytes

pytestmark = pytest.mark.browser
FACES = 24
# To ask about a crowd takes long, and more faces bring no other elements.
SEVERAL = 8
LAPTOP_HEIGHT_PX, PHONE_HEIGHT_PX = 2600, 3200
FIRST_PAGE_BYTES = 60_000
READY_S = 1.0
# Of a result on the screen, in processor time of the page's own thread.
SHOWN_S = 0.3
LARGEST_SHIFT = 0.01


# Each path is gone on one page: what it brings up stays, as it does for a person.
PATHS = (
    ("first", "options", "error", "camera"),
    ("one face", "samples"),
    ("filtered", "few faces", "tables", "reasons", "stale", "busy", "waiting"),
    ("many faces",),
    ("no face", "read whole"),
    ("several pictures", "several waiting"),
    ("/privacy", "/nothing", "/model"),
)


def bring_to(state: str, page: Page, two_faces: bytes, photo: bytes) -> None:
    """Bring the page to a state in which a person may meet it, from the one before in its path."""
    if state.startswith("/"):
        page.goto(urljoin(page.url, state))
    if state in ("one face", "few faces", "many faces", "no face", "read whole"):
        bring_to_a_result(state, page, two_faces, photo)
    if state in ("/model", "tables", "options", "reasons", "samples", "camera"):
        open_a_part(state, page)
    if state in ("waiting", "busy", "error", "stale"):
        send_in_vain(state, page, two_faces, photo)
    if state in ("filtered", "several waiting", "several pictures"):
        bring_to_several(state, page, two_faces, photo)


def bring_to_a_result(state: str, page: Page, two_faces: bytes, photo: bytes) -> None:
    """Bring the page to the result of one picture."""
    if state == "few faces":
        upload(page, two_faces, said="2 faces")
        expect(page.locator(".row .bars")).to_have_count(2)
    if state == "one face":
        upload(page, photo, said="One face")
        page.get_by_label("Landmarks").check()
    if state == "many faces":
        upload(page, crowd(photo, SEVERAL), said="8 faces")
        page.locator(".comparison > summary").click()
        expect(page.locator(".comparison .bars").first).to_be_visible()
        page.locator(".summary .chip").first.click()
    if state == "no face":
        upload(page, blank_picture(), said="No face found")
    if state == "read whole":
        page.get_by_role("button", name="It is a cropped face").click()
        expect(page.locator("#result h1")).to_have_text("Read as one face")


def open_a_part(state: str, page: Page) -> None:
    """Open what the page shows on request."""
    if state in ("/model", "tables", "options"):
        within = {"/model": "summary", "tables": ".numbers summary", "options": ".options summary"}
        for summary in page.locator(within[state]).all():
            summary.click()
    if state == "reasons":
        page.get_by_role("button", name="Why").first.click()
        expect(page.locator(".tint:visible").first).to_be_visible()
        page.locator(".method summary").first.click()
    if state == "samples":
        page.get_by_role("button", name="Samples").click()
        expect(page.locator("#samples")).to_be_visible()
    if state == "camera":
        page.context.grant_permissions(["camera"])
        page.get_by_role("button", name="Photo by camera").click()
        expect(page.locator("video")).not_to_have_js_property("videoWidth", 0)
        # To draw one frame after the other takes more than to ask axe about them.
        page.locator("video").evaluate("(video) => video.pause()")


def send_in_vain(state: str, page: Page, two_faces: bytes, photo: bytes) -> None:
    """Send a picture that brings no result, or none yet."""
    if state == "waiting":
        hold_answers(page)
        page.set_input_files("#image", file_of(photo))
        expect(page.locator("#working")).to_be_visible()
    if state == "busy":
        headers = {"Retry-After": "600", "Content-Type": "text/html"}
        page.route("**/", lambda route: route.fulfill(status=503, body=BUSY, headers=headers))
        upload(page, two_faces, said="Busy. More")
        expect(page.locator("#offer")).to_have_attribute("aria-disabled", "true")
    if state in ("error", "stale"):
        upload(page, b"no picture", said="is not a picture")


def bring_to_several(state: str, page: Page, two_faces: bytes, photo: bytes) -> None:
    """Bring the page to a state with several faces or pictures."""
    if state == "filtered":
        page.locator(".home").get_by_role("button", name="Group").click()
        page.get_by_role("button", name="1 happy").click()
        expect(page.locator(".face.dimmed")).to_have_count(2)
    if state == "several waiting":
        hold_answers(page, "**/predict/batch*")
        drop(page, ("one.jpg", photo), ("two.jpg", two_faces))
        expect(page.locator("#working h1")).to_have_text("Reading 2 pictures")
    if state == "several pictures":
        drop(page, ("one.jpg", photo), ("two.jpg", two_faces), ("three.jpg", b"none"))
        expect(page.locator("#status")).to_contain_text("2 of 3 pictures read, 1 could not be.")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[0])
def test_no_rule_of_accessibility_is_broken(
    path: tuple[str, ...],
    open_page: Open,
    two_faces: bytes,
    photo: bytes,
    subtests: pytest.Subtests,
) -> None:
    page = open_page(reduced_motion="reduce")
    for state in path:
        with subtests.test(state=state):
            bring_to(state, page, two_faces, photo)
            assert_accessible(page)


def test_no_rule_of_accessibility_is_broken_without_scripts(
    open_page: Open, chromium: Browser, subtests: pytest.Subtests
) -> None:
    # Axe itself is a script, so what came without scripts is looked at in a page with them.
    plain = open_page(java_script_enabled=False)
    shown = chromium.new_page(java_script_enabled=True, bypass_csp=True)
    for state in ("first", "result", "reasons"):
        if state == "result":
            plain.locator(".home").get_by_role("button", name="Group").click()
            expect(plain.locator(".row")).to_have_count(3)
        if state == "reasons":
            with plain.expect_popup() as popup:
                plain.locator(".row[open]").get_by_role("button", name="Why").click()
            plain = popup.value
            plain.wait_for_load_state()
        with subtests.test(state=state):
            html = plain.content().replace('type="module"', 'type="text/plain"')
            show(shown, html, plain.url)
            assert_accessible(shown)
    shown.close()


def show(page: Page, html: str, address: str) -> None:
    """Show a document in a page as if it had come from an address."""
    page.route(address, lambda route: route.fulfill(body=html, content_type="text/html"))
    page.goto(address)


@pytest.mark.parametrize(
    ("options", "most_px"),
    [({"viewport": LAPTOP}, LAPTOP_HEIGHT_PX), (TOUCH, PHONE_HEIGHT_PX)],
    ids=["laptop", "phone"],
)
def test_twenty_four_faces_are_no_higher_than_promised(
    options: dict[str, object], most_px: int, open_page: Open, photo: bytes
) -> None:
    page = open_page(**options)
    upload(page, crowd(photo, FACES), said="24 faces")
    expect(page.locator(".row[open] .bars").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollHeight") <= most_px


@pytest.mark.parametrize(
    "options",
    [{"viewport": LAPTOP}, TOUCH, {"viewport": LARGE}],
    ids=["laptop", "phone", "large"],
)
def test_nothing_jumps(options: dict[str, object], open_page: Open, two_faces: bytes) -> None:
    page = open_page(**options)
    page.wait_for_timeout(500)
    upload(page, two_faces, said="2 faces")
    expect(page.locator(".row .bars")).to_have_count(2)
    assert page.evaluate("window.shift") < LARGEST_SHIFT


def test_the_page_is_ready_within_a_second_of_work_and_a_result_soon_shown(
    chromium: Browser, address: str, photo: bytes
) -> None:
    ready, shown = [], []
    for _ in range(3):
        page = chromium.new_page()
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(address)  # until its script has run
        ready.append(task_s(session))
        page.route("**/plotly-*.js", lambda route: route.abort())
        upload(page, photo, said="One face")
        shown.append(task_s(session) - ready[-1])
        page.close()
    assert 0 < median(ready) < READY_S, ready
    assert 0 < median(shown) < SHOWN_S, shown


def task_s(session: CDPSession) -> float:
    """Return the processor time of the page's own thread: a clock tells how busy the machine is."""
    figures = session.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in figures if each["name"] == "TaskDuration"))


def test_the_first_page_is_light_and_plotly_comes_with_the_first_result(
    chromium: Browser, address: str
) -> None:
    page = chromium.new_page(viewport=PHONE)
    sizes = received_bytes(page, address)
    assert len(sizes) >= 6
    assert sum(sizes) < FIRST_PAGE_BYTES
    assert page.evaluate("typeof Plotly") == "undefined"
    page.locator(".home .sample").first.click()
    expect(page.locator(".row .bars")).to_be_visible()
    page.close()
