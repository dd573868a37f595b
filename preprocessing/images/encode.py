"""Encode pictures as PNG files."""

import cv2
import numpy as np
from numpy.typing import NDArray


def encode_png(picture: NDArray[np.uint8]) -> bytes:
    """Return the bytes of a PNG file; the picture is grey (height, width) or RGB."""
    swapped = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".png", swapped)[1].tobytes()
