"""How much a browser receives for a page."""

from playwright.sync_api import Page


def received_bytes(page: Page, address: str) -> list[float]:
    """Open a page and return the size of each answer as it was sent, headers and all."""
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    sizes: list[float] = []
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(address, wait_until="networkidle")
    return sizes
