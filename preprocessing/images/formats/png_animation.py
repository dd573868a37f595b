"""Find the first frames of an animated PNG file.

Such a file may begin with a picture for viewers that know of no animations. Browsers show it only
if the animation says that it is the first frame; otherwise they show what comes after it.
"""

import struct
from dataclasses import dataclass, field

from preprocessing.images.formats.first_visible import MOST_PICTURES

BEGINNING, CONTROL, PIXELS = b"acTL", b"fcTL", b"fdAT"
NAMES = (BEGINNING, CONTROL, PIXELS)
_CONTROL = struct.Struct(">4xLLLL")
# An animation begins with how many frames it has.
_COUNT_BYTES = 4
# Before its pixels each chunk has its number in the file.
_NUMBER_BYTES = 4


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame of an animation.

    Attributes:
        left: Where it lies on the canvas, in pixels.
        top: Likewise.
        width: In pixels.
        height: Likewise.
        pixels: The contents of its chunks.
    """

    left: int
    top: int
    width: int
    height: int
    pixels: list[memoryview]


@dataclass
class Animation:
    """What the chunks of a file say of an animation."""

    _has_begun: bool = False
    _shows_picture: bool = False
    # By frame: what it says of itself, and its pixels.
    _controls: list[bytes] = field(default_factory=list)
    _pixels: list[list[memoryview]] = field(default_factory=list)
    _is_full: bool = False

    def note(self, name: bytes, content: memoryview, *, is_before_picture: bool) -> None:
        """Note a chunk of one of these `NAMES`.

        Args:
            name: Its name.
            content: What it holds.
            is_before_picture: Whether no pixels of the picture for all viewers have come.
        """
        if name == BEGINNING:
            has_frames = any(content[:_COUNT_BYTES])
            self._has_begun = self._has_begun or (is_before_picture and has_frames)
        elif name == CONTROL:
            self._shows_picture = self._shows_picture or is_before_picture
            self._is_full = len(self._controls) == MOST_PICTURES
            if not self._is_full:
                self._controls.append(bytes(content))
                self._pixels.append([])
        elif self._controls and not self._is_full:
            self._pixels[-1].append(content[_NUMBER_BYTES:])

    def frames(self, width: int, height: int) -> tuple[Frame | None, ...]:
        """Return the first frames; None for the picture for all viewers.

        Args:
            width: Of the canvas, in pixels.
            height: Likewise.
        """
        if not self._has_begun:
            return (None,)
        frames: list[Frame | None] = [None] * self._shows_picture
        for control, pixels in zip(self._controls, self._pixels, strict=True):
            if not pixels and self._shows_picture:
                continue  # the picture for all viewers, which has no pixels of its own
            frame = _frame(control, pixels)
            if (
                frame is None
                or frame.left + frame.width > width
                or frame.top + frame.height > height
            ):
                break
            frames.append(frame)
        return tuple(frames) or (None,)


def _frame(control: bytes, pixels: list[memoryview]) -> Frame | None:
    """Return a frame; None where there is nothing of it."""
    if len(control) < _CONTROL.size or not pixels:
        return None
    width, height, left, top = _CONTROL.unpack_from(control)
    return Frame(left, top, width, height, pixels) if width and height else None
