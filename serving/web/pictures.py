"""Pictures within a page: as data URLs, no larger than a screen shows them."""

import base64

import cv2

from preprocessing.images.types import RgbImage
from serving.inference.shrink import scale_to_side, shrink_pixels

SCREEN_SIDE_PX = 1280
JPEG_QUALITY = 85


def data_url(content: bytes, media_type: str) -> str:
    """Return a file as a data URL."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def screen_url(rgb: RgbImage) -> str:
    """Encode a picture as a JPEG of at most `SCREEN_SIDE_PX` on its longer side."""
    bgr = cv2.cvtColor(shrink_pixels(rgb, scale_to_side(rgb, SCREEN_SIDE_PX)), cv2.COLOR_RGB2BGR)
    encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    return data_url(encoded.tobytes(), "image/jpeg")
