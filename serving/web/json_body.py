"""Read a JSON object from a stream, and stop at the first value that is not allowed.

Only a flat object is read: one long text in base64, which is decoded as it comes, and short values
beside it. Nothing else is ever built, however large or deep a body is.
"""

import codecs
import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, NoReturn

from werkzeug.exceptions import RequestEntityTooLarge

from serving.web.base64_text import Base64Decoder
from serving.web.problems import InvalidRequestError

READ_BYTES = 65_536
# Longest name, and longest value that is not a picture.
MOST_NAME_BYTES, MOST_VALUE_BYTES = 100, 8_000
_SPACE = re.compile(rb"[ \t\r\n]*")
_NAME = re.compile(rb'"[^"\\\x00-\x1f]{0,%d}"' % MOST_NAME_BYTES)
_TEXT = re.compile(rb'"(?:[^"\\\x00-\x1f]|\\.){0,%d}"' % (MOST_VALUE_BYTES // 2))
_WORD = re.compile(rb"true|false|null|-?\d[0-9.eE+-]{0,60}")
_STARTS = {ord("["): "a list", ord("{"): "an object", ord('"'): "a text"}
# Escapes that encoders write for letters and line breaks of base64, and what each means.
_ESCAPES = (
    (rb"\/", b"/"), (rb"\u002f", b"/"), (rb"\u002F", b"/"), (rb"\u002b", b"+"),
    (rb"\u002B", b"+"), (rb"\u003d", b"="), (rb"\u003D", b"="), (rb"\n", b""), (rb"\r", b""),
    (rb"\t", b""), (rb"\u000a", b""), (rb"\u000A", b""), (rb"\u000d", b""), (rb"\u000D", b""),
)  # fmt: skip
_LONGEST_ESCAPE = 6


@dataclass(frozen=True)
class JsonObject:
    """What a body held.

    Attributes:
        values: Short values by their names.
        picture: The bytes of the picture; None where the body has none.
    """

    values: dict[str, Any]
    picture: bytes | None


def read_json_object(
    read: Callable[[int], bytes],
    *,
    picture: str,
    names: Collection[str],
    most_bytes: int,
    most_picture_bytes: int,
) -> JsonObject:
    """Read a JSON object.

    Args:
        read: Returns at most this many of the next bytes of the body; none at its end.
        picture: The name of the value that is base64.
        names: The names of all others.
        most_bytes: Largest size of the body.
        most_picture_bytes: Largest size of the decoded picture.

    Raises:
        InvalidRequestError: It is no such object.
        RequestEntityTooLarge: It, or the picture, has too many bytes.
    """
    body = _Body(read, most_bytes)
    values: dict[str, Any] = {}
    decoded: bytes | None = None
    seen: set[str] = set()
    if not body.skip(b"{"):
        _refuse_start(body)
    is_first = True
    while not body.skip(b"}"):
        if not is_first and not body.skip(b","):
            _refuse()
        is_first = False
        name = _read_name(body, picture, names)
        if name in seen:
            raise InvalidRequestError(f"{json.dumps(name)} was given twice.")
        seen.add(name)
        if name == picture:
            decoded = _read_picture(body, name, most_picture_bytes)
        else:
            values[name] = _read_value(body, name)
    if body.peek():
        raise InvalidRequestError("The body is no valid JSON: something follows the object.")
    return JsonObject(values, decoded)


class _Body:
    """The part of a body that was read last, and what is to come."""

    def __init__(self, read: Callable[[int], bytes], most_bytes: int) -> None:
        self._read, self._most_bytes = read, most_bytes
        self._came = 0
        self._buffer, self._at = b"", 0
        self._decoder: codecs.IncrementalDecoder | None = None
        self._begin()

    def _begin(self) -> None:
        """Tell the encoding by the first bytes, as `json.loads` does."""
        self._fill()
        while 0 < len(self._buffer) < 4 and self._fill():
            pass
        encoding = json.detect_encoding(self._buffer)
        if encoding == "utf-8-sig":
            self._at = len(codecs.BOM_UTF8)
        elif encoding != "utf-8":
            self._decoder = codecs.getincrementaldecoder(encoding)("replace")
            self._buffer = self._decoder.decode(self._buffer).encode()

    def _fill(self) -> bool:
        """Read more; say whether there was any."""
        data = self._read(READ_BYTES)
        self._came += len(data)
        if self._came > self._most_bytes:
            raise RequestEntityTooLarge
        if data and self._decoder is not None:
            data = self._decoder.decode(data).encode()
        self._buffer, self._at = self._buffer[self._at :] + data, 0
        return bool(data)

    def peek(self) -> int | None:
        """Return the next byte that is no white space, without taking it; None at the end."""
        while True:
            self._at = _SPACE.match(self._buffer, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._fill():
                return None

    def holds(self, count: int) -> bool:
        """Say whether this many bytes were read and not taken yet."""
        return len(self._buffer) - self._at >= count

    def skip(self, mark: bytes) -> bool:
        """Take a mark if it comes next, white space before it too."""
        if self.peek() != mark[0]:
            return False
        self._at += 1
        return True

    def take(self, pattern: re.Pattern[bytes], *, most: int) -> bytes | None:
        """Take what a pattern fits, no longer than `most`; None where it does not fit."""
        while len(self._buffer) - self._at < most and self._fill():
            pass
        found = pattern.match(self._buffer, self._at)
        if found is None:
            return None
        self._at = found.end()
        return found[0]

    def take_until_quote(self) -> tuple[bytes, bool]:
        """Take what comes before the next quotation mark, or a part of it; say whether it came."""
        while self._at == len(self._buffer):
            if not self._fill():
                _refuse()
        end = self._buffer.find(b'"', self._at)
        piece = self._buffer[self._at : end if end >= 0 else None]
        self._at = end + 1 if end >= 0 else len(self._buffer)
        return piece, end >= 0


def _read_name(body: _Body, picture: str, names: Collection[str]) -> str:
    body.peek()
    text = body.take(_NAME, most=MOST_NAME_BYTES + 2)
    if text is None:
        _refuse()
    name = text[1:-1].decode("utf-8", "replace")
    if name != picture and name not in names:
        known = ", ".join((*names, picture))
        raise InvalidRequestError(
            f"There is no option {json.dumps(name[:40])}. The options are: {known}."
        )
    if not body.skip(b":"):
        _refuse()
    return name


def _read_value(body: _Body, name: str) -> Any:
    start = body.peek()
    if start in (ord("["), ord("{")):
        raise InvalidRequestError(f"{name}: a single value is expected. Received: {_STARTS[start]}")
    text = body.take(_TEXT if start == ord('"') else _WORD, most=MOST_VALUE_BYTES + 2)
    if text is None and start == ord('"') and body.holds(MOST_VALUE_BYTES):
        raise InvalidRequestError(f"{name}: the text is too long.")
    try:
        return json.loads(text or b"")
    except ValueError:
        _refuse()


def _read_picture(body: _Body, name: str, most_bytes: int) -> bytes:
    start = body.peek()
    if start != ord('"'):
        if body.take(_WORD, most=MOST_VALUE_BYTES) == b"null":
            return b""
        received = _STARTS.get(start or 0, "a number or a word")
        raise InvalidRequestError(
            f"{name}: a text is expected, the picture in base64. Received: {received}"
        )
    body.skip(b'"')
    decoder = Base64Decoder(name, most_bytes=most_bytes)
    held, is_whole = b"", False
    while not is_whole:
        piece, is_whole = body.take_until_quote()
        piece = held + piece
        # An escape may go on in the next piece.
        cut = piece.rfind(b"\\", -_LONGEST_ESCAPE) if not is_whole else -1
        held = piece[cut:] if cut >= 0 else b""
        decoder.feed(_unescape(piece[: cut if cut >= 0 else None], name))
    return decoder.finish()


def _unescape(text: bytes, name: str) -> bytes:
    if b"\\" in text:
        for escape, letter in _ESCAPES:
            text = text.replace(escape, letter)
    if b"\\" in text:
        raise InvalidRequestError(f"{name} is no valid base64: it has \\ in it.")
    return text


def _refuse_start(body: _Body) -> NoReturn:
    start = body.peek()
    is_other = start in _STARTS or body.take(_WORD, most=MOST_VALUE_BYTES) is not None
    if is_other:
        raise InvalidRequestError("The body must be a JSON object.")
    raise InvalidRequestError(
        "The body is no valid JSON: it does not begin with {. The bytes of a picture are sent with "
        "another Content-Type, such as image/jpeg."
    )


def _refuse() -> NoReturn:
    raise InvalidRequestError("The body is no valid JSON.")
