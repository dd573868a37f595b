"""Decode base64 piece by piece, as clients write it."""

import binascii
import io
import re

from werkzeug.exceptions import RequestEntityTooLarge

from serving.web.problems import InvalidRequestError

# The letters of RFC 4648's two alphabets become those of the first; white space goes.
_LETTERS = bytes.maketrans(b"-_", b"+/")
_SPACE = b" \t\r\n\f\v"
_OTHER = re.compile(rb"[^A-Za-z0-9+/]")
_DATA_URL, _BASE64_MARK = b"data:", b";base64,"
_SHOWN_BYTES = b"b'"
_ADDRESSES = (b"http://", b"https://")
# A data URL declares its type within this many letters.
_HEAD = 256


class Base64Decoder:
    """Takes base64 in pieces of any length.

    Line breaks, white space, the letters for addresses, missing padding, and what a data URL has
    before its comma are all accepted.
    """

    def __init__(self, name: str, *, most_bytes: int) -> None:
        """Begin.

        Args:
            name: Name of the field, for messages.
            most_bytes: Largest size of what is decoded.
        """
        self._name, self._most_bytes = name, most_bytes
        self._decoded = io.BytesIO()
        # What has come and is not decoded yet: the head, and later up to three letters.
        self._rest, self._is_head = b"", True
        # Whether padding has come, after which no letter may.
        self._has_ended = False

    def feed(self, text: bytes) -> None:
        """Take a piece.

        Raises:
            InvalidRequestError: It is no base64.
            RequestEntityTooLarge: There are too many bytes.
        """
        self._rest += text.translate(_LETTERS, _SPACE) if not self._is_head else text
        if self._is_head:
            if len(self._rest) < _HEAD:
                return
            self._begin()
        self._decode(self._rest[: len(self._rest) // 4 * 4])
        self._rest = self._rest[len(self._rest) // 4 * 4 :]

    def finish(self) -> bytes:
        """Return all that was decoded.

        Raises:
            InvalidRequestError: The text lacks a letter at its end.
            RequestEntityTooLarge: There are too many bytes.
        """
        if self._is_head:
            self._begin()
        self._decode(self._rest)
        return self._decoded.getvalue()

    def _begin(self) -> None:
        """Look at the first letters; leave out what a data URL has before its comma."""
        self._is_head = False
        head = self._rest.lstrip(_SPACE)
        if head[: len(_DATA_URL)].lower() == _DATA_URL:
            _, mark, head = head.partition(_BASE64_MARK)
            if not mark:
                raise InvalidRequestError(
                    f"{self._name} is a data URL without base64. Encode the picture in base64."
                )
        if head[:8].lower().startswith(_ADDRESSES):
            raise InvalidRequestError(
                f"{self._name} is an address. Send the bytes of the picture, base64, or where the "
                "server takes addresses, send it as image_url."
            )
        if head.startswith(_SHOWN_BYTES):
            raise InvalidRequestError(
                f"{self._name} begins with b', as Python shows bytes. Send them as text: "
                "base64.b64encode(data).decode()"
            )
        self._rest = head.translate(_LETTERS, _SPACE)

    def _decode(self, text: bytes) -> None:
        """Decode letters, by fours but at the end, where padding may be missing."""
        letters = text.rstrip(b"=")
        other = _OTHER.search(letters)
        if other or (letters and self._has_ended):
            found = other[0] if other else b"="
            shown = found.decode("ascii") if found.isascii() else "a letter beyond ASCII"
            raise InvalidRequestError(
                f"{self._name} is no valid base64: it has {shown} where no such letter can be."
            )
        if len(letters) % 4 == 1:
            raise InvalidRequestError(f"{self._name} is no valid base64: a letter is missing.")
        self._has_ended = self._has_ended or len(letters) < len(text)
        self._decoded.write(binascii.a2b_base64(letters + b"=" * (-len(letters) % 4)))
        if self._decoded.tell() > self._most_bytes:
            raise RequestEntityTooLarge
