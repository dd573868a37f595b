"""A typed client of the API; beside pydantic it needs only the modules that it imports."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
    IncompleteRead,
)
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from preprocessing.errors import MienError
from serving.inference.options import Options
from serving.inference.schema import Answer, BatchLine, ModelAnswer, ProblemAnswer

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


class _Connection(HTTPConnection):
    """A connection on which the answer is read also where the server did not take all of a body."""

    def send(self, data: Any) -> None:
        """Send as much as is taken; where there is no answer either, reading it fails."""
        if self.sock is None:
            self.connect()
        with suppress(BrokenPipeError, ConnectionResetError):
            super().send(data)


class _SecureConnection(_Connection, HTTPSConnection):
    """The same with TLS."""


class _Handler(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(_Connection, req)


class _SecureHandler(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(_SecureConnection, req)


class Client:
    """Asks a server of Mien's."""

    def __init__(self, url: str, *, timeout_s: float = 60) -> None:
        """Remember where the server is.

        Args:
            url: Such as `http://127.0.0.1:8080`.
            timeout_s: For one answer.
        """
        self._url = url.rstrip("/")
        self._timeout_s = timeout_s
        self._opener = urllib.request.build_opener(_Handler, _SecureHandler)

    def predict(self, picture: bytes, options: Options | None = None) -> Answer:
        """Predict the expressions of the faces in a picture.

        Args:
            picture: The bytes of a picture file.
            options: What is asked for beside the labels.

        Raises:
            ApiError: The server answered with a problem.
            OSError: It did not answer, not to the end, or it is no server of Mien's.
        """
        headers = {"Content-Type": "application/octet-stream"}
        with self._send("predict", options, picture, headers) as answer:
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
        body = json.dumps({"image_url": url}).encode()
        with self._send("predict", options, body, {"Content-Type": "application/json"}) as answer:
            return Answer.model_validate_json(answer.read())

    def predict_batch(
        self, pictures: Sequence[Path], options: Options | None = None
    ) -> Iterator[BatchLine]:
        """Ask for several picture files at once; yield each answer as it comes.

        Raises:
            ApiError: The server answered with a problem.
            OSError: It did not answer, not to the end, or it is no server of Mien's; or a file
                cannot be read.
        """
        boundary = uuid.uuid4().hex
        body = b"".join(_part(path, boundary) for path in pictures) + f"--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        with self._send("predict/batch", options, body, headers) as answer:
            for line in _lines(answer):
                yield BatchLine.model_validate_json(line)

    def model(self) -> ModelAnswer:
        """Ask what is known of the model.

        Raises:
            ApiError: The server answered with a problem.
            OSError: It did not answer, not to the end, or it is no server of Mien's.
        """
        with self._send("model", None, None, {}) as answer:
            return ModelAnswer.model_validate_json(answer.read())

    @contextmanager
    def _send(
        self, path: str, options: Options | None, body: bytes | None, headers: dict[str, str]
    ) -> Iterator[HTTPResponse]:
        """Send a request, and see to it that all that goes wrong with its answer is an error."""
        given = {} if options is None else options.model_dump(exclude_defaults=True)
        query = urllib.parse.urlencode({name: json.dumps(value) for name, value in given.items()})
        request = urllib.request.Request(  # noqa: S310 - the caller chooses the server
            f"{self._url}/api/v1/{path}?{query}", data=body, headers=headers
        )
        try:
            with self._opener.open(request, timeout=self._timeout_s) as answer:
                yield answer
        except urllib.error.HTTPError as error:
            with error:
                try:
                    problem = ProblemAnswer.model_validate_json(error.read())
                except (ValidationError, HTTPException):
                    # Not the server's own words, or not all: something before it answered.
                    raise OSError(f"{self._url} answered {error.code} {error.reason}") from None
                raise ApiError(problem) from None
        except HTTPException as error:
            raise OSError(f"{self._url} broke off its answer: {error!r}") from error
        except ValidationError as error:
            raise OSError(f"{self._url} answered as no server of Mien's does: {error}") from error


def _lines(answer: HTTPResponse) -> Iterator[bytes]:
    """Yield each line as it comes; fail where the end is missing, as iterating itself does not."""
    parts: list[bytes] = []
    while read := answer.read1():
        part, *others = read.split(b"\n")
        parts.append(part)
        for other in others:
            yield b"".join(parts)
            parts = [other]
    if any(parts):
        raise IncompleteRead(b"".join(parts))


def _part(path: Path, boundary: str) -> bytes:
    name = os.fsencode(path.name).decode("utf-8", "backslashreplace")
    name = name.replace("\\", "\\\\")
    for mark in '"\r\n':
        name = name.replace(mark, f"%{ord(mark):02X}")
    head = f'Content-Disposition: form-data; name="image"; filename="{name}"'
    return f"--{boundary}\r\n{head}\r\n\r\n".encode() + path.read_bytes() + b"\r\n"
