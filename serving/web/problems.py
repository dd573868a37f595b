"""Every error that a client can meet: its status, its stable code, its words."""

from dataclasses import dataclass
from typing import Any

from werkzeug.exceptions import (
    ClientDisconnected,
    HTTPException,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
)

from preprocessing.errors import (
    ImageDecodeError,
    ImageTooLargeError,
    MienError,
    TooCostlyImageError,
    UnsupportedImageError,
)
from serving.feedback.types import StoreError
from serving.inference.schema import PROBLEM_CODES

try:
    from gunicorn.http.errors import ParseException
except ImportError:  # on Windows there is no gunicorn
    _MALFORMED: tuple[type[Exception], ...] = ()
else:
    _MALFORMED = (ParseException,)

BUSY_RETRY_S = 1
# Taken wherever others are.
_SIDE_METHODS = {"HEAD", "OPTIONS"}
NOTHING_HERE = "There is nothing at this address. /api/v1/docs lists all routes of the API."
NO_ROOM = "More arrives than there is memory for. Try again in a moment."
WITH_SLASH = (
    "There is nothing at this address. Leave out the slash at its end, and of two together one."
)


class NoImageError(MienError):
    """The request brings no picture."""


class InvalidRequestError(MienError):
    """The request asks for something unknown, or in a way that cannot be read."""


class AddressNotAllowedError(MienError):
    """The address of a picture leads to a host from which none is fetched.

    Hosts that do not exist get the same message, so that nobody learns which ones do.
    """

    def __init__(self) -> None:
        super().__init__(
            "No picture is fetched from this address, or from where it leads: its host is not "
            "known, or not allowed. Use an address on the public internet, or send the bytes of "
            "the picture."
        )


class FetchError(MienError):
    """An address did not give a picture, for whatever reason."""

    def __init__(self) -> None:
        super().__init__(
            "The picture could not be fetched. Its address must answer in time, with status 200 "
            "and the whole picture. Try it in a browser, or send the bytes of the picture."
        )


class NotReadyError(MienError):
    """The models could not be loaded."""


class BusyError(MienError):
    """More requests are being worked on than the server takes at once."""


class TimeLimitError(MienError):
    """A request took longer than it may."""


class TooManyRequestsError(MienError):
    """An address asks more often than it may."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(
            f"Too many pictures came from your address. Try again in {retry_after_s} seconds."
        )
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class Problem:
    """Problem details by RFC 9457.

    Attributes:
        status: Status of HTTP.
        code: Kind of problem, for programs; it stays the same from version to version.
        title: What kind of problem it is; for people.
        detail: What happened and what to do.
        retry_after_s: Of a rejected request: after how many seconds to try again.
    """

    status: int
    code: str
    title: str
    detail: str
    retry_after_s: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the body of an `application/problem+json` answer."""
        wait = {} if self.retry_after_s is None else {"retry_after_s": self.retry_after_s}
        return {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            **wait,
        }


# The first that fits is taken.
KNOWN: tuple[tuple[type[MienError], int, str, str], ...] = (
    (NoImageError, 400, "no_image", "No picture"),
    (InvalidRequestError, 400, "invalid_request", "Not a valid request"),
    (UnsupportedImageError, 415, "unsupported_image", "Not a picture that can be read"),
    (TooCostlyImageError, 422, "too_costly_image", "Too costly to decode"),
    (FetchError, 422, "fetch_failed", "Not fetched"),
    (AddressNotAllowedError, 403, "address_not_allowed", "Address not allowed"),
    (ImageDecodeError, 400, "unreadable_image", "Damaged picture"),
    (ImageTooLargeError, 413, "too_many_pixels", "Picture too large"),
    (NotReadyError, 503, "not_ready", "Not ready"),
    (StoreError, 503, "not_ready", "Not ready"),
    (BusyError, 503, "busy", "Busy"),
    (TimeLimitError, 503, "time_limit", "Took too long"),
    (TooManyRequestsError, 429, "too_many_requests", "Too many requests"),
)


def to_problem(error: Exception, *, max_upload_bytes: int, max_batch_bytes: int) -> Problem:
    """Describe an error to a client; an unforeseen one is described in general words only."""
    for kind, status, code, title in KNOWN:
        if isinstance(error, kind):
            return Problem(status, code, title, str(error), _retry_after_s(error))
    if isinstance(error, RequestEntityTooLarge):
        was_said = error.description != RequestEntityTooLarge.description
        detail = (
            str(error.description)
            if was_said
            else (
                f"A picture may have at most {max_upload_bytes / 1_000_000:g} MB, a batch "
                f"{max_batch_bytes / 1_000_000:g} MB. Send less and try again."
            )
        )
        return Problem(413, "upload_too_large", "Too large", detail)
    if isinstance(error, ClientDisconnected):  # `worker` disconnects clients that are too slow
        detail = (
            "The request came too slowly, or in far too many small chunks. Send less or larger "
            "chunks, or try again on a faster line."
        )
        return Problem(408, "slow_request", "Sent too slowly", detail)
    if isinstance(error, _MALFORMED):  # where a body comes in chunks
        return Problem(400, "bad_request", "Bad Request", "The chunks of the body are malformed.")
    if isinstance(error, HTTPException) and error.code is not None:
        name = error.name.lower().replace(" ", "_")
        other = "bad_request" if error.code < 500 else "internal_error"
        code = name if name in PROBLEM_CODES else other
        detail = error.description or error.name
        if detail == NotFound.description:
            detail = NOTHING_HERE
        elif isinstance(error, MethodNotAllowed):
            methods = " or ".join(sorted({*(error.valid_methods or ())} - _SIDE_METHODS))
            detail = f"This address takes {methods} only. /api/v1/docs lists all routes of the API."
        return Problem(error.code, code, error.name, detail)
    return Problem(
        500, "internal_error", "Internal error", "Something went wrong here. Please try again."
    )


def _retry_after_s(error: MienError) -> int | None:
    if isinstance(error, TooManyRequestsError):
        return error.retry_after_s
    return BUSY_RETRY_S if isinstance(error, (BusyError, TimeLimitError)) else None
