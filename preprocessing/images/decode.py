"""Decode any picture that a user has into upright RGB."""

import io
import warnings

import cv2
import numpy as np
import pi_heif
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from preprocessing.errors import ImageDecodeError, ImageTooLargeError, UnsupportedImageError
from preprocessing.faces.types import GreyImage
from preprocessing.images.announce import announce_size
from preprocessing.images.box.client import shared_box
from preprocessing.images.derived import check_derived
from preprocessing.images.types import DecodedPicture, RgbImage

__all__ = [
    "FORMATS",
    "MAX_PIXELS",
    "PICTURE_SUFFIXES",
    "RgbImage",
    "decode_here",
    "decode_image",
    "decode_picture",
    "to_grey",
]

MAX_PIXELS = 50_000_000
PICTURE_SUFFIXES = {
    ".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif",
}  # fmt: skip
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIF", "AVIF")


def decode_image(data: bytes, *, max_pixels: int = MAX_PIXELS) -> RgbImage:
    """Decode a picture as `decode_picture` does, and return its pixels alone."""
    return decode_picture(data, max_pixels=max_pixels).rgb


def decode_picture(data: bytes, *, max_pixels: int = MAX_PIXELS) -> DecodedPicture:
    """Decode a picture as `decode_here` does, in the box: nothing that is in it does harm.

    Args:
        data: See `decode_here`.
        max_pixels: Likewise.

    Raises:
        UnsupportedImageError: The bytes are no picture of these formats.
        ImageDecodeError: The picture is empty or damaged.
        ImageTooLargeError: It has more than `max_pixels` pixels by its header.
        TooCostlyImageError: It takes more memory or processor time than a picture may.
    """
    return shared_box().decode(data, max_pixels=max_pixels)


def decode_here(data: bytes, *, max_pixels: int = MAX_PIXELS) -> DecodedPicture:
    """Decode a picture, turn it upright by its EXIF orientation, and flatten it to RGB.

    Transparent parts lie on white. Of an animation the first frame is taken.

    Args:
        data: The bytes of a JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC or AVIF file.
        max_pixels: Of the largest picture that is decoded.

    Raises:
        UnsupportedImageError: The bytes are no picture of these formats.
        ImageDecodeError: The picture is empty or damaged.
        ImageTooLargeError: It has more than `max_pixels` pixels by its header.
    """
    if not data:
        raise ImageDecodeError("The picture is empty: 0 bytes received.")
    Image.init()
    pi_heif.register_heif_opener()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of oddities in files that it reads anyway
        try:
            return DecodedPicture(_decode(data, max_pixels))
        except UnidentifiedImageError:
            raise UnsupportedImageError(
                "This is no picture of a kind that can be read here. "
                "Send a JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC or AVIF file."
            ) from None
        except Image.DecompressionBombError:
            raise ImageTooLargeError(_too_large("far more", max_pixels)) from None
        except (ImageDecodeError, ImageTooLargeError):
            raise
        # Pillow's decoders raise almost anything on damaged files.
        except Exception as error:
            raise ImageDecodeError(
                f"The picture is damaged or cut short: {error}. Save it anew and try again."
            ) from error


def to_grey(rgb: RgbImage) -> GreyImage:
    """Return the luma of a picture by ITU-R BT.601, uint8 (height, width)."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _decode(data: bytes, max_pixels: int) -> RgbImage:
    if data[4:8] == b"ftyp":
        check_derived(data)
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        width, height = image.size
        if width * height > max_pixels:
            raise ImageTooLargeError(_too_large(f"{width} x {height}", max_pixels))
        announce_size(width, height)
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        return np.array(_flatten(image), dtype=np.uint8)


def _flatten(image: Image.Image) -> Image.Image:
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return Image.fromarray(_to_eight_bits(image)).convert("RGB")
    if image.has_transparency_data:
        rgba = image if image.mode == "RGBA" else image.convert("RGBA")
        on_white = Image.new("RGB", rgba.size, "white")
        on_white.paste(rgba, mask=rgba)
        return on_white
    return image if image.mode == "RGB" else image.convert("RGB")


def _to_eight_bits(image: Image.Image) -> NDArray[np.uint8]:
    """Scale grey of more than 8 bits: 16-bit by its range, else by the values that occur."""
    values = np.asarray(image)
    low, high = 0.0, 65535.0
    if image.mode == "F" or values.min() < low or values.max() > high:
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
    # Row by row: in one go, a picture of 50 megapixels would take more than a gigabyte.
    scaled = np.empty(values.shape, np.uint8)
    for row, greys in zip(scaled, values, strict=True):
        shares = (greys.astype(np.float64) - low) / max(high - low, 1e-12)
        row[:] = np.nan_to_num(shares * 255).round().clip(0, 255)
    return scaled


def _too_large(received: str, max_pixels: int) -> str:
    return (
        f"The picture has too many pixels. At most {max_pixels / 1_000_000:g} million are decoded. "
        f"Received: {received}. Shrink it and try again."
    )
