"""Give room for a finished picture: in the box, in the memory in which it comes out of it.

So a picture that is decoded row by row is in memory once, and one that is turned at its end twice.
"""

from collections.abc import Callable

import numpy as np

from preprocessing.images.types import GreyImage, RgbImage

maker: Callable[[tuple[int, ...]], GreyImage | RgbImage] | None = None
"""Called with the shape of a picture; elsewhere pictures have memory of their own."""


def new_canvas(shape: tuple[int, ...]) -> GreyImage | RgbImage:
    """Return room for the picture that is being decoded, upright, with any content.

    Asked again for the same picture, it returns the same memory.

    Args:
        shape: (height, width, 3), or (height, width) for grey.

    Returns:
        uint8, of this shape.
    """
    return np.empty(shape, np.uint8) if maker is None else maker(shape)
