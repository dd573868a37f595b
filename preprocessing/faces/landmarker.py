"""Locate the landmarks of detected faces, with a model of dlib's or with YuNet."""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import dlib
import numpy as np
from numpy.typing import NDArray

from preprocessing.faces.detector import Detector
from preprocessing.faces.geometry import apply_transform, invert_transform
from preprocessing.faces.landmarks import LandmarkScheme
from preprocessing.faces.model_files import ModelFile
from preprocessing.faces.picture import Picture
from preprocessing.faces.pose import head_pose, within_half_turn
from preprocessing.faces.refine import look_closer, to_square
from preprocessing.faces.search import Candidate, seen_by
from preprocessing.faces.types import FULL_FRAME, UNALIGNED, BoundingBox, Face, Landmarks
from preprocessing.faces.yunet import YuNet
from preprocessing.images.types import GreyImage

# dlib's models see each face upright and at this size, about that of training's crops.
DLIB_FACE_PX = 140
# YuNet's points scatter least at this size, of 64 to 112 px.
YUNET_FACE_PX, YUNET_LEAST_SCORE = 80, 0.3
# Landmarks that show a face tilted by this much more or less than detected are located again.
MOST_TILTED_DEG = 10


@dataclass(frozen=True)
class LandmarkModel:
    """A loaded model.

    Attributes:
        locate: Takes a square patch that shows one face, upright, half as wide as the patch, in its
            middle. Returns the landmarks, `(landmarks, 2)` in pixels; None where it sees no face.
        face_px: How wide the face is to be.
    """

    locate: Callable[[GreyImage], NDArray[np.float64] | None]
    face_px: int


class Landmarker:
    """A landmark model, and the detector that frames a face again for it."""

    def __init__(self, scheme: LandmarkScheme, model: LandmarkModel, detector: Detector) -> None:
        """Take a model of a scheme, and the detector."""
        self._scheme = scheme
        self._model = model
        self._detector = detector

    def face(self, picture: Picture, framed: Candidate, *, is_crop: bool = False) -> Face | None:
        """Locate a face's landmarks.

        If they show another tilt than the detector saw, the face is framed again and they are
        located again.

        Args:
            picture: The upright source picture.
            framed: The face, as `refine.frame` returned it.
            is_crop: The picture is known to be one face.

        Returns:
            The face; None where the landmark model sees none.
        """
        landmarks = self._landmarks(picture, framed)
        if landmarks is None:
            return None
        roll_deg = head_pose(landmarks, self._scheme).roll_deg
        if abs(within_half_turn(roll_deg - framed.roll_deg)) > MOST_TILTED_DEG:
            framed = replace(framed, roll_deg=roll_deg)
            if self._detector.closer_px:
                seen = seen_by(self._detector, picture)
                framed = look_closer(self._detector, seen, framed, is_crop=is_crop) or framed
            again = self._landmarks(picture, framed)
            landmarks = landmarks if again is None else again
        scan_deg = round(framed.scan_deg) % 360
        rung = "detector+larger" if framed.is_larger else "detector"
        found_by = f"{rung}@{scan_deg}" if scan_deg else rung
        return self._to_face(framed, landmarks, found_by)

    def whole_frame(self, picture: Picture) -> Face:
        """Locate landmarks as if the whole picture were one upright face.

        Where the model sees no face even so, they are those of the mean face, and `found_by` says
        `unaligned`.
        """
        width, height = picture.grey.width, picture.grey.height
        middle = ((width - 1) / 2, (height - 1) / 2)
        whole = Candidate(
            middle, min(width, height), scan_deg=0.0, roll_deg=0.0, score=0.0, seen_px=math.inf
        )
        landmarks = self._landmarks(picture, whole)
        if landmarks is not None:
            return self._to_face(whole, landmarks, FULL_FRAME)
        corner = np.array(middle) - (whole.side - 1) / 2
        mean_face = np.array(self._scheme.mean_face) * whole.side - 0.5 + corner
        return self._to_face(whole, mean_face.astype(np.float32), UNALIGNED)

    def _to_face(self, candidate: Candidate, landmarks: Landmarks, found_by: str) -> Face:
        pose = head_pose(landmarks, self._scheme)
        return Face(_box(candidate), landmarks, pose, candidate.score, found_by)

    def _landmarks(self, picture: Picture, candidate: Candidate) -> Landmarks | None:
        """Locate landmarks in a patch that shows the face turned back by its roll."""
        face_px = self._model.face_px
        to_patch = to_square(candidate, face_px=face_px, size_px=2 * face_px)
        # Black outside the picture, as dlib had it in training: where the picture cuts a face, a
        # repeated edge misleads the model.
        patch = picture.grey.sample(to_patch, size_px=2 * face_px, outside=cv2.BORDER_CONSTANT)
        found = self._model.locate(patch)
        if found is None:
            return None
        return apply_transform(invert_transform(to_patch), found).astype(np.float32)


def load_landmarks(scheme: LandmarkScheme) -> LandmarkModel:
    """Load the model of a scheme; that of 68 landmarks is 100 MB and takes about half a second.

    Raises:
        ModelFileError: It is missing or is not the expected one.
    """
    return _yunet() if scheme.is_of_detector else _dlib(scheme.file)


def _dlib(file: ModelFile) -> LandmarkModel:
    model = load_landmark_model(file)

    def locate(patch: GreyImage) -> NDArray[np.float64]:
        margin = (len(patch) - DLIB_FACE_PX) // 2
        far = margin + DLIB_FACE_PX - 1
        parts = model(patch, dlib.rectangle(margin, margin, far, far)).parts()
        return np.array([(point.x, point.y) for point in parts], dtype=np.float64)

    return LandmarkModel(locate, DLIB_FACE_PX)


def _yunet() -> LandmarkModel:
    model = YuNet()

    def locate(patch: GreyImage) -> NDArray[np.float64] | None:
        faces = model.detect(patch, YUNET_LEAST_SCORE)[:, 4:14].reshape(-1, 5, 2).astype(np.float64)
        middle = (len(patch) - 1) / 2
        apart = np.linalg.norm(faces.mean(axis=1) - middle, axis=1)
        # Not a neighbour's face in a corner of the patch.
        near = apart < len(patch) / 4
        return faces[near][apart[near].argmin()] if near.any() else None

    return LandmarkModel(locate, YUNET_FACE_PX)


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
