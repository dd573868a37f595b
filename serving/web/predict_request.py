"""Read the picture and the options of a request for a prediction."""

from dataclasses import dataclass
from typing import Any

from flask import Request

from preprocessing.errors import UnsupportedImageError
from serving.inference.options import Options
from serving.web.client_address import sender_address
from serving.web.engine import current_service
from serving.web.fetch.address import URL_FIELD
from serving.web.json_body import JsonObject, read_json_object
from serving.web.options import join_options, options_from_text, parse_options
from serving.web.problems import InvalidRequestError, NoImageError
from serving.web.settings import Settings
from serving.web.uploads import (
    FIELD,
    OVERHEAD_BYTES,
    READ_BYTES,
    body_reader,
    read_options,
    read_picture,
)
from serving.web.zip_files import is_zip

# How much longer a picture may be in JSON: by a third for base64, the rest for line breaks and
# escapes.
JSON_FACTOR = 1.6
# Of bodies that hold no picture for the models: answers that are to be shown.
LARGEST_OTHER_BYTES = 4_000_000


@dataclass(frozen=True)
class PredictRequest:
    """A picture, and what is asked of it.

    Attributes:
        picture: Its bytes.
        options: What is asked.
        until_s: When the request is given up, by `time.monotonic`.
    """

    picture: bytes
    options: Options
    until_s: float


def read_predict_request(request: Request) -> PredictRequest:
    """Return the picture and the options of a request: a form, JSON, or the picture as the body.

    Options are in the query string, in form fields or in the JSON body. JSON may hold the address
    of a picture instead of the picture, which is then fetched.

    Raises:
        NoImageError: There is no picture.
        InvalidRequestError: An option is unknown, given twice, or has a wrong value.
        UnsupportedImageError: The body is JSON, and its Content-Type does not say so, or a zip.
        RequestEntityTooLarge: The picture has more bytes than the settings allow.
        BusyError: Too many pictures are being fetched.
        AddressNotAllowedError: The address leads to where no picture is fetched from.
        FetchError: The address did not give a picture in time.
    """
    service = current_service()
    if not (request.is_json or request.mimetype == "text/json"):
        options = read_options(request)
        picture = read_picture(request)
        if is_zip(picture):
            raise UnsupportedImageError(
                "This is a zip, or a document that is one. Send a zip of pictures to "
                "/api/v1/predict/batch."
            )
        return PredictRequest(picture, options, service.queue.until_s())
    given = options_from_text(request.args)
    body = _read_json(request)
    asked = {name: value for name, value in body.values.items() if name != URL_FIELD}
    options = parse_options(join_options(given, asked))
    until_s = service.queue.until_s()
    if URL_FIELD in body.values:
        if body.picture is not None:
            raise InvalidRequestError(f"{FIELD} and {URL_FIELD} were both given. Send one of them.")
        url = _check_text(body.values[URL_FIELD])
        picture = service.fetch(url, address=sender_address(), until_s=until_s)
        return PredictRequest(picture, options, until_s)
    if not body.picture:
        raise NoImageError(f"No picture was received. Send it as {FIELD!r}, base64.")
    return PredictRequest(body.picture, options, until_s)


def _check_text(url: Any) -> str:
    if not isinstance(url, str):
        raise InvalidRequestError(f"{URL_FIELD}: a text is expected.")
    return url


def largest_request(settings: Settings) -> int:
    """Return the size of the largest body that any route reads, in bytes."""
    return max(_largest_json(settings), settings.max_batch_bytes, LARGEST_OTHER_BYTES)


def _largest_json(settings: Settings) -> int:
    return int(settings.max_upload_bytes * JSON_FACTOR) + OVERHEAD_BYTES


def _read_json(request: Request) -> JsonObject:
    limit = current_service().settings.max_upload_bytes
    most_bytes = _largest_json(current_service().settings)
    read = body_reader(request, most_bytes)
    try:
        return read_json_object(
            read,
            picture=FIELD,
            names=(*Options.model_fields, URL_FIELD),
            most_bytes=most_bytes,
            most_picture_bytes=limit,
        )
    except InvalidRequestError:
        while read(READ_BYTES):  # the client would be cut off while it sends
            pass
        raise
