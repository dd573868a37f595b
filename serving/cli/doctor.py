"""Check an installation, in plain words."""

import mmap
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from preprocessing.errors import MienError
from preprocessing.images.sample import sample_photo_path

if TYPE_CHECKING:  # at run time it is imported where a missing package is told of
    from serving.web.settings import Settings

INSTALL = "pip install --require-hashes --requirement requirements-serving.lock"
# What all processes share, what a worker takes of its own, and what decoding the largest picture
# takes for a moment: tests/tools/container.sh measures the first two. Each thread may hold a batch
# too.
SHARED_MB = 150
WORKER_MB = 100
LARGEST_PICTURE_MB = 700
MEMINFO = Path("/proc/meminfo")
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def diagnose(bundle: Path | None) -> Iterator[tuple[bool, str]]:
    """Check one thing after the other: yield whether it is well, and what was found.

    Ends at the first thing that is not well, since later ones may rest on it.

    Args:
        bundle: A trained model instead of the one that is set.
    """
    try:
        for found in _findings(bundle):
            yield True, found
    except MienError as error:
        yield False, str(error)


def _findings(bundle: Path | None) -> Iterator[str]:
    try:
        import dlib

        from serving.inference.figures import check_figures
        from serving.inference.predictor import Predictor
        from serving.web.environment import read_settings

        has_server = _has_server()
    except ImportError as error:
        raise MienError(
            f"A package is missing or cannot be loaded: {error}. Install the locked ones: {INSTALL}"
        ) from None
    yield f"All packages are installed, among them dlib {dlib.__version__}."
    if not has_server:
        yield "The server is not installed; pip install 'mien[server]' adds it."
    settings = read_settings(bundle=bundle)
    yield "All settings are valid."
    if has_server:
        yield _check_memory(settings)
    if has_server and settings.has_feedback:
        yield _check_feedback(settings)
    yield f"Temporary files can be written to {_check_temporary_folder()}."
    predictor = Predictor(settings.bundle, landmarks=settings.landmarks)
    yield f"The face detector and the landmark model are whole. {predictor.scheme.licence}"
    yield f"The bundle {predictor.spec.name} gives its known answer: {settings.bundle}"
    _, result = predictor.predict(sample_photo_path().read_bytes())
    (face,) = result.predictions
    yield f"The sample photo shows one face, {face.label} with {face.confidence:.0%}."
    if has_server:
        check_figures(predictor.spec)
        _check_port(settings.port)
        yield f"Port {settings.port} is free."


def _has_server() -> bool:
    """Load all that the server needs; return whether it was installed."""
    try:
        import serving.web.app  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name != "flask":
            raise
        return False
    return True


def needed_mb(settings: "Settings") -> int:
    """Estimate how much memory a server needs, in MB."""
    bodies_mb = settings.threads * settings.max_batch_bytes // 1_000_000
    return SHARED_MB + settings.workers * (WORKER_MB + LARGEST_PICTURE_MB + bodies_mb)


def _check_memory(settings: "Settings") -> str:
    """Say how much memory there is, if it is enough."""
    needs_mb = needed_mb(settings)
    limits = list(_memory_limits())
    if not limits:
        return f"The server needs {needs_mb} MB of memory; this system does not tell what is free."
    available_mb = min(limits) // 1_000_000
    if available_mb < needs_mb:
        raise MienError(
            f"{settings.workers} workers need {needs_mb} MB of memory; {available_mb} MB are "
            "there. Give the server more, or start fewer workers with WEB_CONCURRENCY."
        )
    return f"{available_mb} MB of memory are enough."


def _memory_limits() -> Iterator[int]:
    """Yield every limit that this system tells, in bytes: free memory, container, process."""
    if MEMINFO.is_file():
        meminfo = dict(line.split(":") for line in MEMINFO.read_text("ascii").splitlines())
        yield int(meminfo["MemAvailable"].split()[0]) * 1024
    if CGROUP_LIMIT.is_file() and (limit := CGROUP_LIMIT.read_text("ascii").strip()).isdigit():
        yield int(limit)
    try:
        import resource
    except ImportError:  # on Windows
        return
    address_space, _ = resource.getrlimit(resource.RLIMIT_AS)
    if address_space != resource.RLIM_INFINITY:
        yield address_space


def _check_feedback(settings: "Settings") -> str:
    from serving.web.environment import feedback_packages

    with feedback_packages():
        from serving.feedback.store import Store

        store = Store(settings.feedback_database.get_secret_value())
    try:
        store.check()
    finally:
        store.close()
    return "The database of the feedback answers and is at this version."


def _check_temporary_folder() -> str:
    try:
        with tempfile.TemporaryFile() as file:
            file.write(bytes(mmap.PAGESIZE))
            file.flush()
    except OSError as error:
        raise MienError(
            f"No temporary file can be written: {error}. Name a writable folder in TMPDIR; in a "
            "container whose file system is read-only, start it with --tmpfs /tmp."
        ) from None
    return tempfile.gettempdir()


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError as error:
            raise MienError(
                f"Port {port} cannot be opened: {error}. Perhaps a server runs already; end it, or "
                "choose another port with PORT."
            ) from None
