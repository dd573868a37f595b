"""Read TIFF files: the first page that is a picture of its own, of whatever bits and packing."""

import io
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from preprocessing.errors import UnsupportedImageError
from preprocessing.images.formats.icc import cmyk_to_rgb, icc_colours
from preprocessing.images.formats.levels import with_black_zero
from preprocessing.images.formats.opacity import has_opacity, unmultiply
from preprocessing.images.formats.order import swap_red_and_blue
from preprocessing.images.formats.orientation import xmp_orientation
from preprocessing.images.formats.raster import (
    UPRIGHT,
    Raster,
    check_missing,
    check_size,
    pad_rows,
)
from preprocessing.images.formats.tags import ORIENTATION
from preprocessing.images.formats.tiff_channels import decode_channels, has_odd_channels
from preprocessing.images.formats.tiff_page import (
    BITS,
    BLACK_IS_ZERO,
    COMPRESSION,
    EXTRA_SAMPLES,
    MULTIPLIED,
    OF_OPENCV,
    OPACITY,
    PALETTE,
    PHOTOMETRIC,
    PLAIN,
    PROFILE,
    RGB,
    ROWS_PER_STRIP,
    SAMPLE_FORMAT,
    SIGNED,
    UNSIGNED,
    WHITE_IS_ZERO,
    WIDTH,
    XMP,
    YCBCR,
    TiffPage,
    read_page,
)

_JPEG = 7
_FAX = {2, 3, 4}


def read_tiff(data: bytes, *, max_pixels: int) -> Raster:
    """Read the first page of a TIFF file that is no preview of another.

    Raises:
        ImageDecodeError: It is damaged, or more than a tenth of it is missing.
        ImageTooLargeError: It has too many pixels.
        UnsupportedImageError: Its packing or layout is not known here, or it is a raw file.
    """
    page = read_page(data)
    if page.is_raw:
        raise UnsupportedImageError(
            "This is a camera's raw file, which Mien does not read. Save the picture as JPEG."
        )
    check_size(page.number(WIDTH), page.height, max_pixels, pixel_bytes=page.pixel_bytes)
    missing = 1 - page.rows / page.height
    check_missing(missing)
    samples = _decode(page)
    if missing:
        white = 1 if samples.dtype.kind == "f" else min(255, np.iinfo(samples.dtype).max)
        samples = pad_rows(samples[: page.rows], page.height, white=white)
    orientation = page.number(ORIENTATION)
    if not UPRIGHT <= orientation <= 8:
        orientation = xmp_orientation(page.directory.raw(XMP)) or UPRIGHT
    is_grey = samples.ndim == 2 or samples.shape[2] == 2
    # Inks are converted while they are decoded.
    is_ink = page.channels == 4 and page.number(PHOTOMETRIC) != RGB
    return Raster(
        samples,
        colours=None
        if is_ink
        else icc_colours(page.directory.raw(PROFILE), channels=1 if is_grey else 3),
        orientation=orientation,
        is_incomplete=missing > 0,
        is_one_of_several=page.is_one_of_several,
    )


def _decode(page: TiffPage) -> NDArray[Any]:
    """Decode by OpenCV or Pillow, whichever keeps more of this kind, or else by the other.

    Raises:
        ImageDecodeError: Its channels do not fit together.
        MemoryError: There was not enough memory.
        UnsupportedImageError: Neither reads it.
    """
    if has_odd_channels(page):
        return decode_channels(page, _decode)
    ways: list[Callable[[bytes], NDArray[Any] | None]] = [partial(_by_pillow, page)]
    if page.number(COMPRESSION, PLAIN) in _FAX:
        # Where a page ends too early, Pillow shows what lay in the memory before.
        ways = [_by_opencv]
    elif page.number(COMPRESSION, PLAIN) in OF_OPENCV:
        # Pillow takes palettes of eight bits, which are not by the standard, for black ones, and
        # holds red, green and blue in four bytes and then in three.
        is_palette = page.number(PHOTOMETRIC) == PALETTE
        is_first = _has_many_bits(page) or _is_rgb_of_bytes(page) or is_palette
        ways.insert(0 if is_first else 1, _by_opencv)
    file = page.to_file()
    for way in ways:
        samples = way(file)
        if samples is not None:
            # Libraries divide whole numbers by it.
            is_multiplied = page.number(EXTRA_SAMPLES) == MULTIPLIED
            if is_multiplied and has_opacity(samples) and samples.dtype.kind == "f":
                unmultiply(samples)
            is_inverted = page.number(PHOTOMETRIC, BLACK_IS_ZERO) == WHITE_IS_ZERO
            if is_inverted and samples.dtype != np.uint8:  # bytes they invert themselves
                samples = with_black_zero(samples)
            return samples
    _check_memory(page)
    if (page.number(COMPRESSION), page.number(PHOTOMETRIC)) == (_JPEG, RGB):
        # Scanners call it RGB though it is stored with fewer samples of colour.
        said = {PHOTOMETRIC: YCBCR}
        directory = page.directory.with_numbers(said, without=EXTRA_SAMPLES)
        return _decode(replace(page, directory=directory))
    raise UnsupportedImageError(
        "This kind of TIFF file is not read, or it is damaged. Save it as PNG or as an ordinary "
        "TIFF file."
    )


def _has_many_bits(page: TiffPage) -> bool:
    """Say whether Pillow would cut samples to eight bits or take a sign for one."""
    channels = page.channels
    has_plain_opacity = channels == 4 and page.number(EXTRA_SAMPLES) == OPACITY
    is_plain = page.number(PHOTOMETRIC, BLACK_IS_ZERO) in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB)
    is_signed = page.number(SAMPLE_FORMAT, UNSIGNED) == SIGNED
    has_many = page.number(BITS, 1) > 8 or is_signed
    return has_many and is_plain and (channels in (1, 3) or has_plain_opacity)


def _is_rgb_of_bytes(page: TiffPage) -> bool:
    return (
        page.number(PHOTOMETRIC) == RGB
        and page.channels == 3
        and page.number(BITS, 1) == 8
        and page.number(SAMPLE_FORMAT, UNSIGNED) == UNSIGNED
    )


def _check_memory(page: TiffPage) -> None:
    """Make sure that there was memory for a page, for OpenCV does not say why it made no picture.

    Raises:
        MemoryError: There was not.
    """
    row_bytes = page.number(WIDTH) * page.channels * page.number(BITS, 1) // 8
    # Beside the picture, a strip of it is unpacked.
    strip_rows = min(page.height, page.number(ROWS_PER_STRIP, page.height))
    np.empty((page.height + strip_rows) * row_bytes, np.uint8)


def _by_opencv(file: bytes) -> NDArray[Any] | None:
    samples = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
    if samples is None:
        return None
    if samples.ndim == 3:
        samples = swap_red_and_blue(samples)
    return np.asarray(samples)


def _by_pillow(page: TiffPage, file: bytes) -> NDArray[Any] | None:
    try:
        with Image.open(io.BytesIO(file), formats=["TIFF"]) as image:
            image.load()
            if image.mode == "CMYK":
                return cmyk_to_rgb(image, page.directory.raw(PROFILE))
            if image.mode in ("1", "P", "PA", "LAB", "YCbCr", "RGBX"):
                return np.array(image.convert("L" if image.mode == "1" else "RGB"))
            samples = np.array(image)
            return samples.astype(samples.dtype.newbyteorder("="))
    except MemoryError:
        raise
    # Pillow raises almost anything on files that it does not know or that are damaged.
    except Exception:  # noqa: BLE001
        return None
