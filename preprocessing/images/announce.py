"""Tell how large a picture is as soon as its header says so, before its pixels are decoded.

In the box the size decides how much the picture may take; elsewhere nobody listens.
"""

from collections.abc import Callable

listener: Callable[[int, int], None] | None = None
"""Called with width and height, in pixels."""


def announce_size(width: int, height: int) -> None:
    """Tell the size of the picture that is being decoded, in pixels."""
    if listener is not None:
        listener(width, height)
