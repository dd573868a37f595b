"""The processes of the box: a starter, and the helpers that it forks.

The starter is a fresh interpreter that has loaded the decoders and does nothing else, so that a
helper is there within milliseconds and shares nearly all of its memory. It has one thread and reads
no picture. Each ends when the process that it works for does.
"""

import contextlib
import importlib
import os
import re
import signal
import socket
import sys
import warnings
from collections.abc import Callable
from typing import Any

from preprocessing.errors import MienError, TooCostlyImageError
from preprocessing.images import announce, canvas
from preprocessing.images.box.budget import budget_of, budget_to_walk
from preprocessing.images.box.limits import PictureLimits, end_with_parent
from preprocessing.images.box.messages import (
    START,
    ClosedError,
    receive_bytes,
    receive_message,
    send_message,
)
from preprocessing.images.box.shared_memory import CHANNELS, KEPT_BYTES, SharedPixels
from preprocessing.images.types import DecodedPicture

Decoder = Callable[..., DecodedPicture]
"""Takes the bytes of a picture, `max_pixels`, `may_reduce` and `in_grey`."""

# A file of more pixels that has fewer bytes for them shows nothing: the best formats take a byte
# for some hundred pixels.
LARGE_PIXELS, MOST_PIXELS_A_BYTE = 12_000_000, 4_000
LARGEST_FILE_BYTES = 4_000_000_000
# What libraries say where they got no memory: -9 is Pillow's number for it.
_OUT_OF_MEMORY = re.compile(r"memory|bad_alloc|error -9\b|create decoder object", re.IGNORECASE)


def main() -> None:
    """Start and end helpers as is asked for: `python -m ... SOCKET DECODER`."""
    control = socket.socket(fileno=int(sys.argv[1]))
    module, _, name = sys.argv[2].partition(":")
    # Who works for somebody else ends with them, not at Ctrl+C or with a group of processes.
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    decoder = _load(module, name)
    helpers: set[int] = set()
    while True:
        try:
            send_message(control, {"ready": True})
            order, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        except ConnectionError:
            return
        if not order:
            return
        helpers -= _ended()
        if order == START:
            niceness = receive_message(control)["niceness"]
            pid = os.fork()
            if pid == 0:
                control.close()
                _help(socket.socket(fileno=descriptors[0]), decoder, niceness=niceness)
            helpers.add(pid)
            os.close(descriptors[0])
            send_message(control, {"pid": pid})
        else:
            pid = receive_message(control)["pid"]
            if pid in helpers:
                os.kill(pid, signal.SIGKILL)


def _ended() -> set[int]:
    """Return the helpers that have ended since this was asked last."""
    ended: set[int] = set()
    with contextlib.suppress(ChildProcessError):
        while pid := os.waitpid(-1, os.WNOHANG)[0]:
            ended.add(pid)
    return ended


def _load(module: str, name: str) -> Decoder:
    """Load a decoder, and all that it would else load at its first picture."""
    import cv2
    import numpy.ma
    import numpy.random  # noqa: F401 - NumPy loads it when it is first named
    import pi_heif
    from PIL import AvifImagePlugin, Image

    # A picture has one core's worth of time, and each thread takes address space.
    cv2.setNumThreads(1)
    pi_heif.options.DECODE_THREADS = 1
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    Image.init()
    decoder: Decoder = getattr(importlib.import_module(module), name)
    return decoder


def _help(connection: socket.socket, decoder: Decoder, *, niceness: int) -> None:
    """Decode pictures, one after the other, until nobody is there to ask for them."""
    end_with_parent()
    os.nice(niceness)
    silent = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # libraries tell of pictures there
        os.dup2(silent, stream)
    os.close(silent)
    warnings.simplefilter("ignore")
    status = 1
    try:
        helper = _Helper(connection, decoder)
        while True:
            helper.decode_next()
    except ClosedError:
        status = 0
    finally:
        os._exit(status)


class _Helper:
    """Decodes what comes through a socket into shared memory that comes with it."""

    def __init__(self, connection: socket.socket, decoder: Decoder) -> None:
        self._connection = connection
        self._decoder = decoder
        self._data = b""
        self._granted_pixels = 0
        self._pixels = SharedPixels()
        self._limits = PictureLimits(most_file_bytes=LARGEST_FILE_BYTES)
        announce.listener = self._ask_for_room
        canvas.maker = self._pixels.canvas

    def decode_next(self) -> None:
        """Wait for a picture, decode it, and say what came of it.

        Raises:
            ClosedError: Nobody is there any more.
        """
        message, descriptors, _, _ = socket.recv_fds(self._connection, 1, 1)
        if not message or len(descriptors) != 1:
            raise ClosedError
        (shared,) = descriptors
        request = receive_message(self._connection)
        self._data = receive_bytes(self._connection, most=LARGEST_FILE_BYTES)
        self._granted_pixels = 0
        self._pixels.open(shared, request["memory"])
        self._limits.start(budget_to_walk(self._data))
        try:
            picture = self._decoder(self._data, **request["options"])
            self._limits.stop()
            self._pixels.write(picture.pixels)
            answer: dict[str, Any] = {
                "decoded": [picture.width, picture.height],
                "is_reduced": picture.whole is not None,
                "notes": picture.notes,
            }
            del picture
        except BaseException as error:  # noqa: BLE001 - decoders raise almost anything
            self._limits.stop()
            answer = {"error": _kind_of(error), "words": str(error)[:1000]}
        if self._granted_pixels * CHANNELS > KEPT_BYTES:  # which is given back to the system soon
            self._pixels.drop()
        self._data = b""
        os.close(shared)
        send_message(self._connection, answer)

    def _ask_for_room(self, width: int, height: int, pixel_bytes: int | None) -> None:
        """Tell the size of the picture, as soon as a decoder knows it, and wait to go on."""
        pixels = width * height
        if pixels <= self._granted_pixels:
            return
        most_bytes = len(self._data) if pixel_bytes is None else pixel_bytes
        if pixels > LARGE_PIXELS and pixels > MOST_PIXELS_A_BYTE * most_bytes:
            raise TooCostlyImageError
        self._granted_pixels = pixels
        try:
            asks = {"asks": [width, height], "pixel_bytes": pixel_bytes}
            send_message(self._connection, asks)
            receive_message(self._connection)
        except (ClosedError, OSError):
            os._exit(0)  # decoders would take it for an error of theirs
        self._limits.grant(budget_of(self._data, pixels=pixels, pixel_bytes=pixel_bytes))


def _kind_of(error: BaseException) -> str:
    """Return the name of the error to raise for the caller.

    That a decoder got no memory may show only in the errors that led to the last one.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError) or _OUT_OF_MEMORY.search(str(cause)):
            return TooCostlyImageError.__name__
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__ if isinstance(error, MienError) else "ImageDecodeError"


if __name__ == "__main__":
    main()
