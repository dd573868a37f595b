"""Decode as many rows as a damaged file gives, and find those that are missing."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from preprocessing.errors import ImageDecodeError
from preprocessing.images.formats.raster import DAMAGED, check_missing

# Pixels that differ between two decoded pictures, each filled with one of these before, were not
# in the file.
_FILLINGS = (0, 255)
_READABLE = ("L", "LA", "RGB", "RGBA", "I;16", "I;16B")


def decode_rows(
    data: bytes, kind: str, *, keeps_indices: bool = False
) -> tuple[NDArray[Any], bool]:
    """Decode a file that may be damaged or end too early.

    Rows that are missing at the end are white; in an interlaced picture they repeat the row above.

    Args:
        data: The file.
        kind: Pillow's name of its format, one that Pillow decodes row after row.
        keeps_indices: Return the indices of a palette instead of its colours.

    Returns:
        The samples, shape (height, width) or (height, width, channels), and whether rows are
        missing.

    Raises:
        ImageDecodeError: More than a tenth of the rows is missing.
    """
    one, is_whole = _decode(data, kind, _FILLINGS[0], keeps_indices=keeps_indices)
    if is_whole:
        return one, False
    other, _ = _decode(data, kind, _FILLINGS[1], keeps_indices=keeps_indices)
    is_missing = (one != other).reshape(len(one), -1).any(axis=1)
    check_missing(float(is_missing.mean()))
    _fill(one, is_missing)
    return one, True


def _decode(
    data: bytes, kind: str, filling: int, *, keeps_indices: bool
) -> tuple[NDArray[Any], bool]:
    """Decode onto a filled picture; say whether there was no error."""
    try:
        image = Image.open(io.BytesIO(data), formats=[kind])
    except UnidentifiedImageError:
        raise ImageDecodeError(DAMAGED) from None
    with image:
        bands = len(image.getbands())
        color = filling if bands == 1 else (filling,) * bands
        image.im = Image.new(image.mode, image.size, color).im
        is_whole = True
        try:
            image.load()
        except MemoryError:
            raise
        # Pillow's decoders raise almost anything on damaged files; the rows before stay.
        except Exception:  # noqa: BLE001
            image.tile, is_whole = [], False
        return np.array(image) if keeps_indices else _samples(image), is_whole


def _samples(image: Image.Image) -> NDArray[Any]:
    if image.has_transparency_data:
        return np.array(image.convert("RGBA"))
    return np.array(image if image.mode in _READABLE else image.convert("RGB"))


def _fill(samples: NDArray[Any], is_missing: NDArray[np.bool_]) -> None:
    """Fill the rows that are missing, in place."""
    there = np.flatnonzero(~is_missing)
    if not there.size:
        return
    is_interlaced = is_missing[: there[-1]].any()
    if not is_interlaced:
        samples[there[-1] + 1 :] = 255
        return
    above = np.maximum.accumulate(np.where(is_missing, there[0], np.arange(len(samples))))
    for row in np.flatnonzero(is_missing):
        samples[row] = samples[above[row]]
