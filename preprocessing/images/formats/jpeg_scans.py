"""How much work, and how much memory, the scans of a JPEG file take."""

from preprocessing.errors import TooCostlyImageError
from preprocessing.images.formats.jpeg_parts import Frame

# Programs that squeeze files write up to a dozen; each goes over the whole picture.
MOST_SCANS = 100
MOST_SCANNED_PIXELS = 600_000_000
# A picture may be decoded at half its sides, and once more as a whole where small faces are looked
# at again, up to this many pixels in all its scans: five scans of 50 megapixels.
MOST_SCANNED_TWICE = 250_000_000
# While a file with several scans is decoded, all its coefficients are kept beside the pixels. At
# half its width and height, the picture has a quarter of the pixels.
COEFFICIENT_BYTES, PIXEL_BYTES = 2, 3
MOST_KEPT_BYTES = 350_000_000


def is_to_be_halved(scans: int, frame: Frame) -> bool:
    """Refuse a file whose scans take too much time or memory.

    Args:
        scans: How many the file has.
        frame: The header of its picture.

    Returns:
        Whether there is memory for its coefficients only if the picture is decoded at half its
        width and height.

    Raises:
        TooCostlyImageError: They do.
    """
    pixels = frame.width * frame.height
    if scans > MOST_SCANS or scans * pixels > MOST_SCANNED_PIXELS:
        raise TooCostlyImageError
    if scans == 1 and not frame.is_progressive:
        return False
    coefficients = COEFFICIENT_BYTES * frame.samples_a_pixel
    if pixels * (coefficients + PIXEL_BYTES / 4) > MOST_KEPT_BYTES:
        raise TooCostlyImageError
    return pixels * (coefficients + PIXEL_BYTES) > MOST_KEPT_BYTES


def takes_long_twice(scans: int, frame: Frame) -> bool:
    """Say whether a file has too many scans to be read at half its sides and then as a whole.

    Args:
        scans: How many the file has.
        frame: The header of its picture.
    """
    return scans * frame.width * frame.height > MOST_SCANNED_TWICE
