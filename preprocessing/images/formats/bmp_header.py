"""Read the headers of bitmaps, from OS/2 1.x to Windows' fifth version."""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preprocessing.errors import ImageDecodeError
from preprocessing.images.formats.raster import DAMAGED

PLAIN, RLE8, RLE4, MASKS, JPEG, PNG, MASKS_WITH_OPACITY = range(7)
_OS2_BYTES, _USUAL_BYTES = 12, 40
_DEPTHS = (1, 2, 4, 8, 16, 24, 32)
# Masks of red, green, blue and opacity, by depth.
_USUAL_MASKS = {16: (0x7C00, 0x3E0, 0x1F, 0), 32: (0xFF0000, 0xFF00, 0xFF, 0)}
OPACITY_MASK = 0xFF000000


@dataclass(frozen=True, eq=False)
class BmpHeader:
    """The header of a bitmap.

    Attributes:
        width: In pixels.
        height: Likewise.
        is_top_down: Whether the first row is the uppermost.
        depth: Bits of a pixel; 0 where another format is inside.
        packing: 0 plain, 1 and 2 runs, 3 masks, 4 JPEG, 5 PNG, 6 masks with one for opacity.
        masks: Which bits of a pixel are red, green, blue and opacity.
        palette: Red, green and blue of each index: uint8 (256, 3).
        end: Where header and palette end in the file.
    """

    width: int
    height: int
    is_top_down: bool
    depth: int
    packing: int
    masks: tuple[int, ...]
    palette: NDArray[np.uint8]
    end: int

    @property
    def has_bytes(self) -> bool:
        """Whether each channel is a byte of its own, in the usual order."""
        return self.masks[:3] == _USUAL_MASKS[32][:3] and self.masks[3] in (0, OPACITY_MASK)

    @property
    def row_bytes(self) -> int:
        """Bytes of a row that is not packed; each begins at a multiple of four."""
        return (self.width * self.depth + 31) // 32 * 4


def read_header(data: bytes, at: int) -> BmpHeader:
    """Read the header of a bitmap, its masks and its palette.

    Args:
        data: The file.
        at: Where the header begins.

    Raises:
        ImageDecodeError: It is cut short or makes no sense.
    """
    try:
        return _read_header(data, at)
    except struct.error:
        raise ImageDecodeError(DAMAGED) from None


def _read_header(data: bytes, at: int) -> BmpHeader:
    (size,) = struct.unpack_from("<L", data, at)
    packing = colours = 0
    if size == _OS2_BYTES:
        width, height, _, depth = struct.unpack_from("<HHHH", data, at + 4)
    else:
        width, height, _, depth = struct.unpack_from("<llHH", data, at + 4)
    if size >= _USUAL_BYTES:
        (packing,) = struct.unpack_from("<L", data, at + 16)
        (colours,) = struct.unpack_from("<L", data, at + 32)
    if depth not in _DEPTHS and packing not in (JPEG, PNG):
        raise ImageDecodeError(DAMAGED)
    masks = _USUAL_MASKS.get(depth, (0, 0, 0, 0))
    end = at + size
    if packing in (MASKS, MASKS_WITH_OPACITY) and depth in _USUAL_MASKS:
        has_opacity = packing == MASKS_WITH_OPACITY or size >= _USUAL_BYTES + 16
        count = 4 if has_opacity else 3
        masks = (*struct.unpack_from(f"<{count}L", data, at + _USUAL_BYTES), 0)[:4]
        if size == _USUAL_BYTES:
            end += 4 * count
    elif depth == 32 and size >= _USUAL_BYTES + 16:
        (opacity,) = struct.unpack_from("<L", data, at + _USUAL_BYTES + 12)
        masks = (*masks[:3], opacity)
    palette, end = _read_palette(
        data, end, depth, colours, entry_bytes=3 if size == _OS2_BYTES else 4
    )
    return BmpHeader(width, abs(height), height < 0, depth, packing, masks, palette, end)


def _read_palette(
    data: bytes, at: int, depth: int, colours: int, *, entry_bytes: int
) -> tuple[NDArray[np.uint8], int]:
    """Return 256 colours, black where the file has none, and where they end."""
    palette = np.zeros((256, 3), np.uint8)
    if not 1 <= depth <= 8:
        return palette, at
    count = min(colours or 2**depth, 256)
    entries = np.frombuffer(data[at : at + count * entry_bytes], np.uint8)
    entries = entries[: len(entries) // entry_bytes * entry_bytes].reshape(-1, entry_bytes)
    palette[: len(entries)] = entries[:, 2::-1]
    return palette, at + count * entry_bytes
