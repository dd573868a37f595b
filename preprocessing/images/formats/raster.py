"""What a reader gives: the pixels of a file, and what is still to be done to them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocessing.errors import ImageDecodeError, ImageTooLargeError
from preprocessing.images.announce import announce_size
from preprocessing.images.formats.colour import Colours

UPRIGHT = 1
# A picture of which a larger fraction is missing is refused.
MOST_MISSING = 0.1
DAMAGED = (
    "The picture is incomplete or damaged. The download may have stopped early; save it again."
)


@dataclass(frozen=True, eq=False)
class Raster:
    """The pixels of a picture as its file holds them.

    Attributes:
        samples: Shape (height, width) for grey, or (height, width, channels) with 2 channels for
            grey and opacity, 3 for red, green and blue, 4 for these and opacity. Integers or
            floating-point numbers.
        largest: The value of white, where the file says it; None where samples of 8 bits reach 255
            and others are to be looked at.
        colours: How red, green and blue, or grey, are meant; None for sRGB.
        orientation: How the picture is to be turned, 1 to 8 as EXIF counts.
        is_incomplete: Whether the file ends too early.
        is_damaged: Whether the decoder met what cannot have been written so.
        is_hidden: Whether the picture was transparent throughout, where `samples` no longer say it.
        is_halved: Whether it was decoded at half its width and height, and enlarged.
        whole_size: Width and height of the picture in its file, where it was read reduced.
        is_one_of_several: Whether the file holds more pictures, of no less weight.
    """

    samples: NDArray[Any]
    largest: int | None = None
    colours: Colours | None = None
    orientation: int = UPRIGHT
    is_incomplete: bool = False
    is_damaged: bool = False
    is_hidden: bool = False
    is_halved: bool = False
    whole_size: tuple[int, int] | None = None
    is_one_of_several: bool = False


def check_size(width: int, height: int, max_pixels: int, *, pixel_bytes: int | None = None) -> None:
    """Make sure that a picture has pixels, and not too many, before it is decoded.

    Args:
        width: In pixels.
        height: Likewise.
        max_pixels: Of the largest picture that is decoded.
        pixel_bytes: How many bytes of the file hold its pixels, where the format tells.

    Raises:
        ImageDecodeError: It has none.
        ImageTooLargeError: It has too many.
    """
    if width < 1 or height < 1:
        raise ImageDecodeError(DAMAGED)
    if width * height > max_pixels:
        raise ImageTooLargeError(
            f"The picture has {round(width * height / 1_000_000, 1):g} megapixels "
            f"({width} x {height}); the limit is {max_pixels / 1_000_000:g}. "
            "Shrink it, then try again."
        )
    announce_size(width, height, pixel_bytes=pixel_bytes)


def check_missing(missing: float) -> None:
    """Make sure that enough of a picture is there.

    Raises:
        ImageDecodeError: More than a tenth of it is missing.
    """
    if missing > MOST_MISSING:
        raise ImageDecodeError(
            f"The picture is cut short: {missing:.0%} of it is missing. The download or upload may "
            "have stopped early; save it again."
        )


def pad_rows(samples: NDArray[Any], height: int, *, white: int = 255) -> NDArray[Any]:
    """Add white rows below a picture up to a height."""
    padded = np.full((height, *samples.shape[1:]), white, samples.dtype)
    padded[: len(samples)] = samples
    return padded
