"""Decode the pictures of requests in the box, so that costly ones delay no others.

An address whose picture had to be given up is under suspicion for a while: its pictures are decoded
one after the other, behind all other work, and take no slot from others.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from preprocessing.errors import TooCostlyImageError
from preprocessing.images.box.client import shared_box
from preprocessing.images.types import DecodedPicture
from serving.web.client_address import LastAddresses, network_of
from serving.web.problems import BusyError

SUSPICION_S = 60.0
SUSPECT_NICENESS = 19
# A picture under suspicion is answered within three seconds, one way or the other.
SUSPECT_TIME_S = 2.7
# Small pictures are decoded beside the largest one that is allowed.
SMALL_PIXELS = 12_000_000


class Suspects:
    """The addresses of which a costly picture came within the last minute."""

    def __init__(self) -> None:
        """Start with none."""
        self._until_s = LastAddresses[float]()
        self._lock = threading.Lock()

    def note(self, address: str, *, now_s: float) -> None:
        """Note that a costly picture came from an address."""
        with self._lock:
            self._until_s[network_of(address)] = now_s + SUSPICION_S

    def includes(self, address: str, *, now_s: float) -> bool:
        """Say whether an address is under suspicion."""
        return self._until_s.get(network_of(address), now_s) > now_s


class PixelRoom:
    """Room for the pixels of pictures that are decoded and looked at, which bounds memory."""

    def __init__(self, pixels: int) -> None:
        """Start empty, with room for this many pixels."""
        self._pixels = pixels
        self._taken = 0
        self._changed = threading.Condition()

    def take(self, pixels: int, *, until_s: float) -> None:
        """Wait until there is room.

        Args:
            pixels: How many. A picture with more than there is room for has all of it alone.
            until_s: When to give up, by `time.monotonic`.

        Raises:
            TimeoutError: There was none in time.
        """
        with self._changed:
            fits = self._changed.wait_for(
                lambda: not self._taken or self._taken + pixels <= self._pixels,
                timeout=until_s - time.monotonic(),
            )
            if not fits:
                raise TimeoutError
            self._taken += pixels

    def give_back(self, pixels: int) -> None:
        """Give the room back."""
        with self._changed:
            self._taken -= pixels
            self._changed.notify_all()


class Hold:
    """The room that one request has taken for its pictures."""

    def __init__(self, room: PixelRoom, *, until_s: float) -> None:
        """Begin with none of it.

        Args:
            room: Of all requests.
            until_s: When to give up waiting for it, by `time.monotonic`.
        """
        self._room, self._until_s, self.pixels = room, until_s, 0
        self._since_s = time.monotonic()

    def grow_to(self, pixels: int) -> None:
        """Reserve this much room instead of less.

        Raises:
            TimeoutError: There was none in time.
        """
        self.release()
        self._room.take(pixels, until_s=self._until_s)
        self.pixels, self._since_s = pixels, time.monotonic()

    @property
    def held_s(self) -> float:
        """How long it has had what it reserved last, in seconds."""
        return time.monotonic() - self._since_s if self.pixels else 0.0

    def shrink_to(self, pixels: int) -> None:
        """Give back what was reserved beyond this much."""
        self._room.give_back(max(0, self.pixels - pixels))
        self.pixels = min(self.pixels, pixels)

    def release(self) -> None:
        """Give the room back."""
        self._room.give_back(self.pixels)
        self.pixels = 0


class PictureDecoder:
    """Decodes pictures of requests within limits of memory and processor time."""

    def __init__(self, max_pixels: int) -> None:
        """Start with nobody under suspicion.

        Args:
            max_pixels: Of the largest picture that is decoded.
        """
        self._max_pixels = max_pixels
        self._room = PixelRoom(max_pixels + SMALL_PIXELS)
        self._suspects = Suspects()
        self._suspect_turn = threading.Lock()

    def is_suspect(self, address: str) -> bool:
        """Say whether an address has sent a costly picture within the last minute."""
        return self._suspects.includes(address, now_s=time.monotonic())

    def note_costly(self, address: str) -> None:
        """Note that a costly picture came from an address, which is under suspicion then."""
        self._suspects.note(address, now_s=time.monotonic())

    @contextmanager
    def hold(self, *, until_s: float) -> Iterator[Hold]:
        """Let a request have room for its picture, from decoding to the end of its answer."""
        hold = Hold(self._room, until_s=until_s)
        try:
            yield hold
        finally:
            hold.release()

    def decode(
        self,
        data: bytes,
        hold: Hold,
        *,
        address: str,
        until_s: float,
        max_pixels: int | None = None,
    ) -> DecodedPicture:
        """Decode a picture.

        Args:
            data: The bytes of a picture file.
            hold: Where its room is taken.
            address: From which it came.
            until_s: When to give it up, by `time.monotonic`.
            max_pixels: Of the largest picture that is decoded; by default that of this decoder.

        Raises:
            ImageDecodeError: It cannot be read as a picture.
            ImageTooLargeError: It has too many pixels.
            TooCostlyImageError: Decoding it takes more memory or time than a picture may.
            BusyError: Its address is under suspicion, and there was no time for it.
            TimeoutError: There was no time for it.
        """
        if max_pixels is None:
            max_pixels = self._max_pixels
        decode = partial(
            shared_box().decode,
            data,
            max_pixels=max_pixels,
            may_reduce=True,
            make_room=hold.grow_to,
        )
        try:
            if self.is_suspect(address):
                picture = self._decode_behind_others(decode, until_s)
            else:
                picture = decode(until_s=until_s)
        except TooCostlyImageError:
            self.note_costly(address)
            raise
        # The memory that its detail took is free again.
        hold.shrink_to(picture.width * picture.height)
        return picture

    def _decode_behind_others(
        self, decode: Callable[..., DecodedPicture], until_s: float
    ) -> DecodedPicture:
        until_s = min(until_s, time.monotonic() + SUSPECT_TIME_S)
        if not self._suspect_turn.acquire(timeout=until_s - time.monotonic()):
            raise _no_time()
        try:
            return decode(niceness=SUSPECT_NICENESS, until_s=until_s)
        except TimeoutError:
            raise _no_time() from None
        finally:
            self._suspect_turn.release()


def _no_time() -> BusyError:
    return BusyError(
        "A picture that takes too much to decode came from your address. For a minute its pictures "
        "are decoded one after the other, behind all others. Try again in a moment."
    )
