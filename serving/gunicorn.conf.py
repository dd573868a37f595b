"""How gunicorn runs the server: processes share the work, threads only wait for it."""

import contextlib
import os
import resource
import sys
from pathlib import Path
from typing import Any

import cv2

from preprocessing.bundle.spec import read_spec
from preprocessing.errors import MienError
from preprocessing.faces.landmarker import load_landmark_model
from serving.web.environment import read_settings
from serving.web.logs import log_config
from serving.web.metrics_folder import make_metrics_folder

try:
    settings = read_settings()
except MienError as error:
    sys.exit(f"error: {error}")

# Holds small files that must lie neither on a disk that can stall nor on a read-only one.
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
# The files that prometheus_client maps into memory, by kind and process, and their size at first,
# which is more than the figures here ever take.
METRIC_FILES = ("counter", "histogram", "gauge_liveall")
METRIC_FILE_BYTES = 1 << 16

# Connections that a worker has at once, and what it may have open beside them: the models, and for
# each thread a picture, its box and its request.
MOST_CONNECTIONS, OTHER_FILES = 1_000, 200


def allow_open_files(wanted: int) -> int:
    """Let a worker open as many files as are wanted, or as it may at most; return how many."""
    # Shells and services often allow 1,024 at first. A worker that may open no more ends.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    possible = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < possible:
        resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
    return possible


# A process that crashes would write all its memory to the disk, pictures too.
resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))

bind = f"0.0.0.0:{settings.port}"
workers = settings.workers
# A thread for each request that is worked on. While it comes, and while its answer is taken, it
# has none (serving/web/waiting_clients.py). The models work for one request at a time, but for what
# goes first.
worker_class = "serving.web.worker.PatientWorker"
threads = settings.threads
worker_connections = max(
    threads + 1,
    min(MOST_CONNECTIONS, allow_open_files(MOST_CONNECTIONS + OTHER_FILES) - OTHER_FILES),
)
# A worker beats once a second, also while it predicts; one that stops is ended. It does not beat
# while it loads the models, which takes seconds on a busy machine.
timeout = 60
# Accepted requests are answered before the process ends, except long batches.
graceful_timeout = round(settings.time_limit_s) + 5
worker_tmp_dir = MEMORY
# The path below which the server is comes from its settings, never from a client's header.
forwarder_headers = ""
# It would be written to the user's home, which a container's user has not.
control_socket_disable = True
logconfig_dict = log_config(settings.log_level)
accesslog = None


def on_starting(server: Any) -> None:
    """Prepare what the workers will share."""
    if server.cfg.preload_app:
        # ONNX Runtime starts threads as soon as it is imported, which a forked worker would lack.
        sys.exit(
            "error: gunicorn's --preload (preload_app) is not supported: the face detector works "
            "only in the process that has loaded it. Leave it out; workers share the largest model "
            "anyway."
        )
    # Before anything imports prometheus_client, which looks for it then.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(
        make_metrics_folder(Path(MEMORY) if MEMORY else None)
    )
    # 100 MB that are only read: loaded before the fork, they are in memory once. What goes wrong
    # here goes wrong in the workers too, and they say so at /readyz.
    with contextlib.suppress(MienError):
        scheme = read_spec(settings.bundle).scheme(settings.landmarks)
        if not scheme.is_of_detector:
            load_landmark_model(scheme.file)


def post_fork(server: Any, worker: Any) -> None:
    """Reserve the room of a worker's figures: to find none while writing ends a process (SIGBUS).

    Without room the worker counts for itself alone; its /metrics shows nothing of the others. The
    files of a worker that was replaced stay, for what it counted still counts: 128 kB each.
    """
    # A picture has one thread; OpenCV would add one for each core.
    cv2.setNumThreads(1)
    folder = os.environ["PROMETHEUS_MULTIPROC_DIR"]
    paths = [Path(folder, f"{kind}_{os.getpid()}.db") for kind in METRIC_FILES]
    try:
        for path in paths:
            with path.open("ab") as file:
                if hasattr(os, "posix_fallocate"):  # macOS has none
                    os.posix_fallocate(file.fileno(), 0, METRIC_FILE_BYTES)
    except OSError as error:
        for path in paths:
            path.unlink(missing_ok=True)
        del os.environ["PROMETHEUS_MULTIPROC_DIR"]
        server.log.warning("worker %s counts for itself: %s: %s", worker.pid, folder, error)


def post_request(worker: Any, _request: Any, _environ: Any, _response: Any) -> None:
    """Let a worker finish whose models do not come back from a request."""
    if worker.wsgi.extensions["mien"].queue.is_stuck:
        worker.alive = False


def worker_exit(_server: Any, worker: Any) -> None:
    """End such a worker, without waiting for the thread that is stuck."""
    if worker.wsgi.extensions["mien"].queue.is_stuck:
        os._exit(1)


def child_exit(_server: Any, worker: Any) -> None:
    """Take a worker that ended out of the figures of those that live."""
    # prometheus_client would do this too, but once imported here, it would map files in every later
    # worker, even where there is no room.
    for path in Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob(f"gauge_live*_{worker.pid}.db"):
        path.unlink()
