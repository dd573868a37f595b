"""Measure the server under load: `make bench-load` prints the figures.

32 clients send mixed pictures as fast as they are answered to a server with two workers and its
default limits, but for that of an address, which all share. A client that is rejected waits as
long as it is told. Clients share the machine's cores with the server. Where other programs work
beside them, only the processor time of a picture means something.
"""

import argparse
import itertools
import statistics
import tempfile
import threading
import time
from http import HTTPStatus
from pathlib import Path

from tests.bench.mixed_pictures import good_pictures
from tests.tools.server_process import PREDICT, ServerProcess, running_server

CLIENTS = 32
WORKERS = 2
UNLOADED_ROUNDS = 10


def main() -> None:
    """Print what one client meets, and what many meet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="under the load of all clients")
    options = parser.parse_args()
    pictures = good_pictures()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder, "log"), workers=WORKERS) as server,
    ):
        for picture in pictures:
            server.ask(PREDICT, picture)
        before_s = server.cpu_s()
        alone_s = [_timed(server, picture)[1] for picture in pictures * UNLOADED_ROUNDS]
        between_s = server.cpu_s()
        answered_s, shed, failed, elapsed_s = _load(server, pictures, seconds=options.seconds)
        after_s = server.cpu_s()
    median_ms = 1000 * statistics.median(alone_s)
    possible = WORKERS / statistics.mean(alone_s)
    rate = len(answered_s) / elapsed_s
    p99_ms = 1000 * statistics.quantiles(answered_s, n=100)[98]
    print(f"one client: median {median_ms:.0f} ms; {possible:.1f} pictures/s possible")
    print(
        f"{CLIENTS} clients: {rate:.1f} pictures/s ({rate / possible:.0%} of the possible), "
        f"median {1000 * statistics.median(answered_s):.0f} ms, "
        f"p99 {p99_ms:.0f} ms ({p99_ms / median_ms:.1f} times the median of one client)"
    )
    alone_ms = 1000 * (between_s - before_s) / len(alone_s)
    loaded_ms = 1000 * (after_s - between_s) / len(answered_s)
    print(f"processor time of a picture: {alone_ms:.0f} ms alone, {loaded_ms:.0f} ms under load")
    print(f"answered {len(answered_s)}, rejected {shed}, failed {failed}")


def _load(
    server: ServerProcess, pictures: list[bytes], *, seconds: float
) -> tuple[list[float], int, int, float]:
    answered_s: list[float] = []
    shed, failed = itertools.count(), itertools.count()
    started = time.monotonic()

    def send(client: int) -> None:
        for picture in itertools.cycle(pictures[client % len(pictures) :] + pictures):
            if time.monotonic() - started > seconds:
                return
            status, took_s, retry_after_s = _timed(server, picture)
            if status == HTTPStatus.OK:
                answered_s.append(took_s)
            elif retry_after_s:
                next(shed)
                time.sleep(retry_after_s)
            else:
                next(failed)

    threads = [threading.Thread(target=send, args=[client]) for client in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answered_s, next(shed), next(failed), time.monotonic() - started


def _timed(server: ServerProcess, picture: bytes) -> tuple[int, float, int]:
    """Return the status, the seconds that it took, and after how many seconds to try again."""
    started = time.perf_counter()
    try:
        answer = server.ask(PREDICT, picture)
    except OSError:
        return 0, 0.0, 0
    took_s = time.perf_counter() - started
    return answer.status, took_s, int(answer.headers.get("Retry-After", 0))


if __name__ == "__main__":
    main()
