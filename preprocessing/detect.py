"""Find faces and their landmarks with dlib."""

import math

import cv2
import dlib
import numpy as np

from preprocessing.faces import BoundingBox, Face, GreyImage, Landmarks
from preprocessing.model_files import landmark_model_path

# dlib's frontal detector was trained on faces of 80 px; it sees none that are smaller.
SMALLEST_FACE_PX = 80
# What one scan may cost: dlib needs about 0.1 s for a million pixels.
SCAN_BUDGET_PX = 1_500_000
# Doubling once finds faces of 40 px; more finds little but false alarms.
MAX_UPSAMPLING = 2.0

# Below this score the detector raises more false alarms than it finds faces.
PHOTO_THRESHOLD = 0.2
# In a picture that is known to be one face, a weak detection is better than none.
CROP_THRESHOLD = -0.5
CROP_SIDE_PX = 144


class FaceFinder:
    """dlib's frontal face detector and its 68-landmark model.

    Loading reads 100 MB and takes about half a second; finding keeps no state.
    """

    def __init__(self) -> None:
        """Load the models.

        Raises:
            ModelFileError: The landmark model is missing or is not the expected one.
        """
        self._detector = dlib.get_frontal_face_detector()
        self._landmark_model = dlib.shape_predictor(str(landmark_model_path()))

    def find_faces(self, grey: GreyImage) -> list[Face]:
        """Find all upright faces in a photo, from image-left to image-right.

        The picture is scanned at its own size, or shrunk to `SCAN_BUDGET_PX` where it is larger;
        where that finds nothing and the budget allows, once more enlarged.

        Args:
            grey: The upright photo.

        Returns:
            The faces; landmarks are taken from the picture at full size.
        """
        fit = math.sqrt(SCAN_BUDGET_PX / grey.size)
        scales = [min(1.0, fit), min(MAX_UPSAMPLING, fit)]
        for scale in dict.fromkeys(scales):
            found = self._scan(_rescale(grey, scale), PHOTO_THRESHOLD)
            if found:
                break
        faces = []
        for rectangle, score in found:
            enlarged = dlib.rectangle(
                *(round((edge + 0.5) / scale - 0.5) for edge in _edges(rectangle))
            )
            landmarks = self._landmarks(grey, enlarged)
            faces.append(Face(_to_box(enlarged), landmarks, score, "detector"))
        return sorted(faces, key=lambda face: (face.box.left, face.box.top))

    def find_face_in_crop(self, grey: GreyImage) -> Face:
        """Find the one face of a picture that is a face crop, such as FER2013's.

        A small crop is enlarged first. Where the detector finds nothing, the landmark model runs
        on the whole frame, and `found_by` says `full_frame`.
        """
        height, width = grey.shape
        scale = max(1, round(CROP_SIDE_PX / min(height, width)))
        enlarged = _rescale(grey, scale)
        found = self._scan(enlarged, CROP_THRESHOLD)
        if found:
            (rectangle, score), found_by = max(found, key=lambda find: find[1]), "detector"
        else:
            rectangle = dlib.rectangle(0, 0, enlarged.shape[1] - 1, enlarged.shape[0] - 1)
            score, found_by = 0.0, "full_frame"
        landmarks = (self._landmarks(enlarged, rectangle) + 0.5) / scale - 0.5
        box = _to_box(
            dlib.rectangle(*(round((edge + 0.5) / scale - 0.5) for edge in _edges(rectangle)))
        )
        return Face(box, landmarks.astype(np.float32), score, found_by)

    def _scan(self, grey: GreyImage, threshold: float) -> list[tuple[dlib.rectangle, float]]:
        rectangles, scores, _ = self._detector.run(grey, 0, threshold)
        return list(zip(rectangles, scores, strict=True))

    def _landmarks(self, grey: GreyImage, rectangle: dlib.rectangle) -> Landmarks:
        parts = self._landmark_model(grey, rectangle).parts()
        return np.array([(point.x, point.y) for point in parts], dtype=np.float32)


def _rescale(grey: GreyImage, scale: float) -> GreyImage:
    if scale == 1:
        return grey
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(grey, size, interpolation=interpolation), dtype=np.uint8)


def _edges(rectangle: dlib.rectangle) -> tuple[int, int, int, int]:
    return rectangle.left(), rectangle.top(), rectangle.right(), rectangle.bottom()


def _to_box(rectangle: dlib.rectangle) -> BoundingBox:
    left, top, right, bottom = _edges(rectangle)
    return BoundingBox(left, top, right + 1, bottom + 1)
