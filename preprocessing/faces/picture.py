"""A picture as the search sees it: in grey and in colour, each with its halves."""

import math
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.faces.geometry import sample_square
from preprocessing.faces.light import brighten
from preprocessing.images.decode import to_grey
from preprocessing.images.types import GreyImage, RgbImage

# A pixel has a colour if its channels differ by `LEAST_COLOUR` levels of 255: JPEG's rounding makes
# grey differ by 2. One pixel in `PROBED_EVERY_PX` of a row and a column is looked at, and a picture
# has colours if this fraction of them has: a grey photo with a stamp on it has none.
LEAST_COLOUR = 8
PROBED_EVERY_PX = 16
LEAST_COLOURED = 0.1
# Colours are noise, as in the dark, where those of pixels `NEAR_PX` apart differ by so many levels
# in the median, and by so many times what their grey levels differ by. Photos have 11 levels and 1
# time at most, with noise of 30 levels in each channel 61 and 3. With blotches of 20 levels in the
# colours alone, 46 levels and 3.6 times or more, 67 % of faces are found in colour, 98 % in grey.
NOISY_COLOUR, NOISIER_THAN_GREY, NEAR_PX = 36, 3.5, 8
# A picture is tinted, as by night vision or a stage's light, if its brightest channel has this many
# times the light of the next; photos have 1.3 at most. Of faces in blue light 89 % are found in
# colour and 98 % in grey, in green with noise of 15 levels 27 and 80 %.
TINTED = 2
# From this scale on each pixel still counts when pixels are interpolated, which takes a seventh of
# the time of averaging them.
LEAST_INTERPOLATED = 0.7


class Pyramid:
    """An upright picture, and its halves, their halves and so on, made as they are needed.

    Halving a picture is quick, and whatever needs it smaller starts from the smallest half that
    still has enough pixels. Halving leaves out an odd row or column, so level n may lack up to
    2^n - 1 pixels of the picture's right and bottom edge.

    Attributes:
        full: The picture itself, uint8 `(height, width)` or `(height, width, 3)`.
        reduction: How many pixels of the photo, in width and height, make one of the picture.
    """

    def __init__(self, full: GreyImage | RgbImage, *, reduction: int = 1) -> None:
        """Start with the picture itself."""
        self.full = full
        self.reduction = reduction
        self._levels = [full]

    @property
    def has_colours(self) -> bool:
        """Whether it has three channels."""
        return self.full.ndim == 3

    @property
    def width(self) -> int:
        """Width in pixels."""
        width: int = self.full.shape[1]
        return width

    @property
    def height(self) -> int:
        """Height in pixels."""
        height: int = self.full.shape[0]
        return height

    def scaled(self, scale: float) -> GreyImage | RgbImage:
        """Return the whole picture shrunk or enlarged by a factor."""
        level = self._level(scale)
        return _rescale(self._levels[level], scale * 2**level)

    def sample(
        self,
        transform: NDArray[np.float64],
        *,
        size_px: int,
        outside: int = cv2.BORDER_REPLICATE,
    ) -> GreyImage | RgbImage:
        """Sample a square, as `sample_square` does, from the smallest level that has its detail.

        Args:
            transform: Similarity from source to square, shape (2, 3).
            size_px: Side of the square.
            outside: OpenCV's border mode for what lies outside the picture.

        Returns:
            uint8 `(size_px, size_px)`, or `(size_px, size_px, 3)` where the picture has colours.
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


class Picture:
    """An upright picture to be searched: a detector may see it in colour, dlib sees it in grey.

    A dark one is seen brighter, and chips are cut from it so.

    YuNet learnt from pictures in colour. In the annotated photos, shrunk until faces are 13 to 35
    px wide, it scores 84 % of them 0.75 or more in colour, and 37 % in grey. But a picture that is
    tinted, or whose colours are noise, is seen in grey.
    """

    def __init__(self, image: GreyImage | RgbImage, *, reduction: int = 1) -> None:
        """Take a picture.

        Args:
            image: uint8 `(height, width)` or `(height, width, 3)`.
            reduction: See `Pyramid.reduction`.
        """
        bright = brighten(image)
        self._image = bright if _has_colours(bright) else brighten(to_grey(image))
        self._reduction = reduction

    @cached_property
    def grey(self) -> Pyramid:
        """The picture in grey."""
        return Pyramid(to_grey(self._image), reduction=self._reduction)

    @cached_property
    def colour(self) -> Pyramid:
        """The picture in colour; in grey where it has no colours."""
        if self._image.ndim == 2:
            return self.grey
        return Pyramid(self._image, reduction=self._reduction)


def _has_colours(image: GreyImage | RgbImage) -> bool:
    if image.ndim == 2:
        return False
    probes = _probes(image).astype(np.int16)
    coloured = probes.max(axis=2) - probes.min(axis=2) >= LEAST_COLOUR
    _, next_brightest, brightest = np.sort(probes.mean(axis=(0, 1)))
    is_tinted = brightest >= TINTED * next_brightest
    return coloured.mean() >= LEAST_COLOURED and not (is_tinted or _has_noisy_colours(image))


def _has_noisy_colours(image: RgbImage) -> bool:
    near = _probes(image[:, NEAR_PX:])
    if not near.size:
        return False
    here = np.ascontiguousarray(_probes(image)[:, : near.shape[1]])
    change = here.astype(np.int16) - near
    of_colour = np.median(np.abs(change[..., ::2] - change[..., 1:2]).max(axis=2))
    of_grey = np.median(np.abs(to_grey(here).astype(np.int16) - to_grey(near)))
    return bool(of_colour >= max(NOISY_COLOUR, NOISIER_THAN_GREY * of_grey))


def _probes(image: RgbImage) -> RgbImage:
    return np.ascontiguousarray(image[::PROBED_EVERY_PX, ::PROBED_EVERY_PX])


def _rescale(image: GreyImage | RgbImage, scale: float) -> GreyImage | RgbImage:
    if scale == 1:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    if LEAST_INTERPOLATED <= scale < 1:
        interpolation = cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=interpolation), dtype=np.uint8)
