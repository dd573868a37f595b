"""A real server with two workers: figures, logs, restarts, and what it keeps of a picture."""

import base64
import json
import os
import re
import resource
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import numpy as np
import pytest
from PIL import Image

from tests.serving.web.secret_picture import NAME, changed, malformed, send_raw, uploads
from tests.tools.picture_files import encode
from tests.tools.picture_server import PictureServer, ok, picture_server
from tests.tools.server_process import PREDICT, ServerProcess, running_server, wait_until

pytestmark = pytest.mark.slow
MOMENT_S = 0.1
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
# Requests of which each has a picture of its own, and clients: five times what is taken at once.
PARALLEL, CLIENTS = 500, 32
MEMORY = Path("/dev/shm")  # noqa: S108


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Where the server might write."""
    own = {name: tmp_path_factory.mktemp(name) for name in ("log", "TMPDIR", "HOME")}
    return {**own, "memory": MEMORY, "cwd": Path.cwd()}


@pytest.fixture(scope="module")
def pictures(secret_photo: bytes) -> Iterator[PictureServer]:
    """A server with the secret photo, from which the other server fetches."""
    with picture_server(lambda _: [ok(secret_photo)]) as running:
        yield running


@pytest.fixture(scope="module")
def server(places: dict[str, Path], pictures: PictureServer) -> Iterator[ServerProcess]:
    environment = {name: str(places[name]) for name in ("TMPDIR", "HOME")}
    settings = {
        "GOOGLE_CLOUD_PROJECT": "demo",
        "MIEN_LOG_LEVEL": "DEBUG",
        "MIEN_FETCH_PICTURES": "true",
        "MIEN_FETCH_NETWORKS": "127.0.0.1/32",
        "MIEN_FETCH_PORTS": str(pictures.port),
    }
    log = places["log"] / "log"
    with running_server(log, options="--timeout 10", **environment, **settings) as server:
        yield server


@pytest.fixture(scope="module")
def small() -> bytes:
    """A picture that is looked at within some ten milliseconds."""
    return encode(Image.new("RGB", (60, 60), "grey"), "PNG")


def crop_answer(server: ServerProcess, picture: bytes) -> Any:
    """Return the answer to a cropped face; try again, when told to, if rejected."""
    while (answer := server.ask(f"{PREDICT}?crop=true", picture)).status == 503:
        time.sleep(int(answer.headers["Retry-After"]))
    assert answer.status == 200
    return answer.json()


class Load:
    """Three clients that send pictures, each a moment after its last answer, until stopped."""

    def __init__(self, server: ServerProcess, picture: bytes) -> None:
        self.answered = 0
        self.failed: list[str] = []
        self._server, self._picture = server, picture
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._send) for _ in range(3)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, answers: int) -> None:
        """Wait until this many more are answered."""
        goal = self.answered + answers
        wait_until(lambda: self.answered >= goal)

    def _send(self) -> None:
        while not self._done.wait(MOMENT_S):
            try:
                status = self._server.ask(PREDICT, self._picture).status
            except (OSError, HTTPException) as error:
                self.failed.append(repr(error))
                continue
            if status == 200:
                self.answered += 1
            else:
                self.failed.append(str(status))


def test_the_figures_of_all_workers_add_up(server: ServerProcess, photo: bytes) -> None:
    before = [server.metric(f"mien_{name}_total") for name in ("pictures", "faces", "requests")]
    sent = 0
    while server.ask("/metrics").body.count(b"\nmien_worker_memory_bytes{") < 2 or sent < 4:
        assert server.ask(PREDICT, photo).status == 200
        sent += 1
        assert sent < 100, "one worker gets everything"
    pictures, faces, _ = (
        server.metric(f"mien_{name}_total") - old
        for name, old in zip(("pictures", "faces", "requests"), before, strict=True)
    )
    assert pictures == faces == sent
    stages = server.ask("/metrics").body.decode()
    for stage in ("decode", "align", "classify", "total"):
        assert f'mien_stage_seconds_bucket{{le="+Inf",stage="{stage}"}}' in stages
    assert 'found_by="detector",label="happy"' in stages


def test_a_worker_may_open_enough_files_and_leaves_none_when_it_crashes(
    server: ServerProcess,
) -> None:
    for worker in server.workers():
        assert resource.prlimit(worker, resource.RLIMIT_CORE)[0] == 0
        files, most = resource.prlimit(worker, resource.RLIMIT_NOFILE)
        assert files >= min(1_200, most)


@pytest.mark.timeout(900)  # half a minute of each of two cores, but not on a busy machine
def test_every_answer_belongs_to_its_picture(server: ServerProcess) -> None:
    # The size tells the picture; the noise tells the answers apart.
    sizes = [(40 + number % 50, 40 + number // 50) for number in range(PARALLEL)]
    generator = np.random.default_rng(0)
    pictures = [
        encode(Image.fromarray(generator.integers(0, 256, (height, width), np.uint8)), "PNG")
        for width, height in sizes
    ]
    with ThreadPoolExecutor(CLIENTS) as clients:
        answers = list(clients.map(partial(crop_answer, server), pictures))
    assert [(each["image"]["width"], each["image"]["height"]) for each in answers] == sizes
    for picture, answer in zip(pictures[::20], answers[::20], strict=True):
        assert crop_answer(server, picture)["faces"] == answer["faces"]


def test_the_dashboard_asks_for_metrics_that_exist(
    server: ServerProcess, repository_root: Path, photo: bytes
) -> None:
    server.ask(PREDICT, photo)
    text = (repository_root / "serving" / "grafana.json").read_text(encoding="utf-8")
    queries = [
        target["expr"] for panel in json.loads(text)["panels"] for target in panel["targets"]
    ]
    asked = {name for query in queries for name in re.findall(r"mien_\w+", query)}
    assert asked
    shown = server.ask("/metrics").body.decode()
    families = set(re.findall(r"^# TYPE (\w+) ", shown, re.MULTILINE))
    endings = ("", "_bucket", "_sum", "_count")
    assert asked <= {family + ending for family in families for ending in endings}


def test_each_request_is_logged_and_nothing_of_its_picture_is_kept(
    server: ServerProcess, places: dict[str, Path], secret_photo: bytes, pictures: PictureServer
) -> None:
    ours = {"X-Request-ID": uuid.uuid4().hex, "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    sent = uploads(secret_photo)
    by_address = json.dumps({"image_url": pictures.url(f"/{NAME}.jpg")}).encode()
    sent[f"{PREDICT}?chips=true"] = (by_address, "application/json")
    chip = unquote_to_bytes(sent["/heat-map"][0])
    for path, (body, kind) in sent.items():
        answer = server.ask(path, body, {"Content-Type": kind, **ours})
        assert answer.headers["X-Request-ID"] == ours["X-Request-ID"]
    for kind, request in malformed(secret_photo).items():
        answer = send_raw(server, request)
        assert answer.startswith(b"HTTP/1.1 4") or kind == "transfer encoding", kind

    def logged() -> list[dict[str, Any]]:
        written = server.log.read_text(encoding="utf-8").splitlines(keepends=True)
        lines = [json.loads(line) for line in written if line.startswith("{") and line[-1] == "\n"]
        return [line for line in lines if line.get("request_id") == ours["X-Request-ID"]]

    # A request is logged at its very end, after its answer has left.
    wait_until(lambda: len(logged()) == len(sent))
    *good, bad = sorted(logged(), key=lambda line: line["status"])
    assert [line["status"] for line in (*good, bad)] == [200] * len(good) + [400]
    assert (bad["method"], bad["route"], bad["severity"]) == ("POST", PREDICT, "INFO")
    assert bad["request_bytes"] == len(secret_photo)
    assert bad["ms"] > 0
    assert bad["logging.googleapis.com/trace"] == f"projects/demo/traces/{TRACE}"

    secrets = [NAME.encode(), secret_photo[-80:-64], chip[-80:-64]]
    for data in (secret_photo, base64.b64encode(secret_photo), chip):
        secrets += [data[start : start + 16] for start in range(0, len(data) - 16, 1000)][1:]
    kept = {path: content for place in places.values() for path, content in changed(place)}
    assert server.log in kept
    for path, content in kept.items():
        assert not any(secret in content for secret in secrets), path
    # As libraries do that count their users.
    assert not [*places["TMPDIR"].rglob("*"), *places["HOME"].rglob("*")]


@pytest.mark.parametrize("request_id", ["", "two words", "x" * 65, "<script>"])
def test_a_request_id_that_is_not_sane_is_replaced(request_id: str, server: ServerProcess) -> None:
    given = server.ask("/livez", headers={"X-Request-ID": request_id}).headers["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{32}", given)


def test_a_rolling_restart_loses_no_request(server: ServerProcess, small: bytes) -> None:
    old = server.workers()
    with Load(server, small) as load:
        load.wait_for(3)
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(server.workers()) == 2 and not server.workers() & old)
        load.wait_for(3)
    assert load.failed == []


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_worker_that_dies_or_hangs_is_replaced(
    how: signal.Signals, server: ServerProcess, small: bytes
) -> None:
    victim = server.oldest_worker()
    with Load(server, small) as load:
        load.wait_for(3)
        os.kill(victim, how)
        wait_until(lambda: len(server.workers() - {victim}) == 2)
        load.wait_for(3)
    # Only what it was working on: one request of each client at most.
    assert len(load.failed) <= 3
