"""Read ICC profiles (ISO 15076-1), which say how the colours of a picture are meant."""

import io
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from preprocessing.images.formats.code_points import are_heeded, code_point_colours
from preprocessing.images.formats.colour import (
    STRIP_PIXELS,
    Colours,
    Curve,
    is_srgb,
    light_colours,
    strips,
)
from preprocessing.images.types import RgbImage

# Those of printers have two megabytes.
MOST_BYTES = 4_000_000
MOST_TAGS = 100
_SIGNATURE, _LAST_VERSION = b"acsp", 4
_HEADER_BYTES, _TAG_BYTES, _LEAST_TAG_BYTES = 132, 12, 4
# X, Y and Z of the light for which a profile gives its colours; browsers take no other.
_D50, _NEAR_D50 = (0.9642, 1.0, 0.8249), 0.01
_ROUNDING = 1e-6
_FIXED = 65_536  # what one is as a number of ICC's
_GREY, _RGB, _CMYK = b"GRAY", b"RGB ", b"CMYK"
_SPACES = {1: (_GREY, _RGB), 3: (_RGB,)}


@dataclass(frozen=True, eq=False)
class ProfileColours(Colours):
    """A profile with tables of colours, for LittleCMS.

    Attributes:
        transform: From RGB to sRGB.
    """

    transform: ImageCms.ImageCmsTransform

    def convert(self, pixels: NDArray[np.uint8]) -> None:
        """Convert pixels to sRGB, in place."""
        for strip in strips(pixels):
            strip[:] = np.asarray(ImageCms.applyTransform(Image.fromarray(strip), self.transform))


def icc_colours(profile: bytes, *, channels: int) -> Colours | None:
    """Describe a colour space by its ICC profile, if that can be used.

    Args:
        profile: See `read_profile`; a broken one is passed over, as every viewer does.
        channels: Likewise.

    Returns:
        None where it is as good as sRGB, or not to be used.
    """
    try:
        return read_profile(profile, channels=channels)
    except ValueError:
        return None


def read_profile(profile: bytes, *, channels: int) -> Colours | None:
    """Describe a colour space by its ICC profile.

    Args:
        profile: The profile.
        channels: 1 for grey, 3 for RGB. A profile for another number is not to be used, but grey
            takes the curve of one for RGB.

    Returns:
        None where it is as good as sRGB.

    Raises:
        ValueError: It is not to be used.
    """
    space = profile[16:20]
    if not _is_whole(profile) or space not in _SPACES[channels]:
        raise ValueError("no profile for these channels")
    try:
        tags = _tags(profile)
        points = tags.get(b"cicp", b"")[8:12]
        if are_heeded(points):  # no other tag can tell of PQ and HLG
            return code_point_colours(*points[:2], channels=channels, is_exact=True)
        if channels == 1:  # all channels of a grey are alike, and so are their curves
            return light_colours([_curve(tags[b"kTRC" if space == _GREY else b"gTRC"])], None)
        if b"A2B0" in tags:
            colours = ProfileColours(_transform(profile, "RGB"))
            return None if is_srgb(colours, channels=channels) else colours
        curves = [_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")]
        primaries = np.stack([_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")], axis=-1)
        return light_colours(curves, _from_connection_space() @ primaries)
    except (KeyError, OSError, struct.error, ImageCms.PyCMSError) as error:
        raise ValueError("a broken profile") from error


def cmyk_to_rgb(image: Image.Image, profile: bytes, *, into: RgbImage | None = None) -> RgbImage:
    """Convert a picture of inks to RGB, by its profile where it has one that can be used.

    Args:
        image: The picture.
        profile: The profile, or nothing.
        into: Where the result goes, of its shape; by default it has memory of its own.
    """
    transform = _ink_transform(profile)
    rgb = np.empty((image.height, image.width, 3), np.uint8) if into is None else into
    rows = max(1, STRIP_PIXELS // image.width)
    # In one go, a picture of 50 megapixels would be in memory three times.
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(image.height, top + rows)))
        converted = ImageCms.applyTransform(strip, transform) if transform else None
        rgb[top : top + rows] = np.asarray(converted or strip.convert("RGB"))
    return rgb


def _ink_transform(profile: bytes) -> ImageCms.ImageCmsTransform | None:
    if not _is_whole(profile) or profile[16:20] != _CMYK:
        return None
    try:
        return _transform(profile, "CMYK")
    except (OSError, ValueError, ImageCms.PyCMSError):
        return None


def _is_whole(profile: bytes) -> bool:
    """Say whether browsers read a profile: signed, of a known version, for D50, with all tags."""
    if not _HEADER_BYTES <= len(profile) <= MOST_BYTES or profile[36:40] != _SIGNATURE:
        return False
    size, version = struct.unpack_from(">L4xB", profile)
    (count,) = struct.unpack_from(">L", profile, _HEADER_BYTES - 4)
    white = np.frombuffer(profile, ">i4", 3, 68) / _FIXED
    if version > _LAST_VERSION or np.abs(white - _D50).max() > _NEAR_D50:
        return False
    if not _HEADER_BYTES + _TAG_BYTES * count <= size <= len(profile):
        return False
    table = np.frombuffer(profile, ">u4", 3 * count, _HEADER_BYTES).reshape(-1, 3).astype(np.int64)
    starts, lengths = table[:, 1], table[:, 2]
    return bool((lengths >= _LEAST_TAG_BYTES).all() and (starts + lengths <= size).all())


def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")


def _tags(profile: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">L", profile, _HEADER_BYTES - 4)
    tags: dict[bytes, bytes] = {}
    for index in range(min(count, MOST_TAGS)):
        name, start, size = struct.unpack_from(">4sLL", profile, _HEADER_BYTES + _TAG_BYTES * index)
        tags[name] = profile[start : start + size]
    return tags


def _curve(tag: bytes) -> Curve:
    """Return the curve of a tag `curv` or `para`.

    Raises:
        ValueError: It is neither.
    """
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">L", tag, 8)
        if count == 0:
            return lambda value: value
        if count == 1:
            gamma = struct.unpack_from(">H", tag, 12)[0] / 256
            return lambda value: value**gamma
        table = np.frombuffer(tag, ">u2", count, 12) / 65_535
        return lambda value: np.interp(value, np.linspace(0, 1, count), table)
    if tag[:4] == b"para":
        return _parametric(tag)
    raise ValueError("no curve")


def _parametric(tag: bytes) -> Curve:
    """Return one of the curves 0 to 4 of ICC.1:2010, 10.16.

    Raises:
        ValueError: It is another, or one that browsers do not take: it falls, or bends below zero.
    """
    kind = struct.unpack_from(">H", tag, 8)[0]
    counts = (1, 3, 4, 5, 7)
    if kind >= len(counts):
        raise ValueError("no curve")
    numbers = np.frombuffer(tag, ">i4", counts[kind], 12) / _FIXED
    gamma, a, b, c, d, e, f = np.pad(numbers, (0, 7 - len(numbers)))
    if kind == 0:
        a, d = 1.0, 0.0
    elif kind < 3:  # below its zero the curve is flat
        d, e, f, c = -b / a if a else -1.0, c, c, 0.0
    if min(gamma, a, c, d, a * d + b + _ROUNDING) < 0:
        raise ValueError("no curve")
    # 3 and 4 have a straight line below d.
    return lambda value: np.where(
        value >= d, np.maximum(a * value + b, 0) ** gamma + e, c * value + f
    )


def _xyz(tag: bytes) -> NDArray[np.float64]:
    if tag[:4] != b"XYZ " or len(tag) < 20:
        raise ValueError("no colour")
    return np.frombuffer(tag, ">i4", 3, 8) / _FIXED


def _from_connection_space() -> NDArray[np.float64]:
    """Return the matrix from XYZ with the white D50 to linear light of sRGB."""
    to_connection_space = np.array(
        [
            [0.43606567, 0.38514709, 0.14306641],
            [0.22248840, 0.71687317, 0.06060791],
            [0.01391602, 0.09706116, 0.71409607],
        ]
    )
    matrix: NDArray[np.float64] = np.linalg.inv(to_connection_space)
    return matrix
