"""Read a picture in any of the ways in which a Python program has it: what `mien.predict` takes."""

import io
import os
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from preprocessing.errors import ImageDecodeError
from preprocessing.images.picture_file import read_picture_file
from preprocessing.images.types import RgbImage

Picture: TypeAlias = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | Image.Image | NDArray[Any]
)
"""Path, bytes of a picture file, file that is open for reading bytes, Pillow image, or array: uint8
(height, width), (height, width, 1), or (height, width, 3 or 4) in the order RGB or RGBA."""

# Pillow's modes by what can hold them.
_PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
_ONLY_TIFF = ("F", "I")
# Those with opacity that no file holds, and their likes that one does.
_WITH_OPACITY = {"La": "LA", "PA": "RGBA", "RGBa": "RGBA"}
_SIXTEEN_BITS = "I;16"
_ADDRESSES = ("http://", "https://", "ftp://", "file://", "data:")
# What Pillow raises where a file is damaged or, in one version or another, was closed.
_UNREADABLE = (OSError, SyntaxError, struct.error, ValueError, AssertionError, AttributeError)
# On Linux; a file whose path is longer cannot be opened.
_LONGEST_PATH = 4_096
_CHANNELS = (1, 3, 4)
_RGBA = 4
# By the least and largest number, the first that fits.
_FRACTIONS = {
    (0, 1): " Convert numbers from 0 to 1: (array * 255).round().astype('uint8').",
    (-1, 1): " Convert numbers from -1 to 1: ((array + 1) * 127.5).round().astype('uint8').",
    (-10, 10): " If mean and deviation were taken out of it, put them back: array * std + mean.",
    (
        -np.inf,
        np.inf,
    ): " Convert numbers from 0 to 255: array.clip(0, 255).round().astype('uint8').",
}
_WHOLE_NUMBERS = {
    (-np.inf, 255): " Convert numbers from 0 to 255: array.clip(0, 255).astype('uint8').",
    (-np.inf, np.inf): " Convert numbers from 0 to 65535: (array // 257).astype('uint8').",
}
_CONVERSIONS = {"f": _FRACTIONS, "i": _WHOLE_NUMBERS, "u": _WHOLE_NUMBERS}
_OF_YES_AND_NO = " Convert it: array.astype('uint8') * 255."


def read_given(picture: Any) -> bytes | RgbImage:
    """Return the bytes of a picture file, or an RGB array, uint8 (height, width, 3).

    Args:
        picture: A `Picture`; anything else is refused.

    Raises:
        ImageDecodeError: It is empty, an address, a folder, a far too large file, or an array that
            is no picture.
        TypeError: It is nothing that can be a picture.
        OSError: The file cannot be opened.
    """
    if isinstance(picture, bytes | bytearray | memoryview):
        return bytes(picture)
    if isinstance(picture, str | os.PathLike):
        return _read_path(os.fsdecode(picture))
    if isinstance(picture, Image.Image):
        return _to_file(picture)
    if isinstance(picture, np.ndarray):
        return _to_rgb(np.asarray(picture))  # a matrix cannot have three axes
    if hasattr(picture, "read"):
        return _read_open(picture)
    if hasattr(picture, "__array__"):  # such as a tensor
        return _to_rgb(np.asarray(picture))
    raise _not_taken(picture)


def _read_path(path: str) -> bytes:
    if path.lower().startswith(_ADDRESSES):
        raise ImageDecodeError(
            f"{path[:80]} is an address. Fetch the picture first, and give its bytes or the path "
            "of its file."
        )
    if len(path) > _LONGEST_PATH or "\0" in path:
        raise ImageDecodeError(
            f"{path[:20]!r}... is no path. Give the bytes of a picture; those of Base64 text are "
            "base64.b64decode(text)."
        )
    if not path:
        raise ImageDecodeError("The path is empty.")
    file = Path(os.path.expanduser(path))  # noqa: PTH111 - raises nothing
    if file.is_dir():
        raise ImageDecodeError(
            f"{file} is a folder. Give one picture at a time: [mien.predict(file) for file in "
            f"Path({str(file)!r}).glob('*.jpg')]"
        )
    return read_picture_file(file)


def _read_open(file: Any) -> bytes:
    try:
        data = None if isinstance(file, io.TextIOBase) else file.read()
    except io.UnsupportedOperation:  # it is open for writing
        data = None
    except ValueError as error:
        raise ImageDecodeError(
            "The open file cannot be read, perhaps because it was closed. Give it before the end "
            "of the with block that opens it, or give the path of the file."
        ) from error
    if not isinstance(data, bytes):
        raise TypeError(
            "An open file must give bytes: open it with open(path, 'rb'), or await what the read "
            "of an asynchronous one gives. "
            f"Received: {type(file).__name__}"
        )
    if not data:
        raise ImageDecodeError(
            "The open file has no more bytes. If it was read or written before, go back to its "
            "beginning with seek(0)."
        )
    return data


def _to_file(image: Image.Image) -> bytes:
    """Return a Pillow image as a file without loss, so that it is decoded as all pictures are."""
    if not (image.width and image.height):
        raise ImageDecodeError(f"The Pillow image has no pixels. Received: size {image.size}")
    try:
        image.load()
    except _UNREADABLE as error:
        raise ImageDecodeError(
            "Pillow cannot read the image, which may be closed, or its file damaged. Give the path "
            "or the bytes of the file instead."
        ) from error
    file = io.BytesIO()
    if image.mode in _ONLY_TIFF:
        image.save(file, "TIFF")
        return file.getvalue()
    if image.mode in _PNG_MODES:
        shown = image
    elif image.mode.startswith(_SIXTEEN_BITS):
        # In another order of bytes, which Pillow itself does not convert.
        shown = Image.fromarray(np.asarray(image).astype(np.uint16))
    else:
        shown = image.convert(_WITH_OPACITY.get(image.mode, "RGB"))
    profile = image.info.get("icc_profile") if shown is image else None
    # Not compressed: it is read again at once.
    shown.save(file, "PNG", compress_level=0, exif=_orientation_alone(image), icc_profile=profile)
    return file.getvalue()


def _orientation_alone(image: Image.Image) -> Image.Exif:
    """Return how an image is to be turned, without the rest of its EXIF data.

    Pillow reads values that it cannot write, such as a resolution that is a text.
    """
    alone = Image.Exif()
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except (SyntaxError, struct.error, ValueError, TypeError, LookupError, OSError):
        return alone  # the data is damaged
    if isinstance(orientation, int) and orientation in range(1, 9):
        alone[ExifTags.Base.Orientation] = orientation
    return alone


def _to_rgb(array: NDArray[Any]) -> bytes | RgbImage:
    """Return a grey or RGB array as RGB, and one with opacity as a file, where it lies on white."""
    shape = array.shape
    is_grey = array.ndim == 2 or shape[2:] == (1,)
    if array.dtype != np.uint8 or not (is_grey or shape[2:] in ((3,), (_RGBA,))) or not array.size:
        raise ImageDecodeError(
            "A picture as an array must be grey, RGB or RGBA, uint8 of shape (height, width) or "
            f"(height, width, channels). Received: {array.dtype} {shape}.{_remedy(array)}"
        )
    if is_grey:
        return np.repeat(array.reshape(*shape[:2], 1), 3, axis=2)
    whole = np.ascontiguousarray(array)
    return whole if shape[2] != _RGBA else _to_file(Image.fromarray(whole, "RGBA"))


def _remedy(array: NDArray[Any]) -> str:
    """Say how such an array becomes a picture; empty where that is not known."""
    if array.ndim == 1 and array.dtype == np.uint8:
        return " If it holds a file, give its bytes: array.tobytes()."
    if array.ndim == 4:
        return " Give one picture at a time: array[0], array[1], ..."
    if array.ndim == 3 and array.shape[0] in _CHANNELS and array.shape[2] not in _CHANNELS:
        return " Put its channels last: array.transpose(1, 2, 0)."
    if array.dtype == np.bool_:
        return _OF_YES_AND_NO
    ways = _CONVERSIONS.get(array.dtype.kind, {}) if array.dtype != np.uint8 and array.size else {}
    # Numbers that are none are passed over, without a warning where there are no others.
    least, largest = (np.fmin.reduce(array, None), np.fmax.reduce(array, None)) if ways else (0, 0)
    fitting = (way for (low, high), way in ways.items() if low <= least and largest <= high)
    return next(fitting, "")


def _not_taken(given: Any) -> TypeError:
    remedy = ""
    if given is None:
        remedy = (
            " cv2.imread returns None where it cannot read a file. Give the path of the file "
            "instead."
        )
    elif isinstance(given, Iterable):
        remedy = " Give one picture at a time: [mien.predict(picture) for picture in pictures]"
    return TypeError(
        "A picture is a path, the bytes of a file, an open file, a Pillow image or an array. "
        f"Received: {type(given).__name__}.{remedy}"
    )
