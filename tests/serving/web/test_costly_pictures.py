"""Small files that ask for gigabytes or minutes: a real server with two workers stays as it is."""

import io
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from threading import Event

import pytest
from PIL import Image

from tests.tools.costly.every import FORMATS
from tests.tools.costly.tries import TIME_LIMIT_S, Try, ask_from, try_picture
from tests.tools.server_process import ServerProcess, running_server

pytestmark = pytest.mark.slow

ANSWERED = (200, 400, 413, 415, 422)
MOST_MB = 400
# Times the processor time that an honest JPEG of as many pixels takes, which is read at a half of
# its sides: 0.5 s where the costliest, a PNG that is read whole, takes 2.8; half as much again for
# what runs beside a test.
MOST_TIMES = 9.0
# What runs beside a test may slow one measurement, but hardly three.
MOST_TRIES = 3
SIDE_PX = 7_000
HONEST = 30
# They take the same way through the same decoder as another one that costs as much, most of them up
# to the limit of time: `make bench-costly` sends them too.
LIKE_OTHERS = {
    "JPEG of 1,480 faces in noise",
    "JPEG of one scan, cut",
    "PNG of 999,999 columns and 49 rows",
    "PNG of three channels of 16 bits",
    "PNG of four channels",
    "BMP with a large PNG",
    "TIFF by tiff_lzw",
    "TIFF of one row",
    "WebP with opacity, lossy",
}


@pytest.fixture(scope="module")
def costly() -> dict[str, dict[str, bytes]]:
    """The files of each format; to pack hundreds of megabytes takes seconds, and threads can."""
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda make: make(), FORMATS.values()))
    assert {name for files in made for name in files} >= LIKE_OTHERS
    return {
        kind: {name: data for name, data in files.items() if name not in LIKE_OTHERS}
        for kind, files in zip(FORMATS, made, strict=True)
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    log = tmp_path_factory.mktemp("log") / "log"
    with running_server(log, MIEN_TRUSTED_PROXIES="1", MIEN_TIME_LIMIT_S=TIME_LIMIT_S) as server:
        yield server


@pytest.fixture(scope="module")
def large(photo: bytes) -> bytes:
    """A large honest picture."""
    data = io.BytesIO()
    Image.open(io.BytesIO(photo)).resize((SIDE_PX, SIDE_PX)).save(data, "JPEG")
    return data.getvalue()


@pytest.fixture(scope="module")
def try_one(server: ServerProcess, photo: bytes) -> Callable[[bytes], Try]:
    """Send a picture from an address that has sent nothing before; it may end no worker."""
    addresses, workers = ip_network("198.18.0.0/15").hosts(), server.workers()

    def send(data: bytes) -> Try:
        tried = try_picture(server, data, address=str(next(addresses)), honest=photo)
        assert server.workers() == workers
        return tried

    return send


@pytest.fixture(scope="module")
def honest_s(try_one: Callable[[bytes], Try], large: bytes) -> float:
    """Processor time that a large honest picture takes, once its models are warm."""
    tries = [try_one(large) for _ in range(3)]
    assert all(tried.answer.status == 200 for tried in tries)
    return min(tried.cpu_s for tried in tries)


@pytest.mark.parametrize("kind", FORMATS)
def test_costly_pictures_are_answered_within_little_time_and_memory(
    kind: str,
    costly: dict[str, dict[str, bytes]],
    try_one: Callable[[bytes], Try],
    large: bytes,
    honest_s: float,
) -> None:
    for name, data in costly[kind].items():
        for _ in range(MOST_TRIES):
            tried = try_one(data)
            assert tried.answer.status in ANSWERED, f"{name}: {tried.answer.body[:300]!r}"
            if tried.answer.status == 422:
                assert tried.answer.json()["code"] == "too_costly_image"
            if tried.above_rest_mb < MOST_MB and tried.cpu_s < MOST_TIMES * honest_s:
                break
            honest_s = max(honest_s, try_one(large).cpu_s)
        assert tried.above_rest_mb < MOST_MB, name
        assert tried.cpu_s < MOST_TIMES * honest_s, name


def test_an_address_that_sends_costly_pictures_costs_no_other_its_answers(
    costly: dict[str, dict[str, bytes]], server: ServerProcess, photo: bytes
) -> None:
    workers, done = server.workers(), Event()
    pictures = [data for files in costly.values() for data in files.values()]

    def attack(first: int) -> None:
        for data in itertools.cycle(pictures[first:] + pictures[:first]):
            if done.is_set():
                return
            answer = ask_from(server, "198.51.100.66", data)
            assert answer.status in (*ANSWERED, 503), answer.body[:300]

    with ThreadPoolExecutor() as clients:
        attacks = [clients.submit(attack, first) for first in range(0, len(pictures), 10)]
        try:
            answers = [ask_from(server, "192.0.2.7", photo) for _ in range(HONEST)]
        finally:
            done.set()
        for each in attacks:
            each.result()
    assert {answer.status for answer in answers} == {200}
    assert server.workers() == workers
    assert server.metric("mien_costly_pictures_total") > 0
