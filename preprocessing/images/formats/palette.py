"""Look up the colours of a palette."""

import cv2
import numpy as np
from numpy.typing import NDArray


def unpack_indices(rows: NDArray[np.uint8], depth: int) -> NDArray[np.uint8]:
    """Return the indices in rows of bytes, of which each holds several.

    Args:
        rows: Shape (height, bytes).
        depth: Bits of an index: 1, 2, 4 or 8. The first one has the highest.

    Returns:
        uint8 (height, indices), as many as the bytes hold.
    """
    if depth == 1:
        return np.unpackbits(rows, axis=1)
    shifts = np.arange(8 - depth, -1, -depth, dtype=np.uint8)
    return (rows[..., None] >> shifts & np.uint8(2**depth - 1)).reshape(len(rows), -1)


def look_up(indices: NDArray[np.uint8], palette: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the colour of each index.

    Args:
        indices: Shape (height, width).
        palette: Shape (256, channels).

    Returns:
        uint8 (height, width, channels).
    """
    indices = np.ascontiguousarray(indices)
    channels = [cv2.LUT(indices, channel) for channel in palette.T[:, None]]
    return np.asarray(cv2.merge(channels), dtype=np.uint8)
