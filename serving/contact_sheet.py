"""All faces of many pictures on one sheet."""

import base64
import math
from collections.abc import Sequence

import cv2
import numpy as np

from preprocessing.decode import RgbImage
from preprocessing.errors import MienError
from serving.schema import FaceAnswer

TILE_PX, TEXT_PX, GAP_PX = 96, 18, 6
TEXT_SCALE = 0.42
MAX_FACES = 5000


def contact_sheet(faces: Sequence[FaceAnswer]) -> RgbImage:
    """Lay out faces in rows, each aligned, with its label and how likely that is.

    Args:
        faces: With their chips.

    Returns:
        uint8 (height, width, 3), about square.

    Raises:
        MienError: There is no face, or there are more than a sheet takes.
    """
    if not 0 < len(faces) <= MAX_FACES:
        raise MienError(f"A sheet shows 1 to {MAX_FACES} faces. Received: {len(faces)}")
    columns = math.ceil(math.sqrt(len(faces)))
    rows = math.ceil(len(faces) / columns)
    width, height = TILE_PX + GAP_PX, TILE_PX + TEXT_PX + GAP_PX
    sheet = np.full((rows * height + GAP_PX, columns * width + GAP_PX, 3), 255, np.uint8)
    for place, face in enumerate(faces):
        row, column = divmod(place, columns)
        top, left = GAP_PX + row * height, GAP_PX + column * width
        sheet[top : top + TILE_PX, left : left + TILE_PX] = _enlarged_chip(face)
        doubt = "" if face.is_sure else "?"
        text = f"{face.label}{doubt} {face.confidence:.0%}"
        below = (left, top + TILE_PX + TEXT_PX - 5)
        cv2.putText(
            sheet, text, below, cv2.FONT_HERSHEY_SIMPLEX, TEXT_SCALE, (0, 0, 0), 1, cv2.LINE_AA
        )
    return sheet


def _enlarged_chip(face: FaceAnswer) -> RgbImage:
    if face.chip is None:
        raise MienError("A contact sheet needs the chips of the faces.")
    encoded = np.frombuffer(base64.b64decode(face.chip), np.uint8)
    chip = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)
    resized = cv2.resize(chip, (TILE_PX, TILE_PX), interpolation=cv2.INTER_CUBIC)
    return np.asarray(resized, np.uint8)
