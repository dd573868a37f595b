"""All faces of many pictures on one sheet."""

import base64
import math
from collections.abc import Sequence

import cv2
import numpy as np

from preprocessing.errors import MienError
from preprocessing.images.montage import TILE_PX, Tile, draw_sheet
from preprocessing.images.types import GreyImage, RgbImage
from serving.inference.schema import FaceAnswer

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
    tiles = []
    for face in faces:
        doubt = "" if face.is_sure else "?"
        caption = f"{face.label}{doubt} {face.confidence:.0%}"
        tiles.append(Tile(_enlarged_chip(face), caption))
    return draw_sheet(tiles, columns=math.ceil(math.sqrt(len(faces))))


def _enlarged_chip(face: FaceAnswer) -> GreyImage:
    if face.chip is None:
        raise MienError("A contact sheet needs the chips of the faces.")
    encoded = np.frombuffer(base64.b64decode(face.chip), np.uint8)
    chip = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.uint8)
    resized = cv2.resize(chip, (TILE_PX, TILE_PX), interpolation=cv2.INTER_CUBIC)
    return np.asarray(resized, np.uint8)
