"""What makes costly files, by format."""

from tests.tools.costly.gif_bmp import bmps, gifs, pnms
from tests.tools.costly.heif import heifs
from tests.tools.costly.jpeg import jpegs
from tests.tools.costly.png import pngs
from tests.tools.costly.tiff import tiffs
from tests.tools.costly.webp import webps

FORMATS = {
    "JPEG": jpegs,
    "PNG": pngs,
    "GIF": gifs,
    "BMP": bmps,
    "PNM": pnms,
    "TIFF": tiffs,
    "WebP": webps,
    "HEIF": heifs,
}
