"""Ask a helper, one of the processes that decode."""

import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from preprocessing.images.box.budget import room_of
from preprocessing.images.box.messages import (
    ClosedError,
    receive_message,
    send_bytes,
    send_message,
    wait_until,
)
from preprocessing.images.box.shared_memory import SharedMemory

# A helper gets a lower priority for a picture of more pixels, and once it has used more processor
# time for one, in seconds: one of 12 megapixels takes half of that. It still gets a tenth of a busy
# core.
LARGE_PIXELS = 25_000_000
SLOW_S = 0.5
SLOW_NICENESS = 10
# How long to wait at least before looking again whether it is slow, in seconds.
LEAST_WAIT_S = 0.02


@dataclass(frozen=True, eq=False)
class Request:
    """What a helper is to decode.

    Attributes:
        data: The bytes of a picture file.
        max_pixels: Of the largest picture that is decoded.
        may_reduce: Whether a large JPEG is read at a half of its width and height.
        in_grey: Whether the luma alone is wanted.
    """

    data: bytes
    max_pixels: int
    may_reduce: bool = False
    in_grey: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """What the decoder is given beside the file, by keyword."""
        return {
            "max_pixels": self.max_pixels,
            "may_reduce": self.may_reduce,
            "in_grey": self.in_grey,
        }


@dataclass
class Helper:
    """A process that decodes.

    Attributes:
        connection: By which it is asked.
        pid: Its process id.
        pictures: How many it has decoded.
        has_low_priority: It does no other picture, for a lowered priority cannot be raised again.
    """

    connection: socket.socket
    pid: int
    pictures: int = 0
    has_low_priority: bool = False

    def is_alive(self) -> bool:
        """Say whether it waits for a picture: its socket has neither an end nor anything to say."""
        self.connection.settimeout(0)
        try:
            self.connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def ask(
        self,
        request: Request,
        memory: SharedMemory,
        *,
        until_s: float,
        make_room: Callable[[int], None] | None,
    ) -> dict[str, Any]:
        """Have it decode a picture into shared memory.

        Args:
            request: What to decode.
            memory: Where the pixels go.
            until_s: When to give it up, by `time.monotonic`.
            make_room: Called with how much room it takes, in pixels, before they are decoded.

        Returns:
            Its last word: the size of the picture and whether it was read reduced, or its error.

        Raises:
            ClosedError: It has ended, or told a size that cannot be.
            ConnectionError: It has ended.
            TimeoutError: It did not answer in time.
        """
        connection = self.connection
        slow_from_s = _processor_s(self.pid) + SLOW_S
        wait_until(connection, until_s)
        socket.send_fds(connection, [b"\0"], [memory.descriptor])
        send_message(connection, {"options": request.options, "memory": memory.number})
        send_bytes(connection, request.data)
        while True:
            self._await_answer(until_s, slow_from_s)
            answer = receive_message(connection, until_s=until_s)
            if "error" in answer:
                _check_kind(answer["error"], str)
                return answer
            if "decoded" in answer:
                _check_kind(answer.get("notes"), list)
                size = _checked_size(answer["decoded"], request.max_pixels)
                return {**answer, "decoded": size}
            width, height = _checked_size(answer.get("asks"), request.max_pixels)
            if width * height > LARGE_PIXELS and not self.has_low_priority:
                self._lower_priority()
            if make_room is not None:
                make_room(_room(request.data, answer, width * height))
            send_message(connection, {})

    def _await_answer(self, until_s: float, slow_from_s: float) -> None:
        """Wait for the beginning of its answer; lower its priority once it is slow.

        Args:
            until_s: When to give it up, by `time.monotonic`.
            slow_from_s: From which processor time on it is slow, in seconds.

        Raises:
            TimeoutError: It said nothing in time.
        """
        wait_s = SLOW_S
        while not self.has_low_priority:
            wait_until(self.connection, min(until_s, time.monotonic() + wait_s))
            try:
                self.connection.recv(1, socket.MSG_PEEK)
                break
            except TimeoutError:
                if time.monotonic() >= until_s:
                    raise
            # It has one thread, and cannot be slow before.
            left_s = slow_from_s - _processor_s(self.pid)
            wait_s = max(LEAST_WAIT_S, left_s)
            if left_s <= 0:
                self._lower_priority()
        wait_until(self.connection, until_s)

    def _lower_priority(self) -> None:
        """Let other processes go first, for as long as it lives."""
        self.has_low_priority = True
        with suppress(OSError):  # it has ended
            niceness = os.getpriority(os.PRIO_PROCESS, self.pid)
            os.setpriority(os.PRIO_PROCESS, self.pid, niceness + SLOW_NICENESS)


def _processor_s(pid: int) -> float:
    """Return the processor time of a process, in seconds; 0 where the system does not tell."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("ascii")
    except OSError:
        return 0.0
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _room(data: bytes, answer: dict[str, Any], pixels: int) -> int:
    """Return how much room a picture takes, by what a helper says of it."""
    told = answer.get("pixel_bytes")
    pixel_bytes = told if isinstance(told, int) and told >= 0 else None
    return room_of(data, pixels=pixels, pixel_bytes=pixel_bytes)


def _checked_size(told: Any, max_pixels: int) -> tuple[int, int]:
    """Return width and height as a helper told them, if they are possible.

    Raises:
        ClosedError: They are not: it is not to be trusted any more.
    """
    try:
        width, height = told
        is_possible = min(width, height) >= 1 and width * height <= max_pixels
        is_possible = is_possible and isinstance(width, int) and isinstance(height, int)
    except (TypeError, ValueError):
        is_possible = False
    if not is_possible:
        raise ClosedError
    return width, height


def _check_kind(told: Any, kind: type) -> None:
    """Make sure that a value in a helper's message has a type.

    Raises:
        ClosedError: It is not: the helper is not to be trusted any more.
    """
    if not isinstance(told, kind):
        raise ClosedError
