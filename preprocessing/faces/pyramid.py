"""A picture and its halves, so that large faces are not sampled from more pixels than it takes."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.faces.geometry import sample_square
from preprocessing.images.types import GreyImage


class Pyramid:
    """An upright grey picture, and its halves, their halves and so on, made as they are needed.

    Halving a picture is quick, and whatever needs it smaller starts from the smallest half that
    still has enough pixels. Halving leaves out an odd row or column, so level n may lack up to
    2^n - 1 pixels of the picture's right and bottom edge.
    """

    def __init__(self, grey: GreyImage) -> None:
        """Start with the picture itself, uint8 `(height, width)`."""
        self.grey = grey
        self._levels = [grey]

    def scaled(self, scale: float) -> GreyImage:
        """Return the whole picture shrunk or enlarged by a factor."""
        level = self._level(scale)
        return _rescale(self._levels[level], scale * 2**level)

    def sample(
        self,
        transform: NDArray[np.float64],
        *,
        size_px: int,
        outside: int = cv2.BORDER_REPLICATE,
    ) -> GreyImage:
        """Sample a square, as `sample_square` does, from the smallest level that has its detail.

        Args:
            transform: Similarity from source to square, shape (2, 3).
            size_px: Side of the square.
            outside: OpenCV's border mode for what lies outside the picture.

        Returns:
            uint8 `(size_px, size_px)`.
        """
        # Twice as large as the square needs it: `sample_square` averages several samples a pixel.
        level = self._level(2 * math.hypot(transform[0, 0], transform[1, 0]))
        pixel = 2**level
        # The middle of a level's first pixel lies (pixel - 1) / 2 into the picture.
        from_level = transform * pixel
        from_level[:, 2] = transform[:, :2] @ np.full(2, (pixel - 1) / 2) + transform[:, 2]
        return sample_square(self._levels[level], from_level, size_px=size_px, outside=outside)

    def _level(self, scale: float) -> int:
        """Return the smallest level that is at least as large as the picture at a scale."""
        wanted = max(0, math.floor(-math.log2(scale)))
        while len(self._levels) <= wanted:
            last = self._levels[-1]
            width, height = last.shape[1] // 2, last.shape[0] // 2
            if min(width, height) == 0:
                break
            even = last[: 2 * height, : 2 * width]
            half = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)
            self._levels.append(np.asarray(half, np.uint8))
        return min(wanted, len(self._levels) - 1)


def _rescale(grey: GreyImage, scale: float) -> GreyImage:
    if scale == 1:
        return grey
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(grey, size, interpolation=interpolation), dtype=np.uint8)
