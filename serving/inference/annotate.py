"""Draw boxes, landmarks, numbers and labels onto a picture."""

import cv2
import numpy as np

from preprocessing.images.decode import RgbImage
from serving.inference.prediction import PhotoResult

MARK_RGB = (255, 184, 77)
INK_RGB = (35, 21, 0)
POINT_RGB = (255, 255, 255)
FONT = cv2.FONT_HERSHEY_SIMPLEX
# Sub-pixel positions, as OpenCV wants them: whole numbers, with so many bits behind the point.
POINT_BITS = 4


def annotate(rgb: RgbImage, result: PhotoResult) -> RgbImage:
    """Return a copy of the upright picture with every face marked, numbered and labelled."""
    drawn = rgb.copy()
    thickness = max(1, round(max(rgb.shape[:2]) / 500))
    text_scale = thickness * 0.45
    for number, prediction in enumerate(result.predictions, start=1):
        face = prediction.face.face
        box = face.box
        cv2.rectangle(
            drawn, (box.left, box.top), (box.right - 1, box.bottom - 1), MARK_RGB, thickness
        )
        radius = max(1, box.width // 90) << POINT_BITS
        for x, y in np.round(face.landmarks * (1 << POINT_BITS)).astype(int):
            cv2.circle(drawn, (int(x), int(y)), radius, POINT_RGB, -1, cv2.LINE_AA, POINT_BITS)
        doubt = "" if prediction.is_sure else "?"
        text = f"{number} {prediction.label}{doubt} {prediction.confidence:.0%}"
        (width, height), below = cv2.getTextSize(text, FONT, text_scale, thickness)
        left = max(0, min(box.left, drawn.shape[1] - width))
        top = max(box.top - height - 2 * below, 0)
        corner = (left + width, top + height + 2 * below)
        cv2.rectangle(drawn, (left, top), corner, MARK_RGB, -1)
        place = (left, top + height + below // 2)
        cv2.putText(drawn, text, place, FONT, text_scale, INK_RGB, thickness, cv2.LINE_AA)
    return drawn
