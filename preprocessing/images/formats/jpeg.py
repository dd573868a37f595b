"""Read JPEG files, also those that end too early."""

import io
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from preprocessing.errors import ImageDecodeError, UnsupportedImageError
from preprocessing.images.formats.icc import cmyk_to_rgb, icc_colours, is_ink_profile
from preprocessing.images.formats.jpeg_noise import noise_after
from preprocessing.images.formats.jpeg_parts import END, JpegParts, take_apart
from preprocessing.images.formats.jpeg_scans import check_scans
from preprocessing.images.formats.orientation import orientation_of
from preprocessing.images.formats.raster import DAMAGED, Raster, check_missing, check_size

COEFFICIENTS = set(range(64))
# Cyan, magenta, yellow and black.
INKS = 4
# What libjpeg shows where nothing came.
NOTHING = 128
# Pictures with more pixels may be read reduced: the faces that are promised to be found in them are
# still as wide, in half of the pixels, as the detector needs (`preprocessing.faces.search`).
LEAST_REDUCED_PIXELS = 24_000_000


def read_jpeg(data: bytes, *, max_pixels: int, may_reduce: bool = False) -> Raster:
    """Read the first picture of a JPEG file.

    Args:
        data: The file.
        max_pixels: Of the largest picture that is read.
        may_reduce: Read a large picture at a half of its width and height. That takes a part of the
            time and a quarter of the memory, for libjpeg leaves out the finest waves of each block.

    Raises:
        ImageDecodeError: It is damaged, or more than a tenth of it is missing.
        ImageTooLargeError: It has too many pixels.
        UnsupportedImageError: It is of a rare kind.
    """
    parts = take_apart(data)
    frame = parts.frame
    check_size(frame.width, frame.height, max_pixels, pixel_bytes=parts.pixel_bytes)
    check_scans(len(parts.scans), frame)
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
    reduced = _decode_reduced(clean + END, parts) if may_reduce else None
    samples = reduced
    if samples is None:
        samples = _decode(clean + END, parts, is_quiet=not parts.is_whole)
    is_incomplete = not parts.is_whole
    if is_incomplete or (samples[-1] == NOTHING).all():
        missing = _missing(parts, clean, samples)
        check_missing(missing)
        is_incomplete = is_incomplete or missing > 0
    channels = len(frame.components)
    return Raster(
        samples,
        colours=None if channels == INKS else icc_colours(parts.profile, channels=channels),
        orientation=orientation_of(parts.exif, parts.xmp),
        is_incomplete=is_incomplete,
        whole_size=None if reduced is None else (frame.width, frame.height),
    )


def _missing(parts: JpegParts, clean: bytes, samples: NDArray[np.uint8]) -> float:
    """Return which fraction of the pixels has no data in a file that ends within a scan.

    Where the first channel, the luma, has all its coefficients from scans before the last, only
    colour or the last bits of them are missing, and no pixel is.
    """
    luma = parts.frame.components[0]
    brought = [
        set(range(scan.first, scan.last + 1))
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
    noisy = _decode(clean + noise_after(clean, parts) + END, parts, is_quiet=True)
    differs = noisy != samples
    return float((differs.any(axis=2) if differs.ndim == 3 else differs).mean())


def _decode_reduced(data: bytes, parts: JpegParts) -> NDArray[np.uint8] | None:
    """Decode a large JPEG file at a half of its width and height, rounded up.

    Returns:
        None where the picture is small, of another kind or may lack its end, and is to be read
        whole.
    """
    frame, channels = parts.frame, len(parts.frame.components)
    is_large = frame.width * frame.height > LEAST_REDUCED_PIXELS
    if not (is_large and parts.is_whole and channels < INKS):
        return None
    # In OpenCV's flags to reduce alone is to reduce in grey.
    flag = cv2.IMREAD_REDUCED_GRAYSCALE_2 | (0 if channels == 1 else cv2.IMREAD_COLOR_RGB)
    buffer = np.frombuffer(data, np.uint8)
    decoded: NDArray[Any] | None = cv2.imdecode(buffer, flag | cv2.IMREAD_IGNORE_ORIENTATION)
    if decoded is None or (decoded[-1] == NOTHING).all():
        return None
    return np.asarray(decoded, dtype=np.uint8)


def _decode(data: bytes, parts: JpegParts, *, is_quiet: bool) -> NDArray[np.uint8]:
    """Decode a JPEG file to grey, shape (height, width), or RGB.

    OpenCV takes a third of Pillow's time and less than half of its memory, but its libjpeg writes
    to stderr what is wrong with a file, and it takes all inks for such as Adobe stores.
    """
    channels = len(parts.frame.components)
    is_known = channels < INKS or (parts.has_adobe_mark and not is_ink_profile(parts.profile))
    if is_known and not is_quiet:
        flag = cv2.IMREAD_GRAYSCALE if channels == 1 else cv2.IMREAD_COLOR_RGB
        buffer = np.frombuffer(data, np.uint8)
        decoded: NDArray[Any] | None = cv2.imdecode(buffer, flag | cv2.IMREAD_IGNORE_ORIENTATION)
        if decoded is not None:
            return np.asarray(decoded, dtype=np.uint8)
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
        image.load()
        if image.mode == "CMYK":
            return cmyk_to_rgb(image, parts.profile)
        if image.mode not in ("L", "RGB"):
            raise ImageDecodeError(DAMAGED)
        return np.array(image)
