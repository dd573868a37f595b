"""Read JPEG files, also those that end too early."""

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.errors import UnsupportedImageError
from preprocessing.images.canvas import new_canvas
from preprocessing.images.formats.colour import strips
from preprocessing.images.formats.icc import icc_colours
from preprocessing.images.formats.jpeg_noise import noise_after
from preprocessing.images.formats.jpeg_parts import END, Frame, JpegParts, take_apart
from preprocessing.images.formats.jpeg_pixels import INKS, Decoded, Form, decode_samples
from preprocessing.images.formats.jpeg_scans import is_to_be_halved, takes_long_twice
from preprocessing.images.formats.orientation import orientation_of
from preprocessing.images.formats.raster import UPRIGHT, Raster, check_missing, check_size

COEFFICIENTS = set(range(64))
# What libjpeg shows where nothing came.
NOTHING = 128
# Pictures with more pixels may be read reduced: the faces that are promised to be found in them are
# still as wide, in half of the pixels, as the detector needs (`preprocessing.faces.search`).
LEAST_REDUCED_PIXELS = 24_000_000


def read_jpeg(
    data: bytes, *, max_pixels: int, may_reduce: bool = False, in_grey: bool = False
) -> Raster:
    """Read the first picture of a JPEG file.

    Args:
        data: The file.
        max_pixels: Of the largest picture that is read.
        may_reduce: Read a large picture at a half of its width and height. That takes a part of the
            time and a quarter of the memory, for libjpeg leaves out the finest waves of each block.
        in_grey: Read the luma alone, where the file's colours need no conversion. That takes a
            third of the time and of the memory.

    Raises:
        ImageDecodeError: It is damaged, or more than a tenth of it is missing.
        ImageTooLargeError: It has too many pixels.
        UnsupportedImageError: It is of a rare kind.
    """
    parts = take_apart(data)
    frame = parts.frame
    check_size(frame.width, frame.height, max_pixels, pixel_bytes=parts.pixel_bytes)
    _check_kind(frame)
    channels = len(frame.components)
    colours = None if channels == INKS else icc_colours(parts.profile, channels=channels)
    is_grey = channels == 1 or (in_grey and colours is None and channels < INKS)
    form = _choose_form(parts, may_reduce=may_reduce, is_grey=is_grey)
    orientation = orientation_of(parts.exif, parts.xmp)
    is_final = orientation == UPRIGHT and is_grey == in_grey
    shape = form.shape(frame)
    room = new_canvas(shape) if is_final and not form.is_enlarged else np.empty(shape, np.uint8)
    (samples, is_damaged), is_incomplete = _decode_what_came(parts, form, room)
    if form.is_enlarged:
        shape = (frame.height, frame.width, *samples.shape[2:])
        room = new_canvas(shape) if is_final else np.empty(shape, np.uint8)
        samples = np.asarray(cv2.resize(samples, shape[1::-1], dst=room), np.uint8)
    return Raster(
        samples,
        colours=colours,
        orientation=orientation,
        is_incomplete=is_incomplete,
        is_damaged=is_damaged and not is_incomplete,
        is_halved=form.is_halved,
        whole_size=(frame.width, frame.height) if form.is_reduced else None,
    )


def _check_kind(frame: Frame) -> None:
    """Make sure that a picture is coded in a way that is read.

    Raises:
        UnsupportedImageError: It is not.
    """
    if frame.rare_kind:
        raise UnsupportedImageError(
            f"{frame.rare_kind} JPEG files are not read. Save the picture as an ordinary JPEG or "
            "as PNG."
        )
    if frame.precision != 8 or len(frame.components) not in (1, 3, INKS):
        raise UnsupportedImageError(
            f"JPEG files with {frame.precision} bits and {len(frame.components)} channels are not "
            "read. Save the picture as an ordinary JPEG or as PNG."
        )


def _choose_form(parts: JpegParts, *, may_reduce: bool, is_grey: bool) -> Form:
    """Choose how a file is decoded.

    What is missing of a file is found by decoding it twice, for which large pictures have no memory
    as a whole.

    Raises:
        TooCostlyImageError: Its scans are far too much work.
    """
    frame = parts.frame
    takes_much = is_to_be_halved(len(parts.scans), frame)
    is_large = takes_much or frame.width * frame.height > LEAST_REDUCED_PIXELS
    is_reduced = may_reduce and is_large and len(frame.components) < INKS
    is_read_once = not parts.is_whole or (is_reduced and takes_long_twice(len(parts.scans), frame))
    return Form(
        is_grey=is_grey,
        is_halved=takes_much or (is_large and is_read_once),
        is_reduced=is_reduced,
    )


def _decode_what_came(
    parts: JpegParts, form: Form, room: NDArray[np.uint8]
) -> tuple[Decoded, bool]:
    """Decode as much of a file as there is, and say whether any of it is missing.

    Raises:
        ImageDecodeError: More than a tenth of it is missing.
    """
    clean = parts.without_metadata()
    if not parts.is_whole:
        # Zeros are what a download leaves that was given all its room at once, and half a marker
        # would make one of what follows.
        clean = clean.rstrip(b"\0\xff")
    decoded = decode_samples(clean + END, parts, form, room)
    is_incomplete = not parts.is_whole
    if is_incomplete or (decoded.samples[-1] == NOTHING).all():
        missing = _missing(parts, clean, decoded.samples, form)
        check_missing(missing)
        is_incomplete = is_incomplete or missing > 0
    return decoded, is_incomplete


def _missing(parts: JpegParts, clean: bytes, samples: NDArray[np.uint8], form: Form) -> float:
    """Return which fraction of the pixels has no data in a file that ends within a scan.

    Where the first channel, the luma, has all its coefficients from scans before the last, only
    colour or the last bits of them are missing, and no pixel is.
    """
    luma = parts.frame.components[0]
    # Lossless scans tell a way to predict in place of the first coefficient, and none as the last.
    brought = [
        (COEFFICIENTS if scan.first > scan.last else set(range(scan.first, scan.last + 1)))
        if luma in scan.components and not scan.is_refinement
        else set()
        for scan in parts.scans
    ]
    before = set().union(*brought[:-1])
    if before >= COEFFICIENTS:
        return 0.0
    if not before | brought[-1] >= COEFFICIENTS:
        return 1.0
    # Two pictures that differ only where the file says nothing.
    noise = noise_after(clean, parts)
    noisy = decode_samples(clean + noise + END, parts, form, np.empty_like(samples)).samples
    differing = 0
    for one, other in zip(strips(samples), strips(noisy), strict=True):
        differs = one != other
        differing += int((differs.any(axis=2) if differs.ndim == 3 else differs).sum())
    height, width = samples.shape[:2]
    return float(differing / (height * width))
