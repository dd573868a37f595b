"""The sample photo of the tests: turned, shrunk, and cropped in other ways."""

import cv2
import numpy as np

HEAD, HEAD_PX = (223, 123), 97
"""The middle of the square in which its head is found, and the square's side."""
TILE_PX = 125
"""Side at which its face is one of 24 px."""
WANDERING_LEVELS = 9
"""How much two chips of one face may differ, in grey levels of 255, in the mean.

dlib's landmarks are whole pixels of the picture and wander by one or two when it is turned or
scaled; a chip that moves by half a pixel differs by about this much.
"""
ROLL_DEG = 4
"""How sure the line through the eyes is."""


def turn(photo: np.ndarray, angle_deg: float) -> np.ndarray:
    """Turn the photo counter-clockwise about its head."""
    height, width = photo.shape
    about = cv2.getRotationMatrix2D((width * 0.43, height * 0.24), angle_deg, 1)
    return np.asarray(
        cv2.warpAffine(photo, about, (width, height), borderMode=cv2.BORDER_REPLICATE)
    )


def shrink(photo: np.ndarray) -> np.ndarray:
    """Return the photo at a size at which its face is one of 24 px."""
    return np.asarray(cv2.resize(photo, (TILE_PX, TILE_PX), interpolation=cv2.INTER_AREA), np.uint8)


def framed(photo: np.ndarray, ratio: float, *, height_to_width: float = 1.0) -> np.ndarray:
    """Cut the head of the sample photo out with a frame `ratio` times as wide as the face."""
    room = 600
    wide = cv2.copyMakeBorder(photo, room, room, room, room, cv2.BORDER_CONSTANT, value=90)
    half = round(HEAD_PX * ratio / 2)
    tall = round(half * height_to_width)
    x, y = HEAD[0] + room, HEAD[1] + room
    return np.ascontiguousarray(wide[y - tall : y + tall, x - half : x + half])
