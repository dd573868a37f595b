"""Encode pictures as PNG files."""

import cv2
import numpy as np
from numpy.typing import NDArray


def encode_png(picture: NDArray[np.uint8]) -> bytes:
    """Return the bytes of a PNG file.

    Args:
        picture: Grey (height, width), RGB (height, width, 3), or RGB and opacity (..., 4).
    """
    if picture.ndim == 2:
        return cv2.imencode(".png", picture)[1].tobytes()
    swap = cv2.COLOR_RGBA2BGRA if picture.shape[2] == 4 else cv2.COLOR_RGB2BGR
    return cv2.imencode(".png", cv2.cvtColor(picture, swap))[1].tobytes()
