"""How pictures are held."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

GreyImage = NDArray[np.uint8]
"""Shape (height, width), 0 black to 255 white."""

RgbImage = NDArray[np.uint8]
"""Shape (height, width, 3), red, green, blue."""


class PictureNote(StrEnum):
    """What is to be known of a picture that was read."""

    INCOMPLETE = "incomplete"
    """The file ends too early; at most a tenth of the picture is missing."""
    HALVED = "halved"
    """It was decoded at half its width and height and enlarged, for want of memory."""


@dataclass(frozen=True, eq=False)
class DecodedPicture:
    """A picture that was read.

    Attributes:
        rgb: Upright, in sRGB: uint8 (height, width, 3).
        notes: What is to be known of it.
    """

    rgb: RgbImage
    notes: tuple[PictureNote, ...] = ()
