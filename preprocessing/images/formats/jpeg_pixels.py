"""Decode the pixels of a JPEG file."""

import io
import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from preprocessing.errors import ImageDecodeError
from preprocessing.images.formats.icc import cmyk_to_rgb
from preprocessing.images.formats.jpeg_parts import END, Frame, JpegParts
from preprocessing.images.formats.partial import samples_of
from preprocessing.images.formats.raster import DAMAGED
from preprocessing.images.types import reduced_side

# Cyan, magenta, yellow and black.
INKS = 4
# How libjpeg begins to tell of a flaw that it gets over, and what it says of those in pixels.
WARNING = "Corrupt JPEG data"
_FLAW = re.compile(r"bad Huffman code|premature end of data segment")
_LEFT_OVER = re.compile(r"(\d+) extraneous bytes before marker 0xd9")
# Cameras fill scans up with a few bytes.
MOST_FILLING_BYTES = 16
# Levels of a row as no picture has it.
STRIPES = (0, 255)


class Decoded(NamedTuple):
    """The pixels of a file.

    Attributes:
        samples: Grey, shape (height, width), or RGB, shape (height, width, 3).
        is_damaged: Whether some of them are not as they were written.
    """

    samples: NDArray[np.uint8]
    is_damaged: bool


@dataclass(frozen=True)
class Form:
    """How a file is decoded.

    Attributes:
        is_grey: To its luma alone.
        is_halved: At half its width and height, because memory does not suffice.
        is_reduced: The same because that is wanted.
    """

    is_grey: bool
    is_halved: bool
    is_reduced: bool

    @property
    def is_half(self) -> bool:
        """Whether libjpeg leaves out the finest waves of each block."""
        return self.is_halved or self.is_reduced

    @property
    def is_enlarged(self) -> bool:
        """Whether the picture gets its own width and height again after that."""
        return self.is_halved and not self.is_reduced

    def shape(self, frame: Frame) -> tuple[int, ...]:
        """Return the shape of the decoded samples."""
        sides: tuple[int, ...] = (frame.height, frame.width)
        if self.is_half:
            sides = tuple(map(reduced_side, sides))
        return sides if self.is_grey else (*sides, 3)


def decode_samples(data: bytes, parts: JpegParts, form: Form, room: NDArray[np.uint8]) -> Decoded:
    """Decode a JPEG file to grey, shape (height, width), or RGB, perhaps at half width and height.

    simplejpeg takes a third of Pillow's time and memory, and decodes to where the picture is to be.
    But it knows only usual samplings of colour, and takes all inks for such as Adobe stores.

    Args:
        data: The file, without metadata.
        parts: What else is known of it.
        form: How it is decoded.
        room: Where the samples go, of the shape that `form` says.

    Returns:
        The room, and whether there are flaws in it, which only simplejpeg tells.
    """
    if len(parts.frame.components) < INKS:
        warning = _fill(room, data, form)
        if warning is not None:
            return Decoded(room, is_damaged=_tells_of_damage(warning, data))
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
        size = (image.width // 2, image.height // 2) if form.is_half else None
        image.draft("L" if form.is_grey else None, size)
        image.load()
        if (image.height, image.width) != room.shape[:2]:
            raise ImageDecodeError(DAMAGED)
        if image.mode == "CMYK":
            return Decoded(cmyk_to_rgb(image, parts.profile, into=room), is_damaged=False)
        if image.mode != ("L" if form.is_grey else "RGB"):
            raise ImageDecodeError(DAMAGED)
        return Decoded(samples_of(image, into=room), is_damaged=False)


def _fill(room: NDArray[np.uint8], data: bytes, form: Form) -> str | None:
    """Have simplejpeg decode a file to some place.

    Its errors do not always tell whether it gave up. If it did, the place holds what was there
    before, perhaps another's picture. Rows come from above, so the last one says how far it got.

    Returns:
        What it warns of, perhaps nothing; None where it did not fill the place.
    """
    last_row = room[-1].reshape(-1)
    last_row[::2], last_row[1::2] = STRIPES
    warning = ""
    least_height, least_width = room.shape[:2] if form.is_half else (0, 0)
    try:
        simplejpeg.decode_jpeg(
            data,
            "GRAY" if form.is_grey else "RGB",
            min_height=least_height,
            min_width=least_width,
            buffer=room,
        )
    except ValueError as error:
        warning = str(error)
        if not warning.startswith(WARNING):
            return None
    is_filled = (last_row[::2] != STRIPES[0]).any() or (last_row[1::2] != STRIPES[1]).any()
    return warning if is_filled else None


def _tells_of_damage(warning: str, data: bytes) -> bool:
    """Say whether a warning is of pixels that are not as they were written.

    Where too few bytes of a scan were used, or too many, what came before was read amiss; unless
    those that are left over are zeros, with which some cameras fill files up.
    """
    left_over = _LEFT_OVER.search(warning)
    if left_over is None:
        return _FLAW.search(warning) is not None
    count = int(left_over[1])
    return count > MOST_FILLING_BYTES and any(data[-len(END) - count : -len(END)])
