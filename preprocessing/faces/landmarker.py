"""Locate the landmarks of detected faces with dlib's model."""

import functools
import math
from dataclasses import replace
from pathlib import Path

import cv2
import dlib
import numpy as np

from preprocessing.faces.detectors import Detector
from preprocessing.faces.geometry import apply_transform, invert_transform
from preprocessing.faces.model_files import ModelFile
from preprocessing.faces.picture import Picture
from preprocessing.faces.pose import head_pose, within_half_turn
from preprocessing.faces.refine import look_closer, to_square
from preprocessing.faces.search import Candidate, seen_by
from preprocessing.faces.types import FULL_FRAME, BoundingBox, Face, Landmarks

# The landmark model sees each face upright and at this size, about that of training's crops.
PATCH_FACE_PX = 140
PATCH_PX = 2 * PATCH_FACE_PX
# Landmarks that show a face tilted by this much more or less than detected are located again.
MOST_TILTED_DEG = 10


class Landmarker:
    """A landmark model of dlib's, and the detector that frames a face again for it.

    Loading the 68-landmark model reads 100 MB and takes about half a second.
    """

    def __init__(self, file: ModelFile, detector: Detector) -> None:
        """Load the model.

        Raises:
            ModelFileError: It is missing or is not the expected one.
        """
        self._model = load_landmark_model(file)
        self._detector = detector

    def face(self, picture: Picture, framed: Candidate, *, is_crop: bool = False) -> Face:
        """Locate a face's landmarks.

        If they show another tilt than the detector saw, the face is framed again and they are
        located again.

        Args:
            picture: The upright source picture.
            framed: The face, as `refine.frame` returned it.
            is_crop: The picture is known to be one face.
        """
        landmarks = self._landmarks(picture, framed)
        roll_deg = head_pose(landmarks).roll_deg
        if abs(within_half_turn(roll_deg - framed.roll_deg)) > MOST_TILTED_DEG:
            framed = replace(framed, roll_deg=roll_deg)
            if self._detector.closer_px:
                seen = seen_by(self._detector, picture)
                framed = look_closer(self._detector, seen, framed, is_crop=is_crop) or framed
            landmarks = self._landmarks(picture, framed)
        scan_deg = round(framed.scan_deg) % 360
        rung = "detector+larger" if framed.is_larger else "detector"
        found_by = f"{rung}@{scan_deg}" if scan_deg else rung
        return Face(_box(framed), landmarks, framed.score, found_by)

    def whole_frame(self, picture: Picture) -> Face:
        """Locate landmarks as if the whole picture were one upright face."""
        width, height = picture.grey.width, picture.grey.height
        middle = ((width - 1) / 2, (height - 1) / 2)
        whole = Candidate(
            middle, min(width, height), scan_deg=0.0, roll_deg=0.0, score=0.0, seen_px=math.inf
        )
        return Face(_box(whole), self._landmarks(picture, whole), whole.score, FULL_FRAME)

    def _landmarks(self, picture: Picture, candidate: Candidate) -> Landmarks:
        """Locate landmarks in a patch that shows the face turned back by its roll."""
        to_patch = to_square(candidate, face_px=PATCH_FACE_PX, size_px=PATCH_PX)
        # Black outside the picture, as dlib had it in training: where the picture cuts a face, a
        # repeated edge misleads the model.
        patch = picture.grey.sample(to_patch, size_px=PATCH_PX, outside=cv2.BORDER_CONSTANT)
        margin = (PATCH_PX - PATCH_FACE_PX) // 2
        far = margin + PATCH_FACE_PX - 1
        parts = self._model(patch, dlib.rectangle(margin, margin, far, far)).parts()
        found = np.array([(point.x, point.y) for point in parts], dtype=np.float64)
        return apply_transform(invert_transform(to_patch), found).astype(np.float32)


def load_landmark_model(file: ModelFile) -> dlib.shape_predictor:
    """Load a landmark model, once for a process and those forked from it: 100 MB, only read.

    Raises:
        ModelFileError: It is missing or is not the expected one.
    """
    return _load_landmark_model(file.path())


@functools.cache
def _load_landmark_model(path: Path) -> dlib.shape_predictor:
    return dlib.shape_predictor(str(path))


def _box(candidate: Candidate) -> BoundingBox:
    left, top = (round(middle - candidate.side / 2 + 0.5) for middle in candidate.centre)
    side = max(1, round(candidate.side))
    return BoundingBox(left, top, left + side, top + side)
