"""Take pictures and options out of requests, in memory only."""

import base64
import io
import json
import lzma
import math
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, TypeVar

from flask import Request
from pydantic import ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge

from serving.inference.schema import Options, PictureOptions
from serving.web.engine import current_service
from serving.web.problems import InvalidRequestError, NoImageError

FORM, FIELD = "multipart/form-data", "image"
# What a form or JSON adds around the picture.
OVERHEAD_BYTES = 64_000
TOO_LARGE_A_FORM = (
    "Beside its files a form may have at most 500 kB of text and 1,000 fields. "
    "Send pictures as files."
)
# Of a batch: what a worker does well within a minute.
MAX_BATCH_PICTURES = 50
# Of the zips of a request, folders included: to list millions would take long.
MAX_ZIP_MEMBERS = 1_000
ZIP_MEMBER = b"PK\x01\x02"
# What Macs and Windows add of themselves to a zip: files and folders.
ADDED_BY_SYSTEMS = {"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"}
# What unpacking a damaged member raises.
_UNPACKING_ERRORS = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)
# More of a wrong value is not repeated.
SHOWN_CHARACTERS = 40

_Options = TypeVar("_Options", bound=Options)


class MemoryRequest(Request):
    """A request that never spools an upload to disk."""

    def _load_form_data(self) -> None:
        try:
            super()._load_form_data()
        except RequestEntityTooLarge as error:
            if (self.content_length or math.inf) > (self.max_content_length or math.inf):
                raise
            raise RequestEntityTooLarge(TOO_LARGE_A_FORM) from error

    def _get_file_stream(self, *_: object, **__: object) -> IO[bytes]:
        return io.BytesIO()


@dataclass(frozen=True)
class Upload:
    """A picture of a batch.

    Attributes:
        name: As it was sent.
        read: Gives its bytes.
    """

    name: str
    read: Callable[[], bytes]


def read_picture(request: Request) -> bytes:
    """Return the bytes of the picture: the field `image` of a form, or the whole body.

    Raises:
        NoImageError: There is none.
        InvalidRequestError: There are several.
        RequestEntityTooLarge: It has more bytes than is set.
    """
    limit = current_service().settings.max_upload_bytes
    if request.mimetype == FORM:
        files = request.files.getlist(FIELD)
        if len(files) > 1:
            raise InvalidRequestError(
                f"{FIELD!r} was given {len(files)} times. Send one picture, or a batch."
            )
        data = _check_size(files[0].read() if files else b"", limit)
    else:
        data = _read_body(request, limit)
    if not data:
        raise NoImageError(
            f"No picture was received. Send it as the body, or as the form field {FIELD!r}."
        )
    return data


def read_predict_request(request: Request) -> tuple[bytes, Options]:
    """Return the picture and the options of a request: a form, JSON, or the picture as the body.

    Options stand in the address, or in the form or JSON beside the picture.

    Raises:
        NoImageError: There is no picture.
        InvalidRequestError: An option is unknown, given twice, or has a wrong value.
        RequestEntityTooLarge: The picture has more bytes than is set.
    """
    if request.mimetype == "application/json":
        limit = current_service().settings.max_upload_bytes
        body = _json_object(_read_body(request, limit * 4 // 3 + OVERHEAD_BYTES))
        posted = _parse(PictureOptions, _join(_from_text(request.args), body))
        return _check_size(_from_base64(posted.image), limit), posted
    options = _options(request)
    return read_picture(request), options


def read_batch_request(request: Request) -> tuple[list[Upload], Options]:
    """Return the pictures and the options of a request: files of a form, or a zip as the body.

    A zip within a form counts as the pictures it holds.

    Raises:
        NoImageError: There is no picture.
        InvalidRequestError: An option or a zip is wrong, or there are too many pictures.
        RequestEntityTooLarge: The request has more bytes than is set.
    """
    limit = current_service().settings.max_batch_bytes
    request.max_content_length = limit
    options = _options(request)
    if request.mimetype == FORM:
        # Read now: the files are closed before the first line is answered.
        files = [(file.filename or "", file.read()) for file in request.files.getlist(FIELD)]
    else:
        files = [("", _read_body(request, limit))]
        if not _is_zip(files[0][1]):
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
        if _is_zip(data):
            members += data.count(ZIP_MEMBER)
            if members > MAX_ZIP_MEMBERS:
                raise InvalidRequestError(
                    f"The zips of a batch may hold at most {MAX_ZIP_MEMBERS:,} files and folders."
                )
            uploads += _list_zip(data, limit)
        else:
            uploads.append(Upload(name, partial(_check_file, data, limit)))
        if len(uploads) > MAX_BATCH_PICTURES:
            raise InvalidRequestError(
                f"A batch may have at most {MAX_BATCH_PICTURES} pictures. Send several batches."
            )
    return uploads


def _is_zip(data: bytes) -> bool:
    """Say whether it is a zip. A picture may end like one, and stays a picture."""
    return data.startswith(b"PK") and zipfile.is_zipfile(io.BytesIO(data))


def _list_zip(data: bytes, limit: int) -> list[Upload]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise InvalidRequestError(f"The zip cannot be read: {error}") from error
    return [
        Upload(member.filename, partial(_unpack, archive, member, limit))
        for member in archive.infolist()
        # Not `is_dir`, which fails where the name is empty.
        if not member.filename.endswith("/")
        and ADDED_BY_SYSTEMS.isdisjoint(member.filename.split("/"))
    ]


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> bytes:
    """Unpack no more than a picture may have, whatever the archive says of its size."""
    try:
        with archive.open(member) as file:
            return _check_file(file.read(limit + 1), limit)
    except _UNPACKING_ERRORS as error:
        raise InvalidRequestError(f"This file cannot be unpacked: {error}") from error


def _options(request: Request) -> Options:
    given = _from_text(request.args)
    # Only a form may be parsed as one: that uses up a body which is the picture itself.
    if request.mimetype == FORM:
        unknown = [name for name in request.files if name != FIELD]
        if unknown:
            raise InvalidRequestError(
                f"Files are to be named {FIELD!r}. Received: {_shown(unknown[0])}"
            )
        if FIELD in request.form:
            raise InvalidRequestError(
                f"{FIELD!r} came as text. Send it as a file: curl -F {FIELD}=@photo.jpg"
            )
        given = _join(given, _from_text(request.form))
    return _parse(Options, given)


def _from_text(given: MultiDict[str, str]) -> dict[str, Any]:
    """Read option values as JSON has them: true, false, numbers. What is neither stays text."""
    return {name: _value_of(text) for name, text in _once(given.items(multi=True)).items()}


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Join pairs of names and values, where no name comes twice."""
    given: dict[str, Any] = {}
    for name, value in pairs:
        if name in given:
            raise InvalidRequestError(f"{_shown(name)} was given twice.")
        given[name] = value
    return given


def _value_of(text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=str)
    except (ValueError, RecursionError):
        return text
    return text if value is None else value


def _join(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    twice = one.keys() & other.keys()
    if twice:
        raise InvalidRequestError(
            f"{_shown(min(twice))} was given both in the address and beside it."
        )
    return one | other


def _json_object(data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise InvalidRequestError("The body is no valid JSON.") from None
    if not isinstance(body, dict):
        raise InvalidRequestError("The body must be a JSON object.")
    if not body.get(FIELD):
        raise NoImageError(f"No picture was received. Send it as {FIELD!r}, base64.")
    return body


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        hint = " Leave out what a data URL has before its comma." if text[:5] == "data:" else ""
        raise InvalidRequestError(f"{FIELD} is no valid base64: {error}.{hint}") from None


def _parse(kind: type[_Options], given: dict[str, Any]) -> _Options:
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = str(first["loc"][0])
        known = ", ".join(kind.model_fields)
        if first["type"] == "extra_forbidden":
            raise InvalidRequestError(
                f"There is no option {_shown(name)}. The options are: {known}."
            ) from None
        raise InvalidRequestError(
            f"{name}: {first['msg']}. Received: {_shown(first['input'])}"
        ) from None


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "..."


def _read_body(request: Request, limit: int) -> bytes:
    # Werkzeug cuts a body of unknown length where no more is allowed, without a word.
    request.max_content_length = limit + 1
    return _check_size(request.get_data(cache=False), limit)


def _check_file(data: bytes, limit: int) -> bytes:
    if not data:
        raise NoImageError("This file is empty.")
    return _check_size(data, limit)


def _check_size(data: bytes, limit: int) -> bytes:
    if len(data) > limit:
        raise RequestEntityTooLarge
    return data
