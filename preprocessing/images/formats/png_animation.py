"""Find the first frame of an animated PNG file, where it is not the picture that others show.

Such a file may begin with a picture for viewers that know of no animations. Browsers show it only
if the animation says that it is the first frame; otherwise they show what comes after it.
"""

import struct
from dataclasses import dataclass, field

BEGINNING, CONTROL, PIXELS = b"acTL", b"fcTL", b"fdAT"
NAMES = (BEGINNING, CONTROL, PIXELS)
_CONTROL = struct.Struct(">4xLLLL")
# An animation begins with how many frames it has.
_COUNT_BYTES = 4
# Before its pixels each chunk has its number in the file.
_NUMBER_BYTES = 4


@dataclass(frozen=True, eq=False)
class Frame:
    """The first frame of an animation.

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
    _controls: int = 0
    _first_control: bytes = b""
    _pixels: list[memoryview] = field(default_factory=list)

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
            self._controls += 1
            if self._controls == 1:
                self._first_control = bytes(content)
        elif self._controls == 1:
            self._pixels.append(content[_NUMBER_BYTES:])

    def first_frame(self, width: int, height: int) -> Frame | None:
        """Return the frame that is shown instead of the picture for all viewers, if there is one.

        Args:
            width: Of the canvas, in pixels.
            height: Likewise.
        """
        is_instead = self._has_begun and not self._shows_picture and bool(self._pixels)
        if not is_instead or len(self._first_control) < _CONTROL.size:
            return None
        own_width, own_height, left, top = _CONTROL.unpack_from(self._first_control)
        fits = left + own_width <= width and top + own_height <= height
        if not (fits and own_width and own_height):
            return None
        return Frame(left, top, own_width, own_height, self._pixels)
