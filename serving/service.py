"""The loaded models of one process, as requests reach them."""

import logging
import time
from typing import Any

from flask import current_app, request

from preprocessing.decode import RgbImage
from preprocessing.errors import MienError
from serving.metrics import Metrics
from serving.prediction import PhotoResult
from serving.predictor import Predictor
from serving.problems import NotReadyError
from serving.rate_limit import RateLimiter
from serving.settings import Settings
from serving.task_queue import TaskQueue

_log = logging.getLogger(__name__)


class Service:
    """The loaded models of one process, or the reason why there are none, within its limits.

    Attributes:
        settings: What was set.
        metrics: What Prometheus asks.
        queue: All that the models do for requests passes through it.
        predictor: None as long as the models are not loaded.
        reason: Why they are not.
    """

    def __init__(self, settings: Settings) -> None:
        """Prepare everything but the models."""
        self.settings = settings
        self.metrics = Metrics()
        self.queue = TaskQueue(
            places=settings.parallel_requests, time_limit_s=settings.time_limit_s
        )
        self.predictor: Predictor | None = None
        self.reason = "The models are being loaded."
        self._rate_limiter = RateLimiter(settings.requests_per_minute)

    def load(self) -> None:
        """Load the models; a failure is kept as the reason."""
        try:
            self.predictor = Predictor(self.settings.bundle, max_pixels=self.settings.max_pixels)
        except MienError as error:
            self.reason = str(error)
            _log.error("not ready: %s", error)

    def require(self) -> Predictor:
        """Return the predictor.

        Raises:
            NotReadyError: The models could not be loaded.
        """
        if self.predictor is None:
            raise NotReadyError(self.reason)
        return self.predictor

    def predict(self, data: bytes, **options: Any) -> tuple[RgbImage, PhotoResult]:
        """Do what `Predictor.predict` does, in turn, and count it.

        Raises:
            NotReadyError: The models could not be loaded.
            BusyError: Too many wait already.
            TimeLimitError: It took too long.
        """
        predictor = self.require()
        rgb, result = self.queue.run(lambda: predictor.predict(data, **options))
        self.metrics.count_result(result)
        return rgb, result

    def limit_rate(self) -> None:
        """Make sure that the sender of the current request does not post too often.

        Raises:
            TooManyRequestsError: It does.
        """
        if request.method == "POST":
            self._rate_limiter.check(request.remote_addr or "", now_s=time.monotonic())


def current_service() -> Service:
    """Return the service of the application that answers the current request."""
    service: Service = current_app.extensions["mien"]
    return service
