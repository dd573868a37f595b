"""Give room for a finished picture: in the box, in the memory in which it comes out of it.

So a picture that is decoded row by row is in memory once, and one that is turned at its end twice.
"""

from collections.abc import Callable

import numpy as np

from preprocessing.images.types import RgbImage

maker: Callable[[int, int], RgbImage] | None = None
"""Called with height and width in pixels; elsewhere pictures have memory of their own."""


def new_canvas(height: int, width: int) -> RgbImage:
    """Return room for the picture that is being decoded, upright, with any content.

    It may be asked for again, and then is the same memory.

    Returns:
        uint8 (height, width, 3).
    """
    return np.empty((height, width, 3), np.uint8) if maker is None else maker(height, width)
