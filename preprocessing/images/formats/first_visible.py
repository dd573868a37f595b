"""Choose the picture of an animation that is read: the first one that is not empty."""

import itertools
from collections.abc import Iterable

from preprocessing.errors import ImageDecodeError
from preprocessing.images.formats.opacity import is_visible
from preprocessing.images.formats.raster import DAMAGED, Raster

# Animations that fade in begin with a few empty pictures. No more than these are decoded: there is
# memory for a large picture, but not for two.
MOST_PICTURES, MOST_PIXELS = 10, 4_000_000


def first_visible(pictures: Iterable[Raster]) -> Raster:
    """Return the first picture that is not transparent throughout, or else the first of all.

    Args:
        pictures: Of an animation, each on its canvas, decoded when it is asked for.

    Raises:
        ImageDecodeError: There is none.
    """
    first: Raster | None = None
    looked_at = 0
    for picture in itertools.islice(pictures, MOST_PICTURES):
        if is_visible(picture.samples) and not picture.is_hidden:
            return picture
        first = first or picture
        looked_at += picture.samples.shape[0] * picture.samples.shape[1]
        if looked_at > MOST_PIXELS:
            break
    if first is None:
        raise ImageDecodeError(DAMAGED)
    return first
