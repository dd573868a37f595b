"""Tell how large a picture is as soon as its header says so, before its pixels are decoded.

In the box the size decides how much the picture may take; elsewhere nobody listens.
"""

from collections.abc import Callable

listener: Callable[[int, int, int | None], None] | None = None
"""Called with width and height in pixels, and the bytes of the file that hold these or None."""


def announce_size(width: int, height: int, *, pixel_bytes: int | None = None) -> None:
    """Tell the size of the picture that is being decoded.

    Args:
        width: In pixels.
        height: Likewise.
        pixel_bytes: How many bytes of the file hold its pixels, where the format tells: what else
            is in the file, such as metadata, is no work for the decoder.
    """
    if listener is not None:
        listener(width, height, pixel_bytes)
