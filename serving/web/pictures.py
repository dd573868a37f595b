"""Pictures within a page: as data URLs, no larger than a screen shows them."""

import base64

import cv2
import numpy as np

from preprocessing.images.types import RgbImage

SCREEN_SIDE_PX = 1280
JPEG_QUALITY = 85


def data_url(content: bytes, media_type: str) -> str:
    """Return a file as a data URL."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def screen_url(rgb: RgbImage) -> str:
    """Encode a picture as a JPEG of at most `SCREEN_SIDE_PX` on its longer side."""
    bgr = cv2.cvtColor(_for_the_screen(rgb), cv2.COLOR_RGB2BGR)
    encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    return data_url(encoded.tobytes(), "image/jpeg")


def _for_the_screen(rgb: RgbImage) -> RgbImage:
    height, width = rgb.shape[:2]
    scale = SCREEN_SIDE_PX / max(height, width)
    if scale >= 1:
        return rgb
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
