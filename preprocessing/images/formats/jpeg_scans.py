"""How much work, and how much memory, the scans of a JPEG file take."""

from preprocessing.errors import TooCostlyImageError
from preprocessing.images.formats.jpeg_parts import Frame

# Programs that squeeze files write up to a dozen; each goes over the whole picture.
MOST_SCANS = 100
MOST_SCANNED_PIXELS = 1_500_000_000
# Of a file with several scans all coefficients are kept, of two bytes each, beside the pixels.
COEFFICIENT_BYTES, PIXEL_BYTES = 2, 3
MOST_KEPT_BYTES = 350_000_000


def check_scans(scans: int, frame: Frame) -> None:
    """Make sure that a file neither goes over its picture again and again nor keeps too much of it.

    Args:
        scans: How many the file has.
        frame: The header of its picture.

    Raises:
        TooCostlyImageError: It does.
    """
    pixels = frame.width * frame.height
    if scans > MOST_SCANS or scans * pixels > MOST_SCANNED_PIXELS:
        raise TooCostlyImageError
    kept = pixels * (COEFFICIENT_BYTES * frame.samples_a_pixel + PIXEL_BYTES)
    if (scans > 1 or frame.is_progressive) and kept > MOST_KEPT_BYTES:
        raise TooCostlyImageError
