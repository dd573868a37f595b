"""A film for a browser's fake camera: faces that sway before grey."""

import math
from pathlib import Path

import cv2
import numpy as np

from preprocessing.images.decode import decode_image
from preprocessing.images.sample import sample_photo_path

SIZE = (640, 480)
SWING_PX = 60
CYCLE_S = 8
HEAD_PX = (80, 40, 340, 300)  # left, top, right, bottom in the sample photo
COLUMNS = 3


def write_film(path: Path, *, faces: int = 1, frames_a_second: int = 5) -> None:
    """Write an uncompressed film (YUV4MPEG2), which a fake camera repeats for ever.

    Args:
        path: Ends in `.y4m`.
        faces: 1 to 6; the more, the smaller.
        frames_a_second: Of the film.
    """
    left, top, right, bottom = HEAD_PX
    rgb = decode_image(sample_photo_path().read_bytes())[top:bottom, left:right]
    columns = min(faces, COLUMNS)
    side = (SIZE[0] - SWING_PX) // columns if faces > 1 else bottom - top
    head = cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), (side, side))
    with path.open("wb") as film:
        film.write(b"YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420jpeg\n" % (*SIZE, frames_a_second))
        for index in range(CYCLE_S * frames_a_second):
            phase = math.pi * index / (CYCLE_S * frames_a_second)
            shift = round(SWING_PX * math.sin(phase) ** 2)
            frame = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
            for number in range(faces):
                x, y = shift + number % columns * side, number // columns * side
                frame[y : y + side, x : x + side] = head
            film.write(b"FRAME\n" + cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420).tobytes())
