"""How pictures are held."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

GreyImage = NDArray[np.uint8]
"""Shape (height, width), 0 black to 255 white."""

RgbImage = NDArray[np.uint8]
"""Shape (height, width, 3), red, green, blue."""


MAX_PIXELS = 50_000_000
"""Of the largest picture that is decoded."""


class PictureNote(StrEnum):
    """What is to be known of a picture that was read."""

    INCOMPLETE = "incomplete"
    """The file ends too early; at most a tenth of the picture is missing."""
    DAMAGED = "damaged"
    """All of the file is there, but some of it is not as it was written: noise, or shifted rows."""
    HALVED = "halved"
    """It was decoded at half its width and height, to save memory or time."""
    MORE_PICTURES = "more_pictures"
    """The file holds more pictures, as pages or frames of an animation, which were not read."""


REDUCTION = 2
"""How many pixels of a file, in width and height, make one of a picture that is read reduced."""


@dataclass(frozen=True, eq=False)
class Whole:
    """The whole of a picture that was read reduced.

    Attributes:
        width: Of the upright picture, in pixels.
        height: Likewise.
        read: Reads the picture again, with all its pixels but in grey, which takes a third of the
            time: chips are grey. None where there is no memory or time for that.
    """

    width: int
    height: int
    read: Callable[[], GreyImage] | None


@dataclass(frozen=True, eq=False)
class DecodedPicture:
    """A picture that was read.

    Attributes:
        pixels: Upright, in sRGB: uint8 (height, width, 3), or (height, width) where grey was asked
            for.
        notes: What is to be known of it.
        whole: Where the picture was read reduced, so that each of `pixels` stands for `REDUCTION`
            in width and height. Otherwise None.
    """

    pixels: GreyImage | RgbImage
    notes: tuple[PictureNote, ...] = ()
    whole: Whole | None = None

    @property
    def width(self) -> int:
        """Width of the whole picture in pixels."""
        return self.pixels.shape[1] if self.whole is None else self.whole.width

    @property
    def height(self) -> int:
        """Height of the whole picture in pixels."""
        return self.pixels.shape[0] if self.whole is None else self.whole.height


def reduced_side(side_px: int) -> int:
    """Return how many pixels the side of a picture has when it is read reduced."""
    return -(-side_px // REDUCTION)
