"""Read and check the chips that the page sends back, since anyone may send anything."""

import base64
import struct

from preprocessing.errors import ImageDecodeError
from preprocessing.images.decode import to_grey
from preprocessing.images.types import GreyImage, RgbImage

# PNG, third edition: its signature, then the chunk IHDR of 13 bytes, all big-endian.
_PNG_START = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR"
_HEADER = struct.Struct(">IIBBBBB")
_BITS, _GREY, _NOT_INTERLACED = 8, 0, 0
# What the file of a chip may have beyond a byte for each pixel, where it does not compress.
_OVERHEAD_BYTES = 1_000


def read_data_url(url: str) -> bytes:
    """Return the bytes of a chip.

    Raises:
        ImageDecodeError: It is no data URL.
    """
    try:
        return base64.b64decode(url.partition(",")[2], validate=True)
    except ValueError as error:
        raise ImageDecodeError(f"The chip is no data URL with base64: {error}.") from None


def to_chip(rgb: RgbImage, *, size_px: int) -> GreyImage:
    """Return a picture as a chip.

    Raises:
        ImageDecodeError: It has another size.
    """
    chip = to_grey(rgb)
    if chip.shape != (size_px, size_px):
        raise ImageDecodeError(
            f"A chip is {size_px} pixels wide and high. Received: {chip.shape[1]} x {chip.shape[0]}"
        )
    return chip


def check_chip_file(data: bytes, *, size_px: int) -> None:
    """Check the header of a chip before anything decodes it.

    Args:
        data: The bytes of a file.
        size_px: Width and height of a chip.

    Raises:
        ImageDecodeError: It is not a PNG of that size with 8 bits of grey, or it is longer than
            such a picture takes.
    """
    start, end = len(_PNG_START), len(_PNG_START) + _HEADER.size
    if data[:start] != _PNG_START or len(data) < end:
        raise ImageDecodeError("The chip is no PNG. Send what the page shows.")
    width, height, bits, colour, _, _, interlace = _HEADER.unpack(data[start:end])
    if (width, height) != (size_px, size_px):
        raise ImageDecodeError(
            f"A chip is {size_px} pixels wide and high. Received: {width} x {height}"
        )
    if (bits, colour, interlace) != (_BITS, _GREY, _NOT_INTERLACED):
        raise ImageDecodeError("The chip is no grey picture with 8 bits. Send what the page shows.")
    most_bytes = size_px**2 + _OVERHEAD_BYTES
    if len(data) > most_bytes:
        raise ImageDecodeError(
            f"A chip has at most {most_bytes:,} bytes. Received: {len(data):,}. Send what the page "
            "shows."
        )
