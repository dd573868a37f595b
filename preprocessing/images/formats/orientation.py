"""How a camera was held: read from EXIF or XMP, and put right."""

import re

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.images.formats.raster import UPRIGHT
from preprocessing.images.formats.tags import ASCII, ORIENTATION, read_directory

# From here on orientations swap width and height.
FIRST_LYING = 5
EXIF_PREFIX = b"Exif\0\0"
_XMP = re.compile(rb"tiff:Orientation(?:\s*=\s*[\"']|>)\s*([1-8])\s*[\"'<]")


def exif_orientation(block: bytes) -> int | None:
    """Return the orientation that an EXIF block tells, 1 to 8; None where it tells none.

    Cameras and programs write it in more types than the standard allows, and `Exif` before the
    block more than once or not at all.
    """
    while block.startswith(EXIF_PREFIX):
        block = block[len(EXIF_PREFIX) :]
    directory = read_directory(block, {ORIENTATION})
    if directory is None or ORIENTATION not in directory.tags:
        return None
    if directory.tags[ORIENTATION].kind == ASCII:
        text = directory.raw(ORIENTATION)[:1]
        value = int(text) if text.isdigit() else 0
    else:
        value = directory.integer(ORIENTATION)
    return value if 1 <= value <= 8 else None


def xmp_orientation(packet: bytes) -> int | None:
    """Return the orientation that an XMP packet tells, 1 to 8; None where it tells none."""
    found = _XMP.search(packet)
    return int(found[1]) if found else None


def orientation_of(exif: bytes, xmp: bytes = b"") -> int:
    """Return the orientation by EXIF, or else by XMP, or else upright."""
    return exif_orientation(exif) or xmp_orientation(xmp) or UPRIGHT


def upright_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Return the width and height that a picture has once it is turned upright."""
    return (height, width) if orientation >= FIRST_LYING else (width, height)


def turn_upright(
    rgb: NDArray[np.uint8], orientation: int, *, into: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """Turn and mirror a picture as its orientation asks.

    Args:
        rgb: Shape (height, width, 3), or (height, width) for grey.
        orientation: 1 to 8.
        into: Where the result goes, of its shape; by default it has memory of its own.

    Returns:
        The same array where nothing is to be done.
    """
    match orientation:
        case 2:
            turned = cv2.flip(rgb, 1, dst=into)
        case 3:
            turned = cv2.flip(rgb, -1, dst=into)
        case 4:
            turned = cv2.flip(rgb, 0, dst=into)
        case 5:
            turned = cv2.transpose(rgb, dst=into)
        case 6:
            turned = cv2.rotate(rgb, cv2.ROTATE_90_CLOCKWISE, dst=into)
        case 7:
            turned = cv2.transpose(rgb, dst=into)
            cv2.flip(turned, -1, dst=turned)
        case 8:
            turned = cv2.rotate(rgb, cv2.ROTATE_90_COUNTERCLOCKWISE, dst=into)
        case _:
            return rgb
    return np.asarray(turned, dtype=np.uint8)
