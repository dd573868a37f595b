"""Measure what small files cost that ask for gigabytes or minutes: `make bench-costly` prints it.

A real server with two workers gets each file once, from an address of its own. Memory is that of
all its processes together, shared memory counted once; time is the processors' and the clock's.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from preprocessing.images.sample import sample_photo_path
from tests.tools.costly.every import FORMATS
from tests.tools.costly.tries import TIME_LIMIT_S, Try, try_picture
from tests.tools.server_process import ServerProcess, running_server


def main() -> None:
    """Print for each format what its files cost at most."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", action="store_true", help="also print a line for each file")
    parser.add_argument("--format", choices=FORMATS, action="append", help="only this format")
    parser.add_argument("files", type=Path, nargs="*", help="pictures instead of made ones")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(
            Path(folder, "log"), MIEN_TRUSTED_PROXIES="1", MIEN_TIME_LIMIT_S=TIME_LIMIT_S
        ) as server,
    ):
        workers = server.workers()
        print("| format | files | memory above rest, MB | processor, s | clock, s | answers |")
        print("|---|---|---|---|---|---|")
        if options.files:
            files = [(path.name, path.read_bytes()) for path in options.files]
            _print_row("given", server, files, number=0, has_lines=options.each)
        else:
            for number, kind in enumerate(options.format or FORMATS):
                files = FORMATS[kind]().items()
                _print_row(kind, server, files, number=number, has_lines=options.each)
        ended = len(workers - server.workers())
        print(f"\nWorkers that ended: {ended}.")


def _print_row(
    kind: str,
    server: ServerProcess,
    files: Iterable[tuple[str, bytes]],
    *,
    number: int,
    has_lines: bool,
) -> None:
    """Send the files of a format; print what they cost at most."""
    honest = sample_photo_path().read_bytes()
    tries: list[Try] = []
    for index, (name, data) in enumerate(files):
        address = f"198.18.{number}.{index}"
        tried = try_picture(server, data, address=address, honest=honest)
        tries.append(tried)
        if has_lines:
            print(
                f"{name[:50]:<50}{len(data):>10,}{tried.above_rest_mb:>6.0f} MB"
                f"{tried.cpu_s:>6.2f} s{tried.wall_s:>6.2f} s  {_outcome(tried)}",
                flush=True,
            )
    answers = Counter(_outcome(tried) for tried in tries)
    most = [
        max(tried.above_rest_mb for tried in tries),
        max(tried.cpu_s for tried in tries),
        max(tried.wall_s for tried in tries),
    ]
    listed = ", ".join(f"{count} `{outcome}`" for outcome, count in answers.most_common())
    print(
        f"| {kind} | {len(tries)} | {most[0]:.0f} | {most[1]:.2f} | {most[2]:.2f} | {listed} |",
        flush=True,
    )


def _outcome(tried: Try) -> str:
    """Name what a file was answered with."""
    status = tried.answer.status
    return "200" if status == 200 else f"{status} {tried.answer.json()['code']}"


if __name__ == "__main__":
    main()
