"""Measure honest photos beside an attacker: `make bench-attacked` prints it.

One address sends a costly file a second to a real server with two workers, rates unlimited; another
sends the sample photo again and again. Times are the clock's, alone first and then beside the
attacker.
"""

import argparse
import statistics
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from preprocessing.images.sample import sample_photo_path
from tests.tools.costly.every import FORMATS
from tests.tools.costly.tries import ask_from
from tests.tools.server_process import ServerProcess, running_server

KINDS = {
    "JPEG of many scans": "JPEG",
    "JPEG of 1,480 faces in noise": "JPEG",
    "PNG of three channels of 16 bits": "PNG",
}
PAUSE_S = 0.1


def main() -> None:
    """Print how long honest photos take beside each costly file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="of each attack")
    parser.add_argument("files", type=Path, nargs="*", help="pictures instead of made ones")
    options = parser.parse_args()
    files = {path.name: path.read_bytes() for path in options.files}
    if not files:
        files = {name: FORMATS[kind]()[name] for name, kind in KINDS.items()}
    print("| beside | honest photos | answered | median, ms | p99, ms | slowest, ms | attacker |")
    print("|---|---|---|---|---|---|---|")
    for name, costly in {"nothing": b"", **files}.items():
        with (
            tempfile.TemporaryDirectory() as folder,
            running_server(
                Path(folder, "log"), MIEN_TRUSTED_PROXIES="1", MIEN_PICTURES_PER_MINUTE="0"
            ) as server,
        ):
            _print_row(name, server, costly, seconds=options.seconds)


def _print_row(name: str, server: ServerProcess, costly: bytes, *, seconds: float) -> None:
    honest, done = sample_photo_path().read_bytes(), Event()
    said: list[int] = []
    with ThreadPoolExecutor(max_workers=100) as senders:

        def attack() -> None:
            while costly and not done.wait(1):
                senders.submit(
                    lambda: said.append(ask_from(server, "198.51.100.66", costly).status)
                )

        attacker = senders.submit(attack)
        times_ms: list[float] = []
        statuses: Counter[int] = Counter()
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            started_s = time.monotonic()
            statuses[ask_from(server, "192.0.2.7", honest).status] += 1
            times_ms.append(1000 * (time.monotonic() - started_s))
            time.sleep(PAUSE_S)
        done.set()
        attacker.result()
    print(
        f"| {name} | {len(times_ms)} | {statuses[200]} | {statistics.median(times_ms):.0f} "
        f"| {statistics.quantiles(times_ms, n=100)[98]:.0f} | {max(times_ms):.0f} "
        f"| {dict(Counter(said))} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
