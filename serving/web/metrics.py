"""Metrics for Prometheus over all workers; none is about a single picture."""

import mmap
import os
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from serving.inference.prediction import PhotoResult

SHED_CODES = ("busy", "time_limit", "too_many_requests")
# Linux only: elsewhere the figure is left out.
STATM = Path("/proc/self/statm")
BUCKETS_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)


class Metrics:
    """The figures of one process; `render` shows those of all processes together."""

    def __init__(self) -> None:
        """Start at zero."""
        registry = self._registry = CollectorRegistry()
        self._requests = Counter(
            "mien_requests",
            "Requests answered.",
            ["route", "status"],
            registry=registry,
        )
        self._request_seconds = Histogram(
            "mien_request_seconds",
            "Time from request to the end of the answer.",
            ["route"],
            buckets=BUCKETS_S,
            registry=registry,
        )
        self._stage_seconds = Histogram(
            "mien_stage_seconds",
            "Time by stage of a prediction.",
            ["stage"],
            buckets=BUCKETS_S,
            registry=registry,
        )
        self._pictures = Counter("mien_pictures", "Pictures looked at.", registry=registry)
        self._faces = Counter(
            "mien_faces",
            "Faces, by how they were found and what they express.",
            ["found_by", "label"],
            registry=registry,
        )
        self._shed = Counter(
            "mien_shed_requests", "Requests rejected, by code.", ["code"], registry=registry
        )
        for code in SHED_CODES:  # shown as zero until the first
            self._shed.labels(code)
        self._costly = Counter(
            "mien_costly_pictures",
            "Pictures given up because decoding them took too much memory or time.",
            registry=registry,
        )
        self._memory_bytes = Gauge(
            "mien_worker_memory_bytes",
            "Resident memory of each worker, shared pages counted in each.",
            multiprocess_mode="liveall",
            registry=registry,
        )

    def count_request(self, route: str, status: int, *, seconds: float) -> None:
        """Count an answered request; the route is a pattern, never a path."""
        self._requests.labels(route, status).inc()
        self._request_seconds.labels(route).observe(seconds)

    def count_result(self, result: PhotoResult) -> None:
        """Count a picture, its faces and the time that each stage took."""
        self._pictures.inc()
        for stage, milliseconds in result.timing_ms.items():
            self._stage_seconds.labels(stage).observe(milliseconds / 1000)
        for prediction in result.predictions:
            # By whatever angle the picture was turned.
            found_by, turned, _ = prediction.face.face.found_by.partition("@")
            self._faces.labels(found_by + (turned and "@turned"), prediction.label).inc()
        if STATM.is_file():
            resident_pages = int(STATM.read_text("ascii").split()[1])
            self._memory_bytes.set(resident_pages * mmap.PAGESIZE)

    def count_shed(self, code: str) -> None:
        """Count a request that was rejected."""
        self._shed.labels(code).inc()

    def count_costly(self) -> None:
        """Count a picture that was given up because it took too much to decode."""
        self._costly.inc()

    def render(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:  # gunicorn's configuration sets it
            return generate_latest(self._registry)
        shared = CollectorRegistry()
        MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
        return generate_latest(shared)
