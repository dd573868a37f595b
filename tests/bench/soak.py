"""Let a server work at half of its capacity, and watch it: `make soak`.

Good and bad pictures come at a steady rate. In the end no worker may have grown by 1 % or more
since the second fifth of the time, none may hold more open files, and every answer must have been
the one expected. A shorter one is `make soak SOAK="--minutes 1 --growth 0.05"`, as in `.ci/run`:
within a minute memory has not settled yet.
"""

import argparse
import itertools
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

from preprocessing.images.box.client import KEPT_HELPERS
from serving.web.settings import Settings
from tests.bench.mixed_pictures import bad_pictures, good_pictures
from tests.tools.server_process import PREDICT, ServerProcess, running_server, wait_until

WORKERS = 2
SHARE_OF_CAPACITY = 0.5
BETWEEN_SAMPLES_S = 2.0
# The box keeps a socket and a piece of memory for each helper that waits.
MOST_BOX_FILES = 2 * KEPT_HELPERS
EXPECTED = {True: {200}, False: {400, 413, 415}}
WIDTH, HEIGHT = 720, 240


@dataclass
class Watched:
    """What was seen of one worker, sample by sample."""

    memory_mb: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)

    def growth(self) -> float:
        """Return by which share memory grew from the second fifth of the time to the last."""
        fifth = max(1, len(self.memory_mb) // 5)
        early_mb, late_mb = self.memory_mb[fifth : 2 * fifth], self.memory_mb[-fifth:]
        return statistics.median(late_mb) / statistics.median(early_mb) - 1

    def leaked_files(self) -> int:
        """Return how many more files are open after all requests than before them."""
        return self.files[-1] - self.files[0]


def main() -> int:
    """Run, report, draw; return 1 where something grew or went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--growth", type=float, default=0.01, help="of a worker, below this share")
    parser.add_argument("--plot", type=Path, help="draw memory over time into this SVG file")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder, "log"), workers=WORKERS) as server,
    ):
        watched, sent, unexpected = _soak(server, minutes=options.minutes)
    print(f"{sent} pictures in {options.minutes:g} minutes, {len(unexpected)} unexpected answers")
    for answer, count in Counter(unexpected).items():
        print(f"{count} times {answer}")
    for pid, worker in watched.items():
        print(
            f"worker {pid}: {worker.memory_mb[-1]:.1f} MB, grown by {worker.growth():.2%}; "
            f"{worker.leaked_files()} more files open"
        )
    if options.plot:
        options.plot.write_text(_draw(watched, minutes=options.minutes), encoding="utf-8")
    steady = all(
        worker.growth() < options.growth and worker.leaked_files() <= MOST_BOX_FILES
        for worker in watched.values()
    )
    return 0 if steady and not unexpected and len(watched) == WORKERS else 1


def _soak(
    server: ServerProcess, *, minutes: float
) -> tuple[dict[int, Watched], int, list[int | str]]:
    pictures = [(True, data) for data in good_pictures()]
    pictures += [(False, data) for data in bad_pictures()]
    started = time.monotonic()
    for _, data in pictures * 3:
        server.ask(PREDICT, data)
    pause_s = (time.monotonic() - started) / (3 * len(pictures)) / WORKERS / SHARE_OF_CAPACITY
    # A worker opens the files of its metrics with its first picture.
    wait_until(lambda: _has_met_all_workers(server, pictures[0][1]))
    unexpected: list[int | str] = []

    def send(is_good: bool, data: bytes) -> None:  # noqa: FBT001
        try:
            status = server.ask(PREDICT, data).status
        except (OSError, HTTPException) as error:
            unexpected.append(repr(error))
        else:
            if status not in EXPECTED[is_good]:
                unexpected.append(status)

    watched: dict[int, Watched] = {}
    time.sleep(BETWEEN_SAMPLES_S)  # until the last connections are closed
    _sample(server, watched)
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=[server, watched, done])
    until = time.monotonic() + 60 * minutes
    sent = 0
    watcher.start()
    # As many as one worker takes at once: none is rejected for what others do on this machine.
    with ThreadPoolExecutor(Settings().parallel_requests) as clients:
        for picture in itertools.cycle(pictures):
            if time.monotonic() > until:
                break
            clients.submit(send, *picture)
            sent += 1
            time.sleep(pause_s)
    done.set()
    watcher.join()
    time.sleep(BETWEEN_SAMPLES_S)
    _sample(server, watched)
    return watched, sent, unexpected


def _has_met_all_workers(server: ServerProcess, picture: bytes) -> bool:
    server.ask(PREDICT, picture)
    return server.ask("/metrics").body.count(b"\nmien_worker_memory_bytes{") == WORKERS


def _watch(server: ServerProcess, watched: dict[int, Watched], done: threading.Event) -> None:
    while not done.wait(BETWEEN_SAMPLES_S):
        _sample(server, watched)


def _sample(server: ServerProcess, watched: dict[int, Watched]) -> None:
    for pid in server.workers():
        worker = watched.setdefault(pid, Watched())
        status = Path(f"/proc/{pid}/status").read_text("ascii")
        (resident,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
        worker.memory_mb.append(int(resident.split()[1]) / 1024)
        worker.files.append(len(list(Path(f"/proc/{pid}/fd").iterdir())))


def _draw(watched: dict[int, Watched], *, minutes: float) -> str:
    """Draw memory over time as SVG, from 0 MB."""
    top_mb = 1.1 * max(max(worker.memory_mb) for worker in watched.values())
    lines = []
    for worker in watched.values():
        points = " ".join(
            f"{WIDTH * place / len(worker.memory_mb):.1f},{HEIGHT * (1 - each / top_mb):.1f}"
            for place, each in enumerate(worker.memory_mb)
        )
        lines.append(f'<polyline points="{points}" fill="none" stroke="#b45309"/>')
    words = f"Memory of each worker over {minutes:g} minutes; the upper edge is {top_mb:.0f} MB"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>{"".join(lines)}'
        f'<text x="8" y="{HEIGHT - 8}" font-family="sans-serif">{words}</text></svg>\n'
    )


if __name__ == "__main__":
    sys.exit(main())
