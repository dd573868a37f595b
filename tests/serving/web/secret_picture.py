"""A picture with a secret: sent in every way, and looked for in all that was written since."""

import base64
import contextlib
import json
import os
import socket
import time
import uuid
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
from PIL import Image

from tests.tools.picture_files import encode
from tests.tools.server_process import PREDICT, ServerProcess

# In the name of the picture and in its EXIF, of which Pillow logs short values; made at run time so
# that no source file has it.
NAME = f"secret-{uuid.uuid4().hex[:12]}"
STARTED_S = time.time()


def uploads(photo: bytes) -> dict[str, tuple[bytes, str]]:
    """Return a body and its type by path, in every way to send a picture."""
    head = f'--x\r\nContent-Disposition: form-data; name="image"; filename="{NAME}.jpg"\r\n\r\n'
    part, kind = head.encode() + photo + b"\r\n", "multipart/form-data; boundary=x"
    as_json = json.dumps({"image": base64.b64encode(photo).decode("ascii")}).encode()
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"{NAME}.jpg", photo)
    noise = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
    chip = base64.b64encode(encode(Image.fromarray(noise), "PNG"))
    return {
        "/": (part + b"--x--\r\n", kind),
        PREDICT: (photo, "application/octet-stream"),
        f"{PREDICT}?figure=true": (as_json, "application/json"),
        f"{PREDICT}?{NAME}=true": (photo, "application/octet-stream"),
        f"{PREDICT}/batch": (2 * part + b"--x--\r\n", kind),
        f"{PREDICT}/batch?figure=true": (buffer.getvalue(), "application/zip"),
        "/heat-map": (
            urlencode(
                {"label": "happy", "chip": f"data:image/png;base64,{chip.decode()}"}
            ).encode(),
            "application/x-www-form-urlencoded",
        ),
    }


def malformed(photo: bytes) -> dict[str, bytes]:
    """Return requests that are none, by what is wrong, each with something of a picture."""
    secret = NAME.encode() + photo[-80:-64]
    get = b"GET /livez HTTP/1.1\r\nHost: a\r\n"
    chunked = f"POST {PREDICT} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    body = f"POST {PREDICT} HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n".encode()
    return {
        "more than it said": body + bytes(20_000) + secret + b"\r\n\r\n",
        "name of a header": get + secret + b": 1\r\n\r\n",
        "value of a header": get + b"A: \0" + secret + b"\r\n\r\n",
        "folded header": get + b"A: 1\r\n " + secret + b"\r\n\r\n",
        "transfer encoding": get + b"Transfer-Encoding: " + secret + b"\r\n\r\n",
        "expectation": get + b"Expect: " + NAME.encode() + b"\r\n\r\n",
        "method": NAME.encode() + b"{} / HTTP/1.1\r\n\r\n",
        "version": b"GET / " + secret + b"\r\n\r\n",
        "name in a query": b"GET /?" + secret + b" =1 HTTP/1.1\r\n\r\n",
        "bytes in a query": b"GET /nothing?" + secret + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        "size of a chunk": chunked + secret + b"\r\n",
        "end of a chunk": chunked + b"1\r\na" + secret + b"\r\n",
    }


def send_raw(server: ServerProcess, data: bytes) -> bytes:
    """Send bytes as they are, and return all that is answered until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def changed(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Give the files that were written since this module was loaded, but for those of tools."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in (".venv", ".git")]
        for path in (Path(place, name) for name in names):
            with contextlib.suppress(OSError):  # gone again, or not ours
                if path.is_file() and path.stat().st_mtime >= STARTED_S:
                    yield path, path.read_bytes()
