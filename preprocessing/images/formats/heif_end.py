"""Complete HEIC and AVIF files that lack their last bytes.

Their decoders refuse such a file, though all but a corner of the picture is there.
"""

from typing import NamedTuple

from preprocessing.images.formats.heif_boxes import boxes_of
from preprocessing.images.formats.raster import check_missing

_PIXELS = b"mdat"


class Completed(NamedTuple):
    """A file with zeros in place of what it lacked.

    Attributes:
        data: The file.
        is_incomplete: Whether it lacked anything.
    """

    data: bytes
    is_incomplete: bool


def complete(data: bytes) -> Completed:
    """Fill the last box of a file up to the length that it says, where it holds pixels.

    Raises:
        ImageDecodeError: More than a tenth of the box is missing.
    """
    for box in boxes_of(data):
        lacking = box.start + box.size - len(data)
        if lacking > 0 and box.name == _PIXELS:
            check_missing(lacking / box.size)
            return Completed(data + bytes(lacking), is_incomplete=True)
    return Completed(data, is_incomplete=False)
