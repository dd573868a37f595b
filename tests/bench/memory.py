"""Measure what memory the largest pictures take: `make bench-memory` prints the figures.

A real server with two workers gets six pictures of 50 megapixels at once, the most that it takes
in parallel, from six addresses. The figures hold for all of its processes together, and count
memory that several share once.
"""

import argparse
import io
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from preprocessing.images.decode import decode_image
from preprocessing.images.encode import encode_png
from preprocessing.images.sample import sample_photo_path
from tests.tools.memory import PeakMemory, memory_mb
from tests.tools.server_process import PREDICT, Answer, ServerProcess, running_server

PICTURES = 6
SIZE = (8160, 6120)
EVERYTHING = f"{PREDICT}?annotated=true&chips=true&landmarks=true&figure=true"


def main() -> None:
    """Print how much memory the server takes at rest, and at most for each way to ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="times six pictures a row")
    options = parser.parse_args()
    print(f"{'six pictures of 50 megapixels':<44}{'at rest':>10}{'peak':>10}{'answers':>18}")
    for kind, picture in _pictures().items():
        for path in (PREDICT, EVERYTHING, "/"):
            with (
                tempfile.TemporaryDirectory() as folder,
                running_server(Path(folder, "log"), MIEN_TRUSTED_PROXIES="1") as server,
            ):
                _print_row(f"{kind}, {path}", server, path, picture, rounds=options.rounds)


def _print_row(name: str, server: ServerProcess, path: str, picture: bytes, *, rounds: int) -> None:
    small = sample_photo_path().read_bytes()
    for _ in range(8):  # so that both workers have their models and boxes
        _ask(server, PREDICT, small, address=1)
    rest_mb = memory_mb(server.processes())
    statuses: Counter[int] = Counter()
    with PeakMemory(server.processes) as memory, ThreadPoolExecutor(PICTURES) as clients:
        for _ in range(rounds):
            asked = [
                clients.submit(_ask, server, path, picture, address=number)
                for number in range(PICTURES)
            ]
            statuses.update(each.result().status for each in asked)
    answers = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
    print(f"{name[:44]:<44}{rest_mb:>7.0f} MB{memory.peak_mb:>7.0f} MB{answers:>18}")


def _ask(server: ServerProcess, path: str, picture: bytes, *, address: int) -> Answer:
    headers = {"X-Forwarded-For": f"192.0.2.{address + 1}"}
    if path != "/":
        return server.ask(path, picture, headers)
    boundary, form = encode_multipart({"image": FileStorage(io.BytesIO(picture), "photo.jpg")})
    headers["Content-Type"] = f"multipart/form-data; boundary={boundary}"
    return server.ask(path, form, headers)


def _pictures() -> dict[str, bytes]:
    """Make pictures as large as the server reads: one face enlarged, in two formats."""
    photo = decode_image(sample_photo_path().read_bytes())
    large = np.asarray(cv2.resize(photo, SIZE, interpolation=cv2.INTER_CUBIC), np.uint8)
    _, jpeg = cv2.imencode(".jpg", large[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])
    flat = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    flat[: photo.shape[0], : photo.shape[1]] = photo
    return {"JPEG": jpeg.tobytes(), "PNG": encode_png(flat)}


if __name__ == "__main__":
    main()
