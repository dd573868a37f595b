"""Read forms from a stream, in memory only, and stop at the first part that is not allowed."""

import io
import json
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl

from werkzeug.datastructures import FileStorage, Headers, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import (
    Data,
    Epilogue,
    Event,
    Field,
    File,
    MultipartDecoder,
    NeedData,
)

from serving.web.problems import InvalidRequestError

READ_BYTES = 65_536
# Size of all values that are not files; the page sends a chip as such a value.
MOST_TEXT_BYTES = 500_000
# Size of a form without files: to read text quoted with % takes seventy times its length.
MOST_URLENCODED_BYTES = 100_000
MOST_FIELDS = 1_000
# Bytes that are read and not parsed yet: more are a head without an end.
MOST_BUFFER_BYTES = 2 * READ_BYTES
# Largest headers of a part (its name and that of its file), and of all parts, in bytes.
MOST_HEAD_BYTES, MOST_HEADS_BYTES = 4_000, 500_000
TOO_LARGE_A_FORM = (
    "Beside its files a form may have at most 500 kB of text and 1,000 fields. "
    "Send pictures as files."
)
MALFORMED = (
    "The form cannot be read: its parts do not follow its boundary. Let a library write it, as "
    "curl -F does."
)

Form = tuple[MultiDict[str, str], MultiDict[str, FileStorage]]
"""The texts of a form and its files."""


class _Decoder(MultipartDecoder):
    """Refuses parts with long heads, whose reading would take time by the square of their length.

    Names that are no UTF-8 are read all the same.
    """

    _heads_bytes = 0

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        self._heads_bytes += len(data)
        if len(data) > MOST_HEAD_BYTES or self._heads_bytes > MOST_HEADS_BYTES:
            raise RequestEntityTooLarge(TOO_LARGE_A_FORM)
        return super()._parse_headers(data.decode("utf-8", "replace").encode())


def read_multipart(read: Callable[[int], bytes], boundary: str, *, file_field: str) -> Form:
    """Read a form with files.

    Args:
        read: Returns at most this many of the next bytes of the body; none at its end.
        boundary: The bytes that separate the parts.
        file_field: The only name that files may have.

    Raises:
        InvalidRequestError: It is malformed, or a file has another name.
        RequestEntityTooLarge: It has too much beside its files.
    """
    try:
        decoder = _Decoder(boundary.encode("ascii"), MOST_BUFFER_BYTES, max_parts=MOST_FIELDS)
        return _read(_events(read, decoder), file_field)
    except ValueError:
        raise InvalidRequestError(MALFORMED) from None


def _events(read: Callable[[int], bytes], decoder: MultipartDecoder) -> Iterator[Event]:
    """Yield what a form holds, part by part and piece by piece."""
    while True:
        data = read(READ_BYTES)
        try:
            decoder.receive_data(data or None)
            while not isinstance(event := decoder.next_event(), NeedData):
                if isinstance(event, Epilogue):
                    return
                yield event
        except RequestEntityTooLarge as error:
            raise RequestEntityTooLarge(TOO_LARGE_A_FORM) from error


def _read(events: Iterator[Event], file_field: str) -> Form:
    texts: MultiDict[str, str] = MultiDict()
    files: MultiDict[str, FileStorage] = MultiDict()
    part: Event | None = None
    content, text_bytes = io.BytesIO(), 0
    for event in events:
        if isinstance(event, (Field, File)):
            part, content = event, io.BytesIO()
            if isinstance(event, File) and event.name != file_field:
                raise InvalidRequestError(
                    f"Files are to be named {file_field!r}. Received: {json.dumps(event.name)[:50]}"
                )
        elif isinstance(event, Data):
            content.write(event.data)
            text_bytes += len(event.data) if isinstance(part, Field) else 0
            if text_bytes > MOST_TEXT_BYTES:
                raise RequestEntityTooLarge(TOO_LARGE_A_FORM)
            if event.more_data:
                continue
            if isinstance(part, File):
                content.seek(0)
                files.add(part.name, FileStorage(content, part.filename, part.name))
            elif isinstance(part, Field):
                texts.add(part.name or "", content.getvalue().decode("utf-8", "replace"))
    return texts, files


def read_urlencoded(read: Callable[[int], bytes]) -> Form:
    """Read a form without files.

    Raises:
        RequestEntityTooLarge: It is too long.
    """
    text = b""
    while data := read(READ_BYTES):
        text += data
        if len(text) > MOST_URLENCODED_BYTES:
            raise RequestEntityTooLarge(TOO_LARGE_A_FORM)
    try:
        pairs = parse_qsl(
            text.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS
        )
    except ValueError:
        raise RequestEntityTooLarge(TOO_LARGE_A_FORM) from None
    return MultiDict(pairs), MultiDict()
