"""Measure honest photos beside attackers: `make bench-attacked` prints it.

One address, or six, each send a costly file a second to a real server with two workers, rates
unlimited; another sends the sample photo again and again. Times are the clock's, alone first and
then beside the attackers.
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
ATTACKERS = (1, 6)
PAUSE_S = 0.1


def main() -> None:
    """Print how long honest photos take beside each costly file, from one address and from six."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="of each attack")
    parser.add_argument("files", type=Path, nargs="*", help="pictures instead of made ones")
    options = parser.parse_args()
    files = {path.name: path.read_bytes() for path in options.files}
    if not files:
        files = {name: FORMATS[kind]()[name] for name, kind in KINDS.items()}
    print(
        "| beside | attackers | honest photos | answered | median, ms | p99, ms | slowest, ms "
        "| attackers' answers |"
    )
    print("|---|---|---|---|---|---|---|---|")
    attacks = [(name, files[name], count) for count in ATTACKERS for name in files]
    for name, costly, attackers in [("nothing", b"", 0), *attacks]:
        with (
            tempfile.TemporaryDirectory() as folder,
            running_server(
                Path(folder, "log"), MIEN_TRUSTED_PROXIES="1", MIEN_PICTURES_PER_MINUTE="0"
            ) as server,
        ):
            _print_row(name, server, costly, attackers=attackers, seconds=options.seconds)


def _print_row(
    name: str, server: ServerProcess, costly: bytes, *, attackers: int, seconds: float
) -> None:
    honest, done = sample_photo_path().read_bytes(), Event()
    said: list[int] = []
    with ThreadPoolExecutor(max_workers=200) as senders:

        def attack(address: str) -> None:
            while not done.wait(1):
                senders.submit(lambda: said.append(ask_from(server, address, costly).status))

        attacks = [senders.submit(attack, f"198.51.100.{each}") for each in range(attackers)]
        times_ms: list[float] = []
        statuses: Counter[int] = Counter()
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            started_s = time.monotonic()
            statuses[ask_from(server, "192.0.2.7", honest).status] += 1
            times_ms.append(1000 * (time.monotonic() - started_s))
            time.sleep(PAUSE_S)
        done.set()
        for each in attacks:
            each.result()
    print(
        f"| {name} | {attackers} | {len(times_ms)} | {statuses[200]} "
        f"| {statistics.median(times_ms):.0f} | {statistics.quantiles(times_ms, n=100)[98]:.0f} "
        f"| {max(times_ms):.0f} | {dict(Counter(said))} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
