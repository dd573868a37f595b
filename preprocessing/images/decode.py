"""Decode any picture that a user has into upright RGB."""

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.errors import (
    ImageDecodeError,
    MienError,
    UnsupportedImageError,
)
from preprocessing.images.box.client import shared_box
from preprocessing.images.canvas import new_canvas
from preprocessing.images.formats.jpeg import read_jpeg
from preprocessing.images.formats.kinds import Kind, find_picture
from preprocessing.images.formats.levels import to_eight_bits
from preprocessing.images.formats.opacity import has_opacity, lay_on_white
from preprocessing.images.formats.orientation import turn_upright, upright_size
from preprocessing.images.formats.others import name_of_other
from preprocessing.images.formats.raster import DAMAGED, UPRIGHT, Raster
from preprocessing.images.formats.readers import READERS
from preprocessing.images.formats.text_mode import undo_text_mode
from preprocessing.images.types import (
    MAX_PIXELS,
    DecodedPicture,
    GreyImage,
    PictureNote,
    RgbImage,
    Whole,
)

# Files with these endings are taken for pictures; their content decides how they are read.
PICTURE_SUFFIXES = {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".gif", ".bmp", ".dib",
    ".ico", ".tif", ".tiff", ".heic", ".heif", ".hif", ".avif", ".pbm", ".pgm", ".ppm", ".pnm",
    ".pam", ".pfm",
}  # fmt: skip
FORMATS = "JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC or AVIF"
"""Those that people are told of; others are read too, as `formats/readers.py` says."""
UNSUPPORTED = f"This is {{}}. Send a {FORMATS} file."
NO_PICTURE = UNSUPPORTED.format("not a picture in a format that Mien reads")


def decode_image(data: bytes, *, max_pixels: int = MAX_PIXELS) -> RgbImage:
    """Decode a picture as `decode_here` does, and return its pixels alone."""
    return decode_picture(data, max_pixels=max_pixels).pixels


def decode_picture(
    data: bytes, *, max_pixels: int = MAX_PIXELS, may_reduce: bool = False
) -> DecodedPicture:
    """Decode a picture as `decode_here` does, in the box: nothing that is in it does harm.

    Args:
        data: See `decode_here`.
        max_pixels: Likewise.
        may_reduce: Likewise.

    Raises:
        UnsupportedImageError: The bytes are no picture of these formats.
        ImageDecodeError: The picture is empty or damaged, or more than a tenth of it is missing.
        ImageTooLargeError: It has more than `max_pixels` pixels by its header.
        TooCostlyImageError: It takes more memory or processor time than a picture may.
    """
    return shared_box().decode(data, max_pixels=max_pixels, may_reduce=may_reduce)


def decode_here(
    data: bytes,
    *,
    max_pixels: int = MAX_PIXELS,
    may_reduce: bool = False,
    in_grey: bool = False,
) -> DecodedPicture:
    """Decode a picture, turn it upright, convert its colours to sRGB, and flatten it.

    Transparent parts lie on white; a picture that is transparent throughout is taken as opaque. Of
    an animation the first picture is taken that is not empty, and of several pages the first.
    Metadata is not read, but for orientation and colour profile.

    Args:
        data: The bytes of a JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC or AVIF file; also of an icon,
            PBM, PGM, PPM, PAM or PFM file.
        max_pixels: Of the largest picture that is decoded.
        may_reduce: Read a large JPEG at a half of its width and height (`DecodedPicture.whole`).
        in_grey: Return the luma alone, of which the colours of a JPEG need not be decoded.

    Raises:
        UnsupportedImageError: The bytes are no picture of these formats.
        ImageDecodeError: The picture is empty or damaged, or more than a tenth of it is missing.
        ImageTooLargeError: It has more than `max_pixels` pixels by its header.
        TooCostlyImageError: Its header asks for far more work than its pixels need.
        MemoryError: There is not enough memory.
    """
    with _errors_that_say_something():
        raster = _read(data, max_pixels=max_pixels, may_reduce=may_reduce, in_grey=in_grey)
        pixels = _to_grey(raster) if in_grey else _to_rgb(raster)
    said = {
        PictureNote.INCOMPLETE: raster.is_incomplete,
        PictureNote.DAMAGED: raster.is_damaged,
        PictureNote.HALVED: raster.is_halved,
        PictureNote.MORE_PICTURES: raster.is_one_of_several,
    }
    notes = tuple(note for note, is_so in said.items() if is_so)
    if raster.whole_size is None:
        return DecodedPicture(pixels, notes)
    width, height = upright_size(*raster.whole_size, raster.orientation)
    if raster.is_halved:
        return DecodedPicture(pixels, notes, Whole(width, height, None))

    def read_whole() -> GreyImage:
        return decode_here(data, max_pixels=max_pixels, in_grey=True).pixels

    return DecodedPicture(pixels, notes, Whole(width, height, read_whole))


def to_grey(image: GreyImage | RgbImage) -> GreyImage:
    """Return the luma of a picture by ITU-R BT.601, uint8 (height, width); a grey one as it is."""
    if image.ndim == 2:
        return image
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _read(data: bytes, *, max_pixels: int, may_reduce: bool, in_grey: bool) -> Raster:
    """Read the pixels of a picture as its file holds them."""
    if not data:
        raise ImageDecodeError("The picture is empty: 0 bytes received.")
    data = undo_text_mode(data)
    found = find_picture(data)
    if found is None:
        name = name_of_other(data)
        raise UnsupportedImageError(
            UNSUPPORTED.format(f"{name}, which Mien does not read") if name else NO_PICTURE
        )
    picture = data[found.start :] if found.start else data
    if found.kind is Kind.JPEG:
        return read_jpeg(picture, max_pixels=max_pixels, may_reduce=may_reduce, in_grey=in_grey)
    return READERS[found.kind](picture, max_pixels=max_pixels)


@contextlib.contextmanager
def _errors_that_say_something() -> Iterator[None]:
    """Replace what decoders raise."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of oddities in files that it reads anyway
        try:
            yield
        except (MienError, MemoryError):
            raise
        except cv2.error as error:
            if error.code == cv2.Error.StsNoMem:
                raise MemoryError from None
            raise ImageDecodeError(DAMAGED) from error
        # Decoders raise almost anything on damaged files.
        except Exception as error:
            raise ImageDecodeError(DAMAGED) from error


def _to_grey(raster: Raster) -> GreyImage:
    return turn_upright(to_grey(_flat(raster)), raster.orientation)


def _to_rgb(raster: Raster) -> RgbImage:
    flat = _flat(raster)
    width, height = upright_size(flat.shape[1], flat.shape[0], raster.orientation)
    if flat.ndim == 2:
        upright = turn_upright(flat, raster.orientation)
        canvas = new_canvas((height, width, 3))
        return np.asarray(cv2.cvtColor(upright, cv2.COLOR_GRAY2RGB, dst=canvas), dtype=np.uint8)
    if raster.orientation == UPRIGHT:
        return flat
    return turn_upright(flat, raster.orientation, into=new_canvas((height, width, 3)))


def _flat(raster: Raster) -> GreyImage | RgbImage:
    """Return the pixels in eight bits, opaque and in sRGB, but not yet upright."""
    samples: NDArray[Any] = raster.samples
    flat = to_eight_bits(samples, largest=raster.largest, has_opacity=has_opacity(samples))
    if has_opacity(flat):
        return lay_on_white(flat, colours=raster.colours)
    if raster.colours is not None:
        if not flat.flags.c_contiguous or not flat.flags.writeable:
            flat = flat.copy()
        raster.colours.convert(flat)
    return flat
