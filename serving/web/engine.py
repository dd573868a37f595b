"""The loaded models of one process, as requests reach them."""

import logging
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from flask import current_app, g, has_request_context

from preprocessing.errors import MienError, TooCostlyImageError
from preprocessing.images.types import DecodedPicture, RgbImage
from serving.inference.figures import check_figures
from serving.inference.options import Options
from serving.inference.prediction import PhotoResult
from serving.inference.predictor import Predictor
from serving.web.capacity import Capacity, hold_for_client
from serving.web.client_address import network_of
from serving.web.decoding import PictureDecoder
from serving.web.fetch.fetcher import PictureFetcher
from serving.web.metrics import Metrics
from serving.web.problems import InvalidRequestError, NotReadyError, Problem, to_problem
from serving.web.queue import TaskQueue
from serving.web.rate_limit import RequestLimits
from serving.web.settings import Settings

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Service:
    """The loaded models of one process, or the reason why there are none.

    Attributes:
        settings: The settings of the server.
        metrics: The figures that Prometheus reads.
        queue: Runs all that the models do for requests, one task after the other.
        decoder: Decodes the pictures of requests before that.
        limits: How many pictures and frames an address may send in a minute.
        predictor: None as long as the models are not loaded.
        reason: Why they are not.
    """

    def __init__(self, settings: Settings) -> None:
        """Prepare everything but the models."""
        self.settings = settings
        self.metrics = Metrics()
        self.queue = TaskQueue(
            capacity=settings.parallel_requests,
            addresses=settings.parallel_addresses,
            time_limit_s=settings.time_limit_s,
        )
        self.decoder = PictureDecoder(settings.max_pixels)
        self.limits = RequestLimits(
            pictures_per_minute=settings.pictures_per_minute,
            frames_per_minute=settings.live_frames_per_minute,
        )
        self.predictor: Predictor | None = None
        self.reason = "The models are being loaded."
        # A batch is held in memory from its first byte to the end of its answer.
        self._batch_capacity = Capacity(settings.parallel_requests)
        # Pictures that come slowly take no slot before the models.
        self._fetch_capacity = Capacity(settings.parallel_requests)
        self._fetcher = _make_fetcher(settings) if settings.fetch_pictures else None

    def load(self) -> None:
        """Load the models; a failure is kept as the reason."""
        try:
            predictor = Predictor(
                self.settings.bundle,
                landmarks=self.settings.landmarks,
                max_pixels=self.settings.max_pixels,
                between_looks=self.queue.give_way,
            )
            check_figures(predictor.spec)
        except MienError as error:
            self.reason = str(error)
            _log.error("not ready: %s", error)
        else:
            self.predictor = predictor

    def require(self) -> Predictor:
        """Return the predictor.

        Raises:
            NotReadyError: The models could not be loaded.
        """
        if self.predictor is None:
            raise NotReadyError(self.reason)
        return self.predictor

    def hold_batch(self, *, address: str, client: Any = None) -> AbstractContextManager[None]:
        """Hold a batch from an address, from before it is read to the end of its answer.

        Args:
            address: From which it comes.
            client: The connection by which it comes, of the server's own kind.

        Raises:
            BusyError: When it is entered: too many are held already.
        """
        is_suspect = self.decoder.is_suspect(address)
        slot = self._batch_capacity.take(network_of(address), is_suspect=is_suspect)
        return hold_for_client(slot, client)

    def fetch(self, url: str, *, address: str, until_s: float) -> bytes:
        """Fetch a picture by its address and return its bytes.

        Args:
            url: Where it is.
            address: From which the request came.
            until_s: When to give it up, by `time.monotonic`.

        Raises:
            InvalidRequestError: The URL is malformed, or no pictures are fetched here.
            BusyError: Too many pictures are being fetched already.
            AddressNotAllowedError: The URL leads to where no picture is fetched from.
            FetchError: It did not give a picture in time.
            RequestEntityTooLarge: The picture has too many bytes.
        """
        if self._fetcher is None:
            raise InvalidRequestError(
                "This server fetches no pictures. Send the bytes of the picture as image, base64."
            )
        is_suspect = self.decoder.is_suspect(address)
        with self._fetch_capacity.take(network_of(address), is_suspect=is_suspect):
            return self._fetcher.fetch(url, until_s=until_s)

    def predict(
        self,
        data: bytes,
        to_answer: Callable[[RgbImage, PhotoResult], T],
        options: Options,
        *,
        address: str,
        max_pixels: int | None = None,
        until_s: float | None = None,
    ) -> T:
        """Predict for a picture when its turn has come, and count it.

        Args:
            data: The bytes of a picture.
            to_answer: Makes the answer from the decoded picture and its result. It runs in the same
                turn, for it too takes memory in proportion to the picture.
            options: How its faces are classified; the settings may allow fewer of them.
            address: From which it came.
            max_pixels: See `look_at`.
            until_s: See `look_at`.

        Raises:
            NotReadyError: The models could not be loaded. Otherwise as `look_at`.
        """
        predictor = self.require()
        asked = options.for_prediction(most_faces=self.settings.max_faces)

        def look(picture: DecodedPicture, decode_s: float) -> tuple[PhotoResult, T]:
            result = predictor.predict_decoded(picture, options=asked, decode_s=decode_s)
            return result, to_answer(picture.pixels, result)

        result, answer = self.look_at(
            data, look, address=address, max_pixels=max_pixels, until_s=until_s
        )
        self.metrics.count_result(result)
        return answer

    def look_at(
        self,
        data: bytes,
        look: Callable[[DecodedPicture, float], T],
        *,
        address: str,
        max_pixels: int | None = None,
        until_s: float | None = None,
    ) -> T:
        """Decode a picture, and do something with it when its turn has come.

        Args:
            data: The bytes of a picture.
            look: What to do with the picture, and with the seconds that decoding it took.
            address: From which it came.
            max_pixels: Of the largest picture that is decoded; by default that of the settings.
            until_s: When to give it up, by `time.monotonic`; by default after the time limit.

        Raises:
            ImageDecodeError: It cannot be read as a picture.
            ImageTooLargeError: It has too many pixels.
            TooCostlyImageError: Decoding it takes more memory or time than a picture may.
            BusyError: Too many wait already.
            TimeLimitError: It took too long.
        """
        until_s = self.queue.until_s() if until_s is None else until_s
        network = network_of(address)
        slot = self.queue.slot(network, is_suspect=self.decoder.is_suspect(address))
        with slot, self.decoder.hold(until_s=until_s) as hold:
            started_s = time.perf_counter()
            try:
                picture = self.decoder.decode(
                    data, hold, address=address, until_s=until_s, max_pixels=max_pixels
                )
            finally:
                self.queue.add_use(network, hold.held_s)
            decode_s = time.perf_counter() - started_s
            # Only the task holds the picture, which is gone when its room is given back.
            decoded = [picture]
            del picture
            try:
                return self.queue.run(
                    lambda: look(decoded.pop(), decode_s), until_s=until_s, address=network
                )
            except TooCostlyImageError:  # when the whole of it was read
                self.decoder.note_costly(address)
                raise

    def describe(self, error: Exception) -> Problem:
        """Describe an error to a client; count rejected requests, and log errors of the server."""
        problem = to_problem(
            error,
            max_upload_bytes=self.settings.max_upload_bytes,
            max_batch_bytes=self.settings.max_batch_bytes,
        )
        if isinstance(error, TooCostlyImageError):
            self.metrics.count_costly()
        if problem.retry_after_s is not None:
            self.metrics.count_shed(problem.code)
        elif problem.status >= 500 and problem.code != "not_ready":
            # Without the error's own words, which might hold something of a user's.
            where = "".join(traceback.format_tb(error.__traceback__))
            fields = {"request_id": g.request_id} if has_request_context() else {}
            kind = type(error).__name__
            _log.error("request failed with %s at\n%s", kind, where, extra={"fields": fields})
        return problem


def _make_fetcher(settings: Settings) -> PictureFetcher:
    return PictureFetcher(
        networks=settings.fetched_networks,
        ports=settings.fetched_ports,
        most_bytes=settings.max_upload_bytes,
        parallel=settings.parallel_requests,
    )


def current_service() -> Service:
    """Return the service of the application that answers the current request."""
    service: Service = current_app.extensions["mien"]
    return service
