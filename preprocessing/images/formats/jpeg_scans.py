"""How much work the scans of a JPEG file are."""

from preprocessing.errors import TooCostlyImageError

# Programs that squeeze files write up to a dozen; each goes over the whole picture.
MOST_SCANS = 100
MOST_SCANNED_PIXELS = 1_500_000_000


def check_scans(scans: int, *, pixels: int) -> None:
    """Make sure that a file does not go over its picture again and again.

    Args:
        scans: How many the file has.
        pixels: Of the picture.

    Raises:
        TooCostlyImageError: It does.
    """
    if scans > MOST_SCANS or scans * pixels > MOST_SCANNED_PIXELS:
        raise TooCostlyImageError
