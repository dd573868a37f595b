"""Draw what alignment does: the face in the photo, how it fits the template, and mean faces."""

from collections.abc import Mapping

import cv2
import numpy as np

from preprocessing.faces.geometry import ChipGeometry, apply_transform
from preprocessing.faces.types import AlignedFace, Face
from preprocessing.images.montage import Tile, draw_sheet
from preprocessing.images.types import GreyImage, RgbImage

BLUE_RGB, YELLOW_RGB = (74, 144, 226), (255, 210, 0)
ENLARGED = 10


def draw_face(picture: RgbImage, face: Face) -> RgbImage:
    """Draw a face's box and landmarks onto a copy of its upright picture."""
    drawn = picture.copy()
    box = face.box
    corners = (box.left, box.top), (box.right - 1, box.bottom - 1)
    cv2.rectangle(drawn, *corners, BLUE_RGB, 3)
    for x, y in face.landmarks:
        cv2.circle(drawn, (round(x), round(y)), 2, YELLOW_RGB, -1, cv2.LINE_AA)
    return drawn


def draw_fit(aligned: AlignedFace, geometry: ChipGeometry) -> RgbImage:
    """Enlarge a chip, with the template as rings and the face's landmarks after the fit as dots."""
    side_px = ENLARGED * geometry.size_px
    large = cv2.resize(aligned.chip, (side_px, side_px), interpolation=cv2.INTER_CUBIC)
    drawn = cv2.cvtColor(large, cv2.COLOR_GRAY2RGB)
    # The middle of the chip's first pixel, (0, 0), lies half a pixel inside the enlarged one.
    middle = (ENLARGED - 1) / 2
    for x, y in geometry.template_px() * ENLARGED + middle:
        cv2.circle(drawn, (round(x), round(y)), 4, YELLOW_RGB, 1, cv2.LINE_AA)
    landmarks = apply_transform(aligned.transform, aligned.face.landmarks)
    for x, y in landmarks * ENLARGED + middle:
        cv2.circle(drawn, (round(x), round(y)), 2, BLUE_RGB, -1, cv2.LINE_AA)
    return np.asarray(drawn, np.uint8)


def draw_mean_faces(means: Mapping[str, tuple[GreyImage, GreyImage]]) -> RgbImage:
    """Lay what `report.statistics.mean_faces` gives, at least one pair, in two rows."""
    tiles = [Tile(before, f"{name}\nbefore") for name, (before, _) in means.items()]
    tiles += [Tile(after, f"{name}\nafter") for name, (_, after) in means.items()]
    return draw_sheet(tiles, columns=len(means))
