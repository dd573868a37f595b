"""Read HEIC and AVIF files; both keep how they are to be turned in boxes of their own."""

import io
import re
import struct
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pi_heif
from numpy.typing import NDArray
from PIL import Image

from preprocessing.images.formats.code_points import code_point_colours
from preprocessing.images.formats.colour import Colours
from preprocessing.images.formats.heif_boxes import boxes_of
from preprocessing.images.formats.heif_derived import check_derived
from preprocessing.images.formats.heif_end import complete
from preprocessing.images.formats.heif_primary import show_primary
from preprocessing.images.formats.high_range import light_told
from preprocessing.images.formats.icc import icc_colours
from preprocessing.images.formats.opacity import unmultiply
from preprocessing.images.formats.orientation import (
    exif_orientation,
    orientation_of,
    upright_size,
)
from preprocessing.images.formats.raster import UPRIGHT, Raster, check_size

# An EXIF block: some programs write its name before it, others that nothing stands before it.
_EXIF = re.compile(rb"(?:Exif\0\0|\0\0\0\0)(II\*\0|MM\0\*)")
# The word in a box that ties metadata to a picture, and one that ties it to nothing.
_DESCRIBES, _DESCRIBES_NOTHING = b"cdsc", b"free"
_MOST_EXIF_BYTES = 65_536
# Properties that tell how bright the picture is, and the screen on which it was made.
_CONTENT = re.compile(rb"\0\0\0\x0cclli(..)..", re.DOTALL)
_SCREEN = re.compile(rb"\0\0\0\x20mdcv(.{24})", re.DOTALL)
# A property by which a part is cut out, and one that is known but changes no pixel.
_CROP, _NO_CROP = b"clap", b"pasp"
# Width and height of the part, and how far its centre lies to the right of the picture's and below
# it: each a numerator and a denominator.
_CROP_BOX = re.compile(rb"\0\0\0\x28clap(.{32})", re.DOTALL)
# How pi-heif calls red, green and blue that are multiplied by their opacity, as Apple writes them.
_MULTIPLIED = "RGBa"


def read_heic(data: bytes, *, max_pixels: int) -> Raster:
    """Read the primary picture of a HEIC file.

    Raises:
        ImageDecodeError: It is damaged, or more than a tenth of it is missing.
        ImageTooLargeError: It has too many pixels.
        TooCostlyImageError: It is made of far more pixels than it shows.
    """
    check_derived(data)
    data, is_incomplete = complete(data)
    boxes = _boxes(data)
    file = _open(data, boxes)
    try:
        image, samples = _decode(file, max_pixels)
    except RuntimeError:
        if _CROP not in data[boxes]:
            raise
        # libheif refuses a picture that is much larger than what is cut out of it.
        image, samples = _decode(_open(data, boxes, is_cropped=False), max_pixels)
    # libheif turns and mirrors as the boxes ask.
    return Raster(
        samples,
        largest=int(np.iinfo(samples.dtype).max),
        colours=_colours(image.info, samples, data[boxes]),
        orientation=_by_exif(data, boxes),
        is_incomplete=is_incomplete,
        is_one_of_several=len(file) > 1,
    )


def _decode(file: Any, max_pixels: int) -> tuple[Any, NDArray[Any]]:
    """Return the primary picture of a file, and its pixels; grey of more than 8 bits has 16."""
    image = file[file.primary_index]
    width, height = image.size
    check_size(width, height, max_pixels)
    # A copy: the pixels are the file's, and go with it.
    samples = np.array(np.asarray(image)[:, : image.size[0]])
    if image.mode == _MULTIPLIED:
        unmultiply(samples)
    return image, samples


def read_avif(data: bytes, *, max_pixels: int) -> Raster:
    """Read the first picture of an AVIF file.

    Raises:
        ImageDecodeError: It is damaged, or more than a tenth of it is missing.
        ImageTooLargeError: It has too many pixels.
        TooCostlyImageError: It is made of far more pixels than it shows.
    """
    check_derived(data)
    data, is_incomplete = complete(data)
    boxes = _boxes(data)
    with Image.open(io.BytesIO(data), formats=["AVIF"]) as image:
        width, height = image.size
        check_size(width, height, max_pixels)
        # What Pillow's `load` does in two copies more.
        pixels = image._decoder.get_frame(0)[0]  # type: ignore[attr-defined]
        image._decoder = None  # type: ignore[attr-defined]
        shape = (height, width) if image.mode == "L" else (height, width, -1)
        samples = np.frombuffer(pixels, np.uint8).reshape(shape)
        # Pillow tells what the boxes ask for as if EXIF did, which has no say itself in browsers.
        orientation = exif_orientation(image.info.get("exif", b"")) or UPRIGHT
        told = _told(data, boxes)
        if told is not None:
            across, down = told.size
            part = upright_size(across, down, orientation)
            samples = _cut_out(samples, *part, data[boxes])
        return Raster(
            samples,
            colours=_colours(image.info if told is None else told.info, samples, data[boxes]),
            orientation=orientation,
            is_incomplete=is_incomplete,
            is_one_of_several=getattr(image, "n_frames", 1) > 1,
        )


def _told(data: bytes, boxes: slice) -> Any:
    """Return what libheif tells of the primary picture; None where it does not know such a file.

    Animations may have nothing but what videos have.
    """
    try:
        file = _open(data, boxes)
    except (EOFError, OSError, RuntimeError, SyntaxError, ValueError):
        return None
    return file[file.primary_index]


def _cut_out(
    samples: NDArray[np.uint8], width: int, height: int, described: bytes
) -> NDArray[np.uint8]:
    """Return the part of a picture that is to be shown, if it lies at the upper left.

    Browsers show all of an AVIF picture whose part lies elsewhere.

    Args:
        samples: The picture, not yet turned.
        width: Of the part, by which its box is told from those of other pictures.
        height: Likewise.
        described: The box that describes the pictures of the file.
    """
    corner = (width - samples.shape[1], height - samples.shape[0])
    for found in _CROP_BOX.finditer(described):
        numbers = struct.unpack(">LLLLlLlL", found[1])
        if all(numbers[1::2]):
            sides_and_place = [*map(Fraction, numbers[::2], numbers[1::2])]
            if sides_and_place == [width, height, Fraction(corner[0], 2), Fraction(corner[1], 2)]:
                return np.ascontiguousarray(samples[:height, :width])
    return samples


def _boxes(data: bytes) -> slice:
    """Return where the box lies that describes the pictures of a file."""
    for box in boxes_of(data):
        if box.name == b"meta":
            return slice(box.start, box.start + box.size)
    return slice(0, 0)


def _open(data: bytes, boxes: slice, *, is_cropped: bool = True) -> Any:
    """Open a file of HEIF's boxes; no pixel is decoded yet.

    Metadata is untied from the pictures before: some that is damaged ends the process.

    Args:
        data: The file.
        boxes: Where it describes its pictures.
        is_cropped: Heed what the boxes say of parts that are cut out.
    """
    described = show_primary(data[boxes].replace(_DESCRIBES, _DESCRIBES_NOTHING))
    if not is_cropped:
        described = described.replace(_CROP, _NO_CROP)
    file = b"".join([data[: boxes.start], described, memoryview(data)[boxes.stop :]])
    return pi_heif.open_heif(io.BytesIO(file), convert_hdr_to_8bit=True)


def _by_exif(data: bytes, boxes: slice) -> int:
    """Return the orientation by EXIF, which has a say only where no box says anything."""
    described = data[boxes]
    if b"irot" in described or b"imir" in described:
        return UPRIGHT
    found = _EXIF.search(data)
    return (
        UPRIGHT
        if found is None
        else orientation_of(data[found.start(1) : found.start(1) + _MOST_EXIF_BYTES])
    )


def _colours(
    information: Mapping[Any, Any], samples: NDArray[Any], described: bytes
) -> Colours | None:
    """Return how colours are meant, by what is known of a picture and the box that describes it."""
    channels = 3 if samples.ndim == 3 and samples.shape[2] > 2 else 1
    profile = information.get("icc_profile")
    if profile:
        return icc_colours(profile, channels=channels)
    named = information.get("nclx_profile")
    if named is None:
        return None
    content, screen = _CONTENT.search(described), _SCREEN.search(described)
    return code_point_colours(
        named["color_primaries"],
        named["transfer_characteristics"],
        channels=channels,
        most_light=light_told(
            int.from_bytes(content[1], "big") if content else 0, screen[1] if screen else b""
        ),
    )
