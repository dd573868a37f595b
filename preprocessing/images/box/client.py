"""Have pictures decoded in the box."""

import atexit
import functools
import importlib
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from preprocessing.errors import (
    ImageDecodeError,
    ImageTooLargeError,
    MienError,
    TooCostlyImageError,
    UnsupportedImageError,
)
from preprocessing.images.box.helper import Helper, Request
from preprocessing.images.box.messages import ClosedError
from preprocessing.images.box.shared_memory import CHANNELS, SharedMemory, SharedMemoryPool
from preprocessing.images.box.starter import Starter
from preprocessing.images.types import (
    MAX_PIXELS,
    DecodedPicture,
    GreyImage,
    PictureNote,
    Whole,
    reduced_side,
)

_log = logging.getLogger(__name__)

# Whether processes can be forked, and open files be sent to them.
IS_POSSIBLE = hasattr(os, "fork") and hasattr(socket, "send_fds")
DECODER = "preprocessing.images.decode:decode_here"
# After this number of pictures a helper is replaced, for libraries leak.
MOST_PICTURES = 1_000
# Helpers that wait for pictures; more are started where they are needed, and ended then.
KEPT_HELPERS = 4
# A helper that neither answers nor uses processor time is not waited for longer.
TIME_LIMIT_S = 120.0
_ERRORS: dict[str, type[MienError]] = {
    kind.__name__: kind for kind in (ImageDecodeError, ImageTooLargeError, UnsupportedImageError)
}


class Box:
    """Decodes pictures in processes of their own; threads may share one.

    Whoever calls decides how many are decoded at once: each call has a helper of its own.
    """

    def __init__(self, decoder: str = DECODER) -> None:
        """Prepare everything but the processes.

        Args:
            decoder: The function that decodes in them: its module, a colon, its name.
        """
        self._pool = SharedMemoryPool(CHANNELS * MAX_PIXELS)
        self._decoder = decoder
        self._starter: Starter | None = None
        self._idle: dict[int, list[Helper]] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the processes, which then are there when the first picture comes."""
        if IS_POSSIBLE:
            self._running_starter()

    def decode(
        self,
        data: bytes,
        *,
        max_pixels: int,
        may_reduce: bool = False,
        in_grey: bool = False,
        niceness: int = 0,
        until_s: float | None = None,
        make_room: Callable[[int], None] | None = None,
    ) -> DecodedPicture:
        """Decode a picture.

        Args:
            data: The bytes of a picture file.
            max_pixels: Of the largest picture that is decoded, at most `MAX_PIXELS`.
            may_reduce: Read a large JPEG at a half of its width and height
                (`DecodedPicture.whole`).
            in_grey: Return the luma alone.
            niceness: By how much the decoder's priority is lower than this process's, 0 to 19.
            until_s: When to give it up, by `time.monotonic`; also reading the whole of it later.
            make_room: Called with how much room decoding it takes, in pixels, once that is known
                (`budget.room_of`); it may wait until there is as much, or raise.

        Raises:
            ImageDecodeError: It cannot be read as a picture.
            ImageTooLargeError: It has too many pixels.
            TooCostlyImageError: It takes more memory or processor time than a picture may.
            TimeoutError: It was not decoded in time.
            MienError: The processes cannot be started.
        """
        request = Request(data, max_pixels, may_reduce=may_reduce, in_grey=in_grey)
        if not IS_POSSIBLE:
            return _decode_without(self._decoder, request)
        answer, memory = self._ask(request, niceness, until_s=until_s, make_room=make_room)
        width, height = answer["decoded"]
        notes = tuple(note for note in PictureNote if note in answer["notes"])
        if not (may_reduce and answer.get("is_reduced")):
            pixels = self._pool.picture_in(memory, width, height, in_grey=in_grey)
            return DecodedPicture(pixels, notes)

        def read_whole() -> GreyImage:
            grey = replace(request, may_reduce=False, in_grey=True)
            return self.decode(**vars(grey), niceness=niceness, until_s=until_s).pixels

        reduced = self._pool.picture_in(memory, reduced_side(width), reduced_side(height))
        read = None if PictureNote.HALVED in notes else read_whole
        return DecodedPicture(reduced, notes, Whole(width, height, read))

    def helper_pids(self) -> tuple[int, ...]:
        """Return the process ids of the helpers that wait for pictures."""
        with self._lock:
            return tuple(each.pid for waiting in self._idle.values() for each in waiting)

    def close(self) -> None:
        """End the processes."""
        with self._lock:
            for helper in [each for helpers in self._idle.values() for each in helpers]:
                helper.connection.close()
            self._idle.clear()
            if self._starter is not None:
                self._starter.close()
                self._starter = None
        self._pool.close()

    def _ask(
        self,
        request: Request,
        niceness: int,
        *,
        until_s: float | None,
        make_room: Callable[[int], None] | None,
    ) -> tuple[dict[str, Any], SharedMemory]:
        """Have a helper decode a picture; return its last word, and the memory that has the pixels.

        Raises:
            MienError: As `decode` says.
            TimeoutError: Likewise.
        """
        helper, memory = self._take(niceness), self._pool.take()
        is_well = False
        try:
            last_s = time.monotonic() + TIME_LIMIT_S if until_s is None else until_s
            answer = helper.ask(request, memory, until_s=last_s, make_room=make_room)
            is_well = True
        except (ClosedError, ConnectionError):
            # The system has ended it, or it has crashed.
            raise TooCostlyImageError from None
        finally:
            self._give_back(helper, niceness, is_well=is_well)
            if not is_well:  # it may still write there
                memory.close()
        if "error" in answer:
            self._pool.give_back(memory)
            raise _error(answer)
        return answer, memory

    def _running_starter(self) -> Starter:
        with self._lock:
            if self._starter is not None and not self._starter.is_alive:
                self._starter.close()
                self._starter = None
            if self._starter is None:
                self._starter = Starter(self._decoder)
            return self._starter

    def _take(self, niceness: int) -> Helper:
        """Return a helper that waits, or a new one."""
        while True:
            with self._lock:
                waiting = self._idle.get(niceness)
                helper = waiting.pop() if waiting else None
            if helper is None:
                return Helper(*self._running_starter().start_helper(niceness))
            if helper.is_alive():
                return helper
            helper.connection.close()

    def _give_back(self, helper: Helper, niceness: int, *, is_well: bool) -> None:
        """Let a helper wait for the next picture, or end it."""
        helper.pictures += 1
        with self._lock:
            starter = self._starter
            waiting = self._idle.setdefault(niceness, [])
            is_kept = (
                is_well
                and not helper.has_low_priority
                and starter is not None
                and len(waiting) < KEPT_HELPERS
                and helper.pictures < MOST_PICTURES
            )
            if is_kept:
                waiting.append(helper)
        if not is_kept:
            helper.connection.close()
        if not is_well and starter is not None and starter.is_alive:
            starter.end_helper(helper.pid)


def _error(answer: dict[str, Any]) -> MienError:
    if answer["error"] == TooCostlyImageError.__name__:
        return TooCostlyImageError()
    return _ERRORS.get(answer["error"], ImageDecodeError)(str(answer.get("words", "")))


@functools.cache
def _decoder_here(name: str) -> Callable[..., DecodedPicture]:
    _log.warning(
        "This system cannot confine the processes that decode pictures, so they are decoded in "
        "this one: a picture that is made to do harm can take all memory and time. Serve strangers "
        "on Linux."
    )
    module, _, function = name.partition(":")
    decoder: Callable[..., DecodedPicture] = getattr(importlib.import_module(module), function)
    return decoder


def _decode_without(decoder: str, request: Request) -> DecodedPicture:
    """Decode in this process, where the system offers nothing else, as Windows."""
    try:
        return _decoder_here(decoder)(request.data, **request.options)
    except MemoryError:
        raise TooCostlyImageError from None


@functools.cache
def _box_of(_pid: int) -> Box:
    box = Box()
    atexit.register(box.close)
    return box


def shared_box() -> Box:
    """Return the box of this process; one that was forked has its own."""
    return _box_of(os.getpid())
