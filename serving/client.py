"""A typed client of the API, for which the extra `client` must be installed."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx
from pydantic import ValidationError

from preprocessing.errors import MienError
from preprocessing.images.picture_file import read_picture_file
from serving.inference.options import Options
from serving.inference.schema import Answer, BatchLine, ModelAnswer, ProblemAnswer

if TYPE_CHECKING:
    from serving.inference.given_picture import Picture

__all__ = ["ApiError", "Client", "Options"]


class ApiError(MienError):
    """The server answered with a problem.

    Attributes:
        problem: What the server says of it.
        retry_after_s: Of a rejected request: after how many seconds to try again.
    """

    def __init__(self, problem: ProblemAnswer) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.retry_after_s = problem.retry_after_s


class Client:
    """Asks a server of Mien's; its connections are kept until it is closed, best by `with`."""

    def __init__(self, url: str, *, timeout_s: float = 60) -> None:
        """Remember where the server is.

        Args:
            url: Such as `http://127.0.0.1:8080`.
            timeout_s: For one answer.

        Raises:
            ValueError: The address has neither http:// nor https:// before it.
        """
        if not url.lower().startswith(("http://", "https://")):
            raise ValueError(f"url must begin with http:// or https://. Received: {url!r}")
        self._url = url.rstrip("/")
        self._http = httpx.Client(
            base_url=f"{self._url}/api/v1/", timeout=timeout_s, follow_redirects=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def predict(self, picture: "Picture", options: Options | None = None) -> Answer:
        """Predict the expressions of the faces in a picture.

        Args:
            picture: The bytes of a picture file, or anything else that `mien.predict` takes.
            options: What is asked for beside the labels.

        Raises:
            ApiError: The server answered with a problem.
            OSError: It did not answer, not to the end, or it is no server of Mien's; or the file
                cannot be read.
            ImageDecodeError, TypeError: It is no picture.
        """
        headers = {"Content-Type": "application/octet-stream"}
        with self._send(
            "POST", "predict", options, content=_bytes_of(picture), headers=headers
        ) as answer:
            return Answer.model_validate_json(answer.read())

    def predict_url(self, url: str, options: Options | None = None) -> Answer:
        """Predict the expressions of the faces in a picture that the server fetches.

        Args:
            url: Where the picture is.
            options: What is asked for beside the labels.

        Raises:
            ApiError: The server answered with a problem, perhaps that it fetches no pictures.
            OSError: It did not answer, not to the end, or it is no server of Mien's.
        """
        # In the body, for addresses of requests end up in logs.
        with self._send("POST", "predict", options, json={"image_url": url}) as answer:
            return Answer.model_validate_json(answer.read())

    def predict_batch(
        self, pictures: Sequence[str | Path], options: Options | None = None
    ) -> Iterator[BatchLine]:
        """Ask for several picture files at once; yield each answer as it comes.

        Raises:
            ApiError: The server answered with a problem.
            OSError: It did not answer, not to the end, or it is no server of Mien's; or a file
                cannot be read.
            ImageDecodeError: A file has more bytes than any picture.
            TypeError: It is one path, not several.
        """
        if isinstance(pictures, str | os.PathLike):  # a text would be taken letter by letter
            raise TypeError(f"pictures must be a list of paths. Received: {pictures!r}")
        paths = map(Path, pictures)
        files = [("image", (_name_of(path), read_picture_file(path))) for path in paths]
        with self._send("POST", "predict/batch", options, files=files) as answer:
            for line in _lines(answer):
                yield BatchLine.model_validate_json(line)

    def model(self) -> ModelAnswer:
        """Ask what is known of the model.

        Raises:
            ApiError: The server answered with a problem.
            OSError: It did not answer, not to the end, or it is no server of Mien's.
        """
        with self._send("GET", "model") as answer:
            return ModelAnswer.model_validate_json(answer.read())

    @contextmanager
    def _send(
        self, method: str, path: str, options: Options | None = None, **body: Any
    ) -> Iterator[httpx.Response]:
        """Send a request; whatever goes wrong with its answer is an error of one of two kinds."""
        given = {} if options is None else options.model_dump(exclude_defaults=True)
        query = {name: json.dumps(value) for name, value in given.items()}
        try:
            with self._http.stream(method, path, params=query, **body) as answer:
                if answer.is_error:
                    raise self._error_of(answer)
                # The answer is read in the body of the caller's `with`.
                yield answer
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise OSError(f"{self._url} cannot be reached: {error}") from error
        except httpx.HTTPError as error:
            raise OSError(f"{self._url} broke off its answer: {error!r}") from error
        except ValidationError as error:
            raise OSError(f"{self._url} answered as no server of Mien's does: {error}") from error

    def _error_of(self, answer: httpx.Response) -> ApiError | OSError:
        try:
            return ApiError(ProblemAnswer.model_validate_json(answer.read()))
        except (ValidationError, httpx.HTTPError):
            # Not the server's own words, or not all: something before it answered.
            return OSError(f"{self._url} answered {answer.status_code} {answer.reason_phrase}")


def _bytes_of(picture: "Picture") -> bytes:
    if isinstance(picture, bytes):
        return picture
    # Loaded only here: the libraries behind take longer to load than all others.
    from preprocessing.images.encode import encode_png
    from serving.inference.given_picture import read_given

    read = read_given(picture)
    return read if isinstance(read, bytes) else encode_png(read)


def _lines(answer: httpx.Response) -> Iterator[bytes]:
    """Yield each line as it comes; a last one without an end was cut off."""
    parts: list[bytes] = []
    for read in answer.iter_bytes():
        part, *others = read.split(b"\n")
        parts.append(part)
        for other in others:
            yield b"".join(parts)
            parts = [other]
    if any(parts):
        raise httpx.RemoteProtocolError("the last line has no end")


def _name_of(path: Path) -> str:
    return os.fsencode(path.name).decode("utf-8", "backslashreplace")
