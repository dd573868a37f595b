"""Read JPEG files, also those that end too early."""

import io
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from preprocessing.errors import ImageDecodeError, UnsupportedImageError
from preprocessing.images.canvas import new_canvas
from preprocessing.images.formats.colour import strips
from preprocessing.images.formats.icc import cmyk_to_rgb, icc_colours, is_ink_profile
from preprocessing.images.formats.jpeg_noise import noise_after
from preprocessing.images.formats.jpeg_parts import END, JpegParts, take_apart
from preprocessing.images.formats.jpeg_scans import is_to_be_halved
from preprocessing.images.formats.orientation import orientation_of
from preprocessing.images.formats.partial import samples_of
from preprocessing.images.formats.raster import (
    DAMAGED,
    UPRIGHT,
    Raster,
    check_missing,
    check_size,
)

COEFFICIENTS = set(range(64))
# Cyan, magenta, yellow and black.
INKS = 4
# What libjpeg shows where nothing came.
NOTHING = 128
# Pictures with more pixels may be read reduced: the faces that are promised to be found in them are
# still as wide, in half of the pixels, as the detector needs (`preprocessing.faces.search`).
LEAST_REDUCED_PIXELS = 24_000_000


@dataclass(frozen=True)
class _Form:
    """How a file is decoded.

    Attributes:
        is_halved: At half its width and height.
        is_grey: Its luma alone.
    """

    is_halved: bool
    is_grey: bool


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
    if frame.rare_kind:
        raise UnsupportedImageError(
            f"{frame.rare_kind} JPEG files are not read. Save the picture as an ordinary JPEG or "
            "as PNG."
        )
    is_halved = is_to_be_halved(len(parts.scans), frame)
    if frame.precision != 8 or len(frame.components) not in (1, 3, INKS):
        raise UnsupportedImageError(
            f"JPEG files with {frame.precision} bits and {len(frame.components)} channels are not "
            "read. Save the picture as an ordinary JPEG or as PNG."
        )
    clean = parts.without_metadata()
    if not parts.is_whole:
        # Zeros are what a download leaves that was given all its room at once, and half a marker
        # would make one of what follows.
        clean = clean.rstrip(b"\0\xff")
    # A half of either kind is decoded alike; what was asked for whole is enlarged again. What is
    # missing is found by decoding twice, for which large pictures have no memory as a whole.
    is_large = is_halved or frame.width * frame.height > LEAST_REDUCED_PIXELS
    is_halved = is_halved or (is_large and not parts.is_whole)
    is_reduced = may_reduce and is_large and len(frame.components) < INKS
    is_half = is_halved or is_reduced
    channels = len(frame.components)
    colours = None if channels == INKS else icc_colours(parts.profile, channels=channels)
    form = _Form(is_halved=is_half, is_grey=in_grey and colours is None and channels < INKS)
    samples = _decode(clean + END, parts, form, is_quiet=not parts.is_whole)
    is_incomplete = not parts.is_whole
    if is_incomplete or (samples[-1] == NOTHING).all():
        missing = _missing(parts, clean, samples, form)
        check_missing(missing)
        is_incomplete = is_incomplete or missing > 0
    orientation = orientation_of(parts.exif, parts.xmp)
    if is_halved and not is_reduced:
        size = (frame.height, frame.width)
        canvas = new_canvas(*size) if orientation == UPRIGHT else np.empty((*size, 3), np.uint8)
        samples = np.asarray(cv2.resize(samples, size[::-1], dst=canvas), np.uint8)
    return Raster(
        samples,
        colours=colours,
        orientation=orientation,
        is_incomplete=is_incomplete,
        is_halved=is_halved,
        whole_size=(frame.width, frame.height) if is_reduced else None,
    )


def _missing(parts: JpegParts, clean: bytes, samples: NDArray[np.uint8], form: _Form) -> float:
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
    noisy = _decode(clean + noise + END, parts, form, is_quiet=True)
    differing = 0
    for one, other in zip(strips(samples), strips(noisy), strict=True):
        differs = one != other
        differing += int((differs.any(axis=2) if differs.ndim == 3 else differs).sum())
    height, width = samples.shape[:2]
    return float(differing / (height * width))


def _decode(data: bytes, parts: JpegParts, form: _Form, *, is_quiet: bool) -> NDArray[np.uint8]:
    """Decode a JPEG file to grey, shape (height, width), or RGB, perhaps at half width and height.

    OpenCV takes a third of Pillow's time and less than half of its memory, but its libjpeg writes
    to stderr what is wrong with a file, and it takes all inks for such as Adobe stores.
    """
    channels = len(parts.frame.components)
    is_known = channels < INKS or (parts.has_adobe_mark and not is_ink_profile(parts.profile))
    if is_known and not is_quiet:
        is_grey = channels == 1 or form.is_grey
        flag = cv2.IMREAD_GRAYSCALE if is_grey else cv2.IMREAD_COLOR_RGB
        if form.is_halved:
            flag |= cv2.IMREAD_REDUCED_GRAYSCALE_2  # which halves colours too
        buffer = np.frombuffer(data, np.uint8)
        decoded: NDArray[Any] | None = cv2.imdecode(buffer, flag | cv2.IMREAD_IGNORE_ORIENTATION)
        if decoded is not None:
            return np.asarray(decoded, dtype=np.uint8)
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
        if form.is_halved:
            image.draft(None, (image.width // 2, image.height // 2))
        image.load()
        if image.mode == "CMYK":
            return cmyk_to_rgb(image, parts.profile)
        if image.mode not in ("L", "RGB"):
            raise ImageDecodeError(DAMAGED)
        return samples_of(image)
