"""Choose the picture of an animation that is read: the first one that shows anything."""

import itertools
from collections.abc import Iterable
from typing import Any

from numpy.typing import NDArray

from preprocessing.errors import ImageDecodeError
from preprocessing.images.formats.colour import strips
from preprocessing.images.formats.opacity import is_visible
from preprocessing.images.formats.raster import DAMAGED, Raster

# Animations that fade in begin with a few empty, black or white pictures. No more than these are
# decoded: there is memory for a large picture, but not for two.
MOST_PICTURES, MOST_PIXELS = 10, 4_000_000
_STEP = 16


def first_visible(pictures: Iterable[Raster]) -> Raster:
    """Return the first picture with more than one colour, or else the first of all.

    Args:
        pictures: Of an animation, each on its canvas, decoded when it is asked for.

    Raises:
        ImageDecodeError: There is none.
    """
    first: Raster | None = None
    only_colour: NDArray[Any] | None = None
    looked_at = 0
    for picture in itertools.islice(pictures, MOST_PICTURES):
        pixels = picture.samples.shape[0] * picture.samples.shape[1]
        # After a larger one no other is looked at, so what it shows need not be known.
        is_plain = pixels <= MOST_PIXELS and not _has_colours(picture.samples)
        if not is_plain and not picture.is_hidden and is_visible(picture.samples):
            return picture
        if first is None:
            first = picture
            only_colour = picture.samples[0, 0].copy() if is_plain else None
        looked_at += pixels
        if looked_at > MOST_PIXELS:
            break
    if first is None:
        raise ImageDecodeError(DAMAGED)
    if only_colour is not None and first.samples.flags.writeable:
        # Those after it may have been decoded into the same memory (`new_canvas`).
        first.samples[:] = only_colour
    return first


def _has_colours(samples: NDArray[Any]) -> bool:
    """Say whether a picture has more than one colour."""
    row = samples[0]
    # A few rows nearly always tell.
    return bool((row != row[:1]).any() or (samples[::_STEP] != row).any()) or any(
        (strip != row).any() for strip in strips(samples)
    )
