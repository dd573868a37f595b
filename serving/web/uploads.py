"""Read the pictures and options of requests, in memory only."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from flask import Request, request
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge

from preprocessing.errors import UnsupportedImageError
from serving.inference.options import Options
from serving.web.engine import current_service
from serving.web.form_body import Form, read_multipart, read_urlencoded
from serving.web.options import join_options, options_from_text, parse_options
from serving.web.problems import InvalidRequestError, NoImageError
from serving.web.zip_files import MAX_ZIP_MEMBERS, ZippedFile, count_members, is_zip, list_zip

FORM, URLENCODED, FIELD = "multipart/form-data", "application/x-www-form-urlencoded", "image"
# What a form or JSON adds around the picture.
OVERHEAD_BYTES = 64_000
# A worker predicts a batch of this size well within a minute.
MAX_BATCH_PICTURES = 50
READ_BYTES = 1 << 20
# JSON begins within this many bytes.
_START_BYTES = 40
_JSON_START = re.compile(rb'\s*\{\s*"')
AS_JSON = (
    "The body looks like JSON. Send it with the header Content-Type: application/json, as "
    "curl does with --json or -H."
)
_AS_TEXT = f"{FIELD!r} came as text. Send it as a file: curl -F {FIELD}=@photo.jpg"


class MemoryRequest(Request):
    """A request that keeps uploads in memory, and refuses a form that holds more than it may."""

    def _load_form_data(self) -> None:
        if "form" not in self.__dict__:
            self.__dict__["form"], self.__dict__["files"] = self._read_form()

    def _read_form(self) -> Form:
        if self.mimetype == FORM:
            boundary = self.mimetype_params.get("boundary", "")
            return read_multipart(self.stream.read, boundary, file_field=FIELD)
        if self.mimetype == URLENCODED:
            return read_urlencoded(self.stream.read)
        return MultiDict(), MultiDict()


@dataclass(frozen=True)
class Upload:
    """A picture of a batch.

    Attributes:
        name: As it was sent.
        read: Gives its bytes.
    """

    name: str
    read: Callable[[], bytes]


def refuse_packed_body() -> None:
    """Make sure that the body of the current request is not compressed: nothing unpacks it.

    Raises:
        UnsupportedImageError: It is.
    """
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        raise UnsupportedImageError(
            "The body is compressed, as its header Content-Encoding says. Send it as it is, "
            "without this header."
        )


def read_picture(request: Request, *, most_bytes: int | None = None) -> bytes:
    """Return the bytes of the picture: the field `image` of a form, or the whole body.

    Args:
        request: The request that brings it.
        most_bytes: Its largest size; by default that of the settings.

    Raises:
        NoImageError: There is none.
        InvalidRequestError: There are several, or it came as text.
        UnsupportedImageError: The body is JSON, and its Content-Type does not say so.
        RequestEntityTooLarge: It has more bytes than it may.
    """
    limit = most_bytes or current_service().settings.max_upload_bytes
    if request.mimetype == FORM:
        files = request.files.getlist(FIELD)
        if len(files) > 1:
            raise InvalidRequestError(
                f"{FIELD!r} was given {len(files)} times. Send one picture, or a batch."
            )
        data = _check_size(_content(files[0]) if files else b"", limit)
    else:
        data = _read_body(request, limit)
        if _JSON_START.match(data, 0, _START_BYTES):
            raise UnsupportedImageError(AS_JSON)
        if request.mimetype == URLENCODED and data.startswith(f"{FIELD}=".encode()):
            raise InvalidRequestError(_AS_TEXT)
    if not data:
        raise NoImageError(
            f"No picture was received. Send it as the body, or as the form field {FIELD!r}."
        )
    return data


def read_batch_request(request: Request) -> tuple[list[Upload], Options]:
    """Return the pictures and the options of a request: files of a form, or a zip as the body.

    A zip within a form counts as the pictures it holds.

    Raises:
        NoImageError: There is no picture.
        InvalidRequestError: An option or a zip is wrong, or there are too many pictures.
        RequestEntityTooLarge: The request has more bytes than the settings allow.
    """
    limit = current_service().settings.max_batch_bytes
    request.max_content_length = limit
    options = read_options(request)
    if request.mimetype == FORM:
        # Read now: the files are closed before the first line is answered.
        files = [(file.filename or "", _content(file)) for file in request.files.getlist(FIELD)]
    else:
        files = [("", _read_body(request, limit))]
        if not is_zip(files[0][1]):
            raise InvalidRequestError(
                f"Send a form with files named {FIELD!r}, or a zip as the body."
            )
    uploads = _list_uploads(files)
    if not uploads:
        raise NoImageError(f"No picture was received. Send files named {FIELD!r}, or a zip.")
    return uploads, options


def _list_uploads(files: list[tuple[str, bytes]]) -> list[Upload]:
    """List the pictures among files and in their zips, and stop where there are too many."""
    limit = current_service().settings.max_upload_bytes
    uploads: list[Upload] = []
    members = 0
    for name, data in files:
        if is_zip(data):
            members += count_members(data)
            if members > MAX_ZIP_MEMBERS:
                raise InvalidRequestError(
                    f"The zips of a batch may hold at most {MAX_ZIP_MEMBERS:,} files and folders."
                )
            uploads += [Upload(file.name, partial(_unpack, file, limit)) for file in list_zip(data)]
        else:
            uploads.append(Upload(name, partial(_check_file, data, limit)))
        if len(uploads) > MAX_BATCH_PICTURES:
            raise InvalidRequestError(
                f"A batch may have at most {MAX_BATCH_PICTURES} pictures. Send several batches."
            )
    return uploads


def read_options(request: Request) -> Options:
    """Return the options in the query string of a request, or in its form.

    Raises:
        InvalidRequestError: One is unknown, given twice, or has a wrong value.
    """
    given = options_from_text(request.args)
    # Only a form may be parsed as one: that uses up a body which is the picture itself.
    if request.mimetype == FORM:
        if FIELD in request.form:
            raise InvalidRequestError(_AS_TEXT)
        given = join_options(given, options_from_text(request.form))
    return parse_options(given)


def body_reader(request: Request, limit: int) -> Callable[[int], bytes]:
    """Return a function that reads a request's body piece by piece.

    It ends just beyond `limit` bytes: by that the caller knows that the body is too large.
    """
    # Werkzeug cuts a body of unknown length where no more is allowed, without a word.
    request.max_content_length = limit + 1
    return request.stream.read


def _read_body(request: Request, limit: int) -> bytes:
    read, body = body_reader(request, limit), io.BytesIO()
    while (data := read(READ_BYTES)) and body.tell() <= limit:
        body.write(data)
    return _check_size(body.getvalue(), limit)


def _content(file: FileStorage) -> bytes:
    """Return the bytes of a file of a form, without a second copy."""
    return file.stream.getvalue() if isinstance(file.stream, io.BytesIO) else file.read()


def _unpack(file: ZippedFile, limit: int) -> bytes:
    return _check_file(file.read(limit + 1), limit)


def _check_file(data: bytes, limit: int) -> bytes:
    if not data:
        raise NoImageError("This file is empty.")
    return _check_size(data, limit)


def _check_size(data: bytes, limit: int) -> bytes:
    if len(data) > limit:
        raise RequestEntityTooLarge
    return data
