"""Which reader reads which kind of picture."""

from typing import Protocol

from preprocessing.images.formats.bmp import read_bmp
from preprocessing.images.formats.gif import read_gif
from preprocessing.images.formats.heif import read_avif, read_heic
from preprocessing.images.formats.icon import read_icon
from preprocessing.images.formats.jpeg import read_jpeg
from preprocessing.images.formats.kinds import Kind
from preprocessing.images.formats.png import read_png
from preprocessing.images.formats.pnm import read_pnm
from preprocessing.images.formats.raster import Raster
from preprocessing.images.formats.tiff import read_tiff
from preprocessing.images.formats.webp import read_webp


class Reader(Protocol):
    """Reads one kind of picture."""

    def __call__(self, data: bytes, *, max_pixels: int) -> Raster:
        """Return the pixels of a file.

        Raises:
            ImageDecodeError: It is damaged, or more than a tenth of it is missing.
            ImageTooLargeError: It has too many pixels.
        """


READERS: dict[Kind, Reader] = {
    Kind.JPEG: read_jpeg,
    Kind.PNG: read_png,
    Kind.GIF: read_gif,
    Kind.WEBP: read_webp,
    Kind.BMP: read_bmp,
    Kind.ICON: read_icon,
    Kind.TIFF: read_tiff,
    Kind.HEIC: read_heic,
    Kind.AVIF: read_avif,
    Kind.PNM: read_pnm,
}
