"""Encode pictures as PNG files."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def encode_png(picture: NDArray[np.uint8]) -> bytes:
    """Return the bytes of a PNG file.

    Args:
        picture: Grey (height, width), RGB (height, width, 3), or RGB and opacity (..., 4).
    """
    swapped: Any = picture
    if picture.ndim == 3:
        has_opacity = picture.shape[2] == 4
        swapped = cv2.cvtColor(picture, cv2.COLOR_RGBA2BGRA if has_opacity else cv2.COLOR_RGB2BGR)
    return cv2.imencode(".png", swapped)[1].tobytes()
