"""Find faces and their landmarks with dlib."""

import functools
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import cv2
import dlib
import numpy as np

from preprocessing.detectors import DetectorKind, load_detector
from preprocessing.faces import BoundingBox, Face, GreyImage, Landmarks
from preprocessing.geometry import (
    apply_transform,
    extract_chip,
    fit_landmarks,
    invert_transform,
    sample_square,
)
from preprocessing.landmarks import LANDMARK_SCHEMES, LandmarkScheme
from preprocessing.model_files import ModelFile
from preprocessing.pose import head_pose
from preprocessing.scan import Find, merge, scale_within, scan

# What one scan may look at, in pixels; dlib needs about 0.07 s for a million. A picture without a
# face costs FIRST_PX + SECOND_PX + 3 * TURNED_PX, 8.4 million; none costs more than MOST_PX.
FIRST_PX = 1_000_000
SECOND_PX = 2_600_000
TURNED_PX = 1_600_000
TILTED_PX = 4_000_000
CROWD_PX = 5_000_000
# The detector was trained on faces of 80 px; doubling finds those of 40 px. Turning costs detail.
LARGEST_SCALE = 2.0
LARGEST_TURNED_SCALE = 2.4

# Finds with less than this are not looked at. Heads tilted unlike the others score little.
THRESHOLD = -0.2
# From here on a find may tell how small faces are, and by how much the picture is tilted.
LIKELY_SCORE = 0.0
# A face must reach this score, at once or when it is looked at again, aligned.
SURE_SCORE = 0.6
SECOND_LOOK_PX, SECOND_LOOK_MARGIN = 200, 0.35
# So many weak finds are looked at again, the best; photos of crowds have three.
MOST_WEAK = 100
# In a picture that is known to be one face, a weak detection is better than none.
CROP_THRESHOLD = -0.5
CROP_SIDE_PX = 144

# The detector sees some faces that are turned by 45 degrees; the landmarks of one then tell by how
# much to turn the picture for all.
TURNS_DEG = (90, -90, 180)
# The most that all scans of a picture look at, 18.8 million: where faces are small and tilted, and
# none is sure.
MOST_PX = (
    FIRST_PX + CROWD_PX + len(TURNS_DEG) * TURNED_PX + TILTED_PX + MOST_WEAK * SECOND_LOOK_PX**2
)
# Where a face is seen that is hardly larger than the detector's 80 px, smaller ones may be missed.
NEAR_LIMIT_PX = 120
# Faces turned by more than this are better seen in a picture turned by as much; where some face is
# not sure, those turned by less too.
TILTED_DEG = 10
SLIGHTLY_TILTED_DEG = 5

# The landmark model sees each face upright and at this size, about that of training's crops.
PATCH_FACE_PX = 140
PATCH_PX = 2 * PATCH_FACE_PX


class FaceFinder:
    """A face detector and a landmark model of dlib's.

    Loading the 68-landmark model reads 100 MB and takes about half a second; finding keeps no
    state.
    """

    def __init__(
        self,
        scheme: LandmarkScheme = LANDMARK_SCHEMES[68],
        *,
        detector: DetectorKind = DetectorKind.HOG,
    ) -> None:
        """Load the models.

        Raises:
            ModelFileError: A model is missing or is not the expected one.
        """
        self._detect = load_detector(detector)
        self._landmark_model = load_landmark_model(scheme.file)
        self._second_look = replace(
            scheme.geometry,
            size_px=SECOND_LOOK_PX,
            margin=SECOND_LOOK_MARGIN,
            interpolation="linear",
        )

    def find_faces(self, grey: GreyImage) -> list[Face]:
        """Find all faces in a photo, from image-left to image-right.

        A ladder of scans within a budget of pixels: enlarged or shrunk to `FIRST_PX`; where that
        finds small faces, to `CROWD_PX`, and where it finds no sure face, to `SECOND_PX`; where no
        face is sure yet, turned.
        Where the faces found are tilted, or slightly tilted and some not sure, the picture is
        scanned once more to `TILTED_PX`, turned by as much. A weak find must stand a second look,
        aligned by its landmarks; only the `MOST_WEAK` best get one. All scans together look at no
        more than `MOST_PX`; each face adds the time for its landmarks.

        Args:
            grey: The upright photo.
        """
        finds = worth_a_look(self._climb(grey))
        faces = {find: self._to_face(grey, find) for find in finds}
        likely = [find for find in finds if find.score >= LIKELY_SCORE]
        if likely:
            scan_deg = likely[0].scan_deg  # the same for all
            rolls_deg = [head_pose(faces[find].landmarks).roll_deg for find in likely]
            tilt_deg = median(_within_half_turn(roll_deg - scan_deg) for roll_deg in rolls_deg)
            all_sure = min(find.score for find in finds) >= SURE_SCORE
            if scan_deg or abs(tilt_deg) > (TILTED_DEG if all_sure else SLIGHTLY_TILTED_DEG):
                finds += self._scan(grey, angle_deg=scan_deg + tilt_deg, budget_px=TILTED_PX)
        found = [
            faces.get(find) or self._to_face(grey, find) for find in worth_a_look(merge(finds))
        ]
        sure = [face for face in found if self._is_sure(grey, face)]
        return sorted(sure, key=lambda face: (face.box.left, face.box.top))

    def find_faces_in_crops(self, crops: Sequence[GreyImage]) -> list[Face]:
        """Find the one face of each picture that is a face crop, such as FER2013's.

        A small crop is enlarged first. Where the detector finds nothing, the landmark model runs
        on the whole frame, and `found_by` says `full_frame`.
        """
        # One model after the other over all crops: taking turns, each would drive the other out of
        # the processor's caches, and the landmark model would take twice as long.
        finds = [self._find_in_crop(grey) for grey in crops]
        return [
            self._to_face(grey, find)
            if find is not None
            else self._to_face(grey, _whole_frame(grey), found_by="full_frame")
            for grey, find in zip(crops, finds, strict=True)
        ]

    def _find_in_crop(self, grey: GreyImage) -> Find | None:
        enlarged = max(1, round(CROP_SIDE_PX / min(grey.shape)))
        scale = scale_within(grey, budget_px=FIRST_PX, largest=enlarged)
        finds = scan(self._detect, grey, scale=scale, threshold=CROP_THRESHOLD)
        return max(finds, key=lambda find: find.score, default=None)

    def _climb(self, grey: GreyImage) -> list[Find]:
        """Scan until a face is sure; return the finds of one angle, the surest."""
        best = self._scan(grey, budget_px=FIRST_PX)
        scale = scale_within(grey, budget_px=FIRST_PX, largest=LARGEST_SCALE)
        if scale < LARGEST_SCALE:
            likely = [find for find in best if find.score >= LIKELY_SCORE]
            if any(find.side * scale < NEAR_LIMIT_PX for find in likely):
                best = merge(best + self._scan_larger(grey, budget_px=CROWD_PX))
            elif _best_score(best) < SURE_SCORE:
                best = merge(best + self._scan_larger(grey, budget_px=SECOND_PX))
        for angle_deg in TURNS_DEG:
            if _best_score(best) >= SURE_SCORE:
                break
            turned = self._scan(grey, angle_deg=angle_deg, budget_px=TURNED_PX)
            best = max(best, turned, key=_best_score)
        return best

    def _scan_larger(self, grey: GreyImage, *, budget_px: int) -> list[Find]:
        finds = self._scan(grey, budget_px=budget_px)
        return [replace(find, is_larger=True) for find in finds]

    def _scan(self, grey: GreyImage, *, angle_deg: float = 0.0, budget_px: int) -> list[Find]:
        largest = LARGEST_TURNED_SCALE if angle_deg else LARGEST_SCALE
        scale = scale_within(grey, angle_deg=angle_deg, budget_px=budget_px, largest=largest)
        return scan(self._detect, grey, angle_deg=angle_deg, scale=scale, threshold=THRESHOLD)

    def _is_sure(self, grey: GreyImage, face: Face) -> bool:
        """Look again at a weak find, aligned by its landmarks: false alarms seldom stand that."""
        if face.score >= SURE_SCORE:
            return True
        transform, _ = fit_landmarks(face.landmarks, self._second_look)
        patch = extract_chip(grey, transform, geometry=self._second_look)
        return bool(scan(self._detect, patch, threshold=SURE_SCORE))

    def _to_face(self, grey: GreyImage, find: Find, *, found_by: str = "") -> Face:
        scan_deg = round(find.scan_deg) % 360
        half = find.side / 2
        left, top = (round(middle - half + 0.5) for middle in find.centre)
        side = max(1, round(find.side))
        rung = "detector+larger" if find.is_larger else "detector"
        return Face(
            box=BoundingBox(left, top, left + side, top + side),
            landmarks=self._landmarks(grey, find),
            score=find.score,
            found_by=found_by or (f"{rung}@{scan_deg}" if scan_deg else rung),
        )

    def _landmarks(self, grey: GreyImage, find: Find) -> Landmarks:
        """Landmark a face in a patch that shows it upright and at a fixed size."""
        angle = math.radians(find.roll_deg)
        scale = PATCH_FACE_PX / find.side
        cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
        to_patch = np.array([[cosine, sine, 0.0], [-sine, cosine, 0.0]])
        middle = (PATCH_PX - 1) / 2
        to_patch[:, 2] = middle - to_patch[:, :2] @ np.array(find.centre)
        # Black outside the picture, as dlib had it in training: where the picture cuts a face, a
        # repeated edge misleads the model.
        patch = sample_square(grey, to_patch, size_px=PATCH_PX, outside=cv2.BORDER_CONSTANT)
        margin = (PATCH_PX - PATCH_FACE_PX) // 2
        far = margin + PATCH_FACE_PX - 1
        parts = self._landmark_model(patch, dlib.rectangle(margin, margin, far, far)).parts()
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


def worth_a_look(finds: list[Find]) -> list[Find]:
    """Return the finds that are sure and the best of those that are weak."""
    sure = sum(find.score >= SURE_SCORE for find in finds)
    return sorted(finds, key=lambda find: -find.score)[: sure + MOST_WEAK]


def _whole_frame(grey: GreyImage) -> Find:
    height, width = grey.shape
    return Find(((width - 1) / 2, (height - 1) / 2), min(width, height), 0.0, 0.0, 0.0)


def _best_score(finds: list[Find]) -> float:
    return max((find.score for find in finds), default=-math.inf)


def _within_half_turn(angle_deg: float) -> float:
    return (angle_deg + 180) % 360 - 180
