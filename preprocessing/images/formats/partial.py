"""Read files of which rows are missing: find these, and fill them."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from preprocessing.errors import ImageDecodeError
from preprocessing.images.formats.colour import strips
from preprocessing.images.formats.raster import DAMAGED, check_missing

# Pixels that differ between two decoded pictures, each filled with one of these before, were not
# in the file.
_FILLINGS = (0, 255)


def decode_rows(data: bytes) -> tuple[NDArray[np.uint8], bool]:
    """Decode a GIF file that may be damaged or end too early.

    Args:
        data: The file.

    Returns:
        Indices of its palette, shape (height, width), and whether rows are missing.

    Raises:
        ImageDecodeError: More than a tenth of the rows is missing.
    """
    one, is_whole = _decode(data, _FILLINGS[0])
    if is_whole:
        return one, False
    other, _ = _decode(data, _FILLINGS[1])
    is_missing = (one != other).any(axis=1)
    check_missing(float(is_missing.mean()))
    fill_rows(one, is_missing)
    return one, True


def _decode(data: bytes, filling: int) -> tuple[NDArray[np.uint8], bool]:
    """Decode onto a filled picture; say whether there was no error."""
    try:
        image = Image.open(io.BytesIO(data), formats=["GIF"])
    except UnidentifiedImageError:
        raise ImageDecodeError(DAMAGED) from None
    with image:
        image.im = Image.new(image.mode, image.size, filling).im
        is_whole = True
        try:
            image.load()
        except MemoryError:
            raise
        # Pillow's decoders raise almost anything on damaged files; the rows before stay.
        except Exception:  # noqa: BLE001
            image.tile, is_whole = [], False
        return samples_of(image), is_whole


def samples_of(image: Image.Image, *, into: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """Return the samples of a picture of 8 bits that Pillow holds.

    Strip by strip: otherwise Pillow makes two copies more.

    Args:
        image: The picture.
        into: Where the samples go, of their shape; by default they have memory of their own.
    """
    width, height = image.size
    channels = len(image.getbands())
    shape = (height, width) if channels == 1 else (height, width, channels)
    samples = np.empty(shape, np.uint8) if into is None else into
    top = 0
    for strip in strips(samples):
        strip[:] = np.asarray(image.crop((0, top, width, top + len(strip))))
        top += len(strip)
    return samples


def fill_rows(samples: NDArray[Any], is_missing: NDArray[np.bool_]) -> None:
    """Fill the rows that are missing, in place.

    At the end they become white; in an interlaced picture they repeat the row above.

    Args:
        samples: Shape (height, width) or (height, width, channels).
        is_missing: Shape (height,).
    """
    there = np.flatnonzero(~is_missing)
    if not there.size:
        return
    is_interlaced = is_missing[: there[-1]].any()
    if not is_interlaced:
        white = 255 if samples.dtype == np.uint8 else samples[there].max()
        samples[there[-1] + 1 :] = white
        return
    above = np.maximum.accumulate(np.where(is_missing, there[0], np.arange(len(samples))))
    for row in np.flatnonzero(is_missing):
        samples[row] = samples[above[row]]
