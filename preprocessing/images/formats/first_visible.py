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
        has_colours = _has_colours(picture.samples)
        if has_colours and not picture.is_hidden and is_visible(picture.samples):
            return picture
        if first is None:
            first = picture
            only_colour = None if has_colours else picture.samples[0, 0].copy()
        looked_at += picture.samples.shape[0] * picture.samples.shape[1]
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
    first = samples[:1, :1]
    # A few pixels nearly always tell.
    few = samples[::_STEP, ::_STEP]
    return bool((few != first).any()) or any((strip != first).any() for strip in strips(samples))
