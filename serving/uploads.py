"""Take the picture out of a request, in memory only."""

import io
from typing import IO

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from serving.problems import NoImageError
from serving.service import current_service

# What a form adds around the picture.
FORM_OVERHEAD_BYTES = 64_000
FIELD = "image"


class MemoryRequest(Request):
    """A request that never spools an upload to disk."""

    def _get_file_stream(self, *_: object, **__: object) -> IO[bytes]:
        return io.BytesIO()


def read_picture(request: Request) -> bytes:
    """Return the bytes of the picture: the field `image` of a form, or the whole body.

    Raises:
        NoImageError: There is none.
        RequestEntityTooLarge: It has more bytes than is set.
    """
    if request.mimetype == "multipart/form-data":
        file = request.files.get(FIELD)
        data = b"" if file is None else file.read()
    else:
        data = request.get_data(cache=False)
    if len(data) > current_service().settings.max_upload_bytes:
        raise RequestEntityTooLarge
    if not data:
        raise NoImageError(
            f"No picture was received. Send it as the body, or as the form field {FIELD!r}."
        )
    return data
