"""Look up the colours of a palette."""

import cv2
import numpy as np
from numpy.typing import NDArray


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
