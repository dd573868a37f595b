"""Find faces, and their landmarks with dlib."""

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import cv2
import dlib
import numpy as np

from preprocessing.faces.detectors import load_detector
from preprocessing.faces.geometry import (
    apply_transform,
    invert_transform,
    sample_square,
)
from preprocessing.faces.landmarks import LANDMARK_SCHEMES, LandmarkScheme
from preprocessing.faces.model_files import ModelFile
from preprocessing.faces.pose import head_pose
from preprocessing.faces.refine import frame, look_closer, to_square
from preprocessing.faces.search import Find, Pyramid, merge, scale_within, scan, whole_scale
from preprocessing.faces.types import FULL_FRAME, BoundingBox, DetectorKind, Face, Landmarks
from preprocessing.faces.verify import SECOND_LOOK_MARGIN, SECOND_LOOK_PX, is_face
from preprocessing.images.types import GreyImage

# What one scan may look at, in squares of the smallest face that the detector finds dependably. A
# picture without a face costs FIRST, SECOND where it is small or else the scan for small faces
# (`whole_scale`), and TURNED for each turn.
FIRST = 160
SECOND = 400
TURNED = 250
TILTED = 640
CROWD = 800
# Enlarging shows no more than there is, but the detector may need it. Turned scans are many, and
# enlarged by more than this they only see turned faces of less than 24 px better.
LARGEST_SCALE = 2.0
LARGEST_TURNED_SCALE = 1.5

# A scan at a scale that is larger by less than this shows nothing new.
MUCH_LARGER = 1.2
# Of a scanned picture, so much is mirrored outwards. Of the annotated faces with 10, 20, 30 and
# 40 % of their box cut off, scans see 99, 99, 94 and 79 %.
BORDER_PX = 32

# So many weak finds are looked at again, the best: in a crowd of small, tilted faces nearly all are
# weak.
MOST_WEAK = 300
# So many that are sure get their landmarks, the largest: a picture can be filled with thousands.
MOST_SURE = 300

# Where a face is seen that is larger than the smallest by less than this, others may be missed.
NEAR_LIMIT = 1.5
# Faces turned by more than this are better seen in a picture turned by as much; where some face is
# not sure, those turned by less too.
TILTED_DEG = 10
SLIGHTLY_TILTED_DEG = 5
# The landmark model sees each face upright and at this size, about that of training's crops.
PATCH_FACE_PX = 140
PATCH_PX = 2 * PATCH_FACE_PX


class FaceFinder:
    """A face detector, and a landmark model of dlib's.

    Loading the 68-landmark model reads 100 MB and takes about half a second. YuNet keeps state
    while it looks at a picture: threads that share a finder must take turns.
    """

    def __init__(
        self,
        scheme: LandmarkScheme = LANDMARK_SCHEMES[68],
        *,
        detector: DetectorKind = DetectorKind.YUNET,
    ) -> None:
        """Load the models.

        Raises:
            ModelFileError: A model is missing or is not the expected one.
        """
        self._detector = load_detector(detector)
        self._second_detector = load_detector(DetectorKind.HOG)
        self._landmark_model = load_landmark_model(scheme.file)
        self._second_look = replace(
            scheme.geometry,
            size_px=SECOND_LOOK_PX,
            margin=SECOND_LOOK_MARGIN,
        )

    def searched_down_to_px(self, width: int, height: int) -> int:
        """Return how wide a face must be to be found in a photo of a size, in its pixels."""
        scale = whole_scale(width, height)
        if not self._detector.searches_whole:
            scale = min(1.0, math.sqrt(self._budget_px(FIRST) / (width * height)))
        return math.ceil(self._detector.smallest_px / scale)

    def find_faces(self, grey: GreyImage) -> list[Face]:
        """Find all faces in a photo, from image-left to image-right.

        Faces are proposed by scans at two scales: small, to `FIRST`, for large faces, and at
        `whole_scale` for small ones, each with its edges mirrored outwards for those that the
        edges cut. Small pictures are enlarged: to `CROWD` where small faces are seen, to `SECOND`
        where no face is sure; where none is sure yet, the picture is turned. Where the faces found
        are tilted, or slightly tilted and some not sure, it is scanned once more to `TILTED`,
        turned by as much. Finds of one face are merged, then refined by closer looks, which leave
        out what is no face from near (`refine`). What is not certain must be seen again (`verify`).
        Only the `MOST_WEAK` best of the weak finds and the `MOST_SURE` largest of the others get so
        far, which bounds the time.

        Args:
            grey: The upright photo.
        """
        picture = Pyramid(grey)
        finds = self._worth_a_look(self._climb(picture))
        known, faces = set(finds), self._to_faces(grey, finds)
        finds = [find for find in finds if find in faces]
        likely = [find for find in faces if find.score >= self._detector.likely_score]
        if likely:
            scan_deg = likely[0].scan_deg  # the same for all
            rolls_deg = [head_pose(faces[find].landmarks).roll_deg for find in likely]
            tilt_deg = median(_within_half_turn(roll_deg - scan_deg) for roll_deg in rolls_deg)
            all_sure = all(self._is_sure(find) for find in finds)
            if scan_deg or abs(tilt_deg) > (TILTED_DEG if all_sure else SLIGHTLY_TILTED_DEG):
                finds += self._scan_turned(picture, angle_deg=scan_deg + tilt_deg, budget=TILTED)
        finds = self._worth_a_look(merge(finds))
        faces |= self._to_faces(grey, [find for find in finds if find not in known])
        kept = [(find, faces[find]) for find in finds if find in faces]
        seen = [
            face
            for find, face in kept
            if is_face(
                face,
                grey,
                scan_score=find.score,
                detector=self._detector,
                second_detector=self._second_detector,
                geometry=self._second_look,
            )
        ]
        return sorted(seen, key=lambda face: (face.box.left, face.box.top))

    def find_faces_in_crops(self, crops: Sequence[GreyImage]) -> list[Face]:
        """Find the one face of each picture that is a face crop, such as FER2013's.

        A small crop is enlarged first. Where the detector finds nothing, the landmark model runs
        on the whole frame, and `found_by` says `full_frame`.
        """
        # All are searched and framed first: taking turns, each model would drive the other out of
        # the processor's caches, and the landmark model would take twice as long.
        finds = [self._find_in_crop(grey) for grey in crops]
        return [
            self._to_face(grey, find, is_crop=True) if find is not None else self._whole_frame(grey)
            for grey, find in zip(crops, finds, strict=True)
        ]

    def _find_in_crop(self, grey: GreyImage) -> Find | None:
        """Find and frame the face of a crop."""
        enlarged = max(1, round(self._detector.crop_side_px / min(grey.shape)))
        scale = scale_within(grey, budget_px=self._budget_px(FIRST), largest=enlarged)
        finds = scan(
            self._detector, Pyramid(grey), scale=scale, threshold=self._detector.crop_score
        )
        if not finds:
            return None
        best = max(finds, key=lambda find: find.score)
        return frame(self._detector, grey, best, is_crop=True)

    def _climb(self, picture: Pyramid) -> list[Find]:
        """Scan until a face is sure; return the finds of one angle, the surest."""
        best, scale = self._propose(picture)
        likely = [find for find in best if find.score >= self._detector.likely_score]
        near_px = NEAR_LIMIT * self._detector.smallest_px
        if any(find.seen_px < near_px for find in likely):
            best = self._with_larger(best, picture, budget=CROWD, than=scale)
        elif not any(map(self._is_sure, best)):
            best = self._with_larger(best, picture, budget=SECOND, than=scale)
        for angle_deg in self._detector.turns_deg:
            if any(map(self._is_sure, best)):
                break
            turned = self._scan_turned(picture, angle_deg=angle_deg, budget=TURNED)
            best = max(best, turned, key=_best_score)
        return best

    def _propose(self, picture: Pyramid) -> tuple[list[Find], float]:
        """Scan for large faces, and for small ones; return all finds and the larger scale."""
        first = scale_within(picture.grey, budget_px=self._budget_px(FIRST), largest=LARGEST_SCALE)
        finds = self._scan_upright(picture, scale=first)
        whole = whole_scale(*picture.grey.shape[::-1])
        if not self._detector.searches_whole or whole <= first:
            return finds, first
        return merge(finds + self._scan_upright(picture, scale=whole, is_larger=True)), whole

    def _with_larger(
        self, finds: list[Find], picture: Pyramid, *, budget: int, than: float
    ) -> list[Find]:
        """Scan once more where that can be at a larger scale, and join the finds."""
        scale = scale_within(picture.grey, budget_px=self._budget_px(budget), largest=LARGEST_SCALE)
        if scale <= MUCH_LARGER * than:
            return finds
        return merge(finds + self._scan_upright(picture, scale=scale, is_larger=True))

    def _scan_upright(
        self, picture: Pyramid, *, scale: float, is_larger: bool = False
    ) -> list[Find]:
        threshold = self._detector.least_score
        finds = scan(self._detector, picture, scale=scale, border_px=BORDER_PX, threshold=threshold)
        return [replace(find, is_larger=is_larger) for find in finds]

    def _scan_turned(self, picture: Pyramid, *, angle_deg: float, budget: int) -> list[Find]:
        scale = scale_within(
            picture.grey,
            angle_deg=angle_deg,
            budget_px=self._budget_px(budget),
            largest=LARGEST_TURNED_SCALE,
        )
        least_score = self._detector.least_score
        return scan(
            self._detector, picture, angle_deg=angle_deg, scale=scale, threshold=least_score
        )

    def _budget_px(self, budget: int) -> int:
        return budget * self._detector.smallest_px**2

    def _worth_a_look(self, finds: list[Find]) -> list[Find]:
        """Return the largest finds that are sure and the best of those that are weak."""
        sure = [find for find in finds if self._is_sure(find)]
        weak = [find for find in finds if not self._is_sure(find)]
        largest = sorted(sure, key=lambda find: -find.side)[:MOST_SURE]
        best = sorted(weak, key=lambda find: -find.score)[:MOST_WEAK]
        return sorted(largest + best, key=lambda find: -find.score)

    def _is_sure(self, find: Find) -> bool:
        return find.score >= self._detector.sure_score

    def _to_faces(self, grey: GreyImage, finds: Iterable[Find]) -> dict[Find, Face]:
        """Frame faces, all first as in `find_faces_in_crops`, and landmark them.

        What was not sure and seen small, and is no face in a closer look, is left out.
        """
        framed = {find: frame(self._detector, grey, find) for find in finds}
        return {
            find: self._to_face(grey, better)
            for find, better in framed.items()
            if better.score >= self._detector.closer_score
            or self._is_sure(find)
            or find.seen_px >= self._detector.closer_px
        }

    def _to_face(self, grey: GreyImage, framed: Find, *, is_crop: bool = False) -> Face:
        """Landmark a face, and anew, framed anew, where it is tilted otherwise than thought."""
        landmarks = self._landmarks(grey, framed)
        roll_deg = head_pose(landmarks).roll_deg
        if abs(_within_half_turn(roll_deg - framed.roll_deg)) > TILTED_DEG:
            framed = replace(framed, roll_deg=roll_deg)
            if self._detector.closer_px:
                framed = look_closer(self._detector, grey, framed, is_crop=is_crop) or framed
            landmarks = self._landmarks(grey, framed)
        scan_deg = round(framed.scan_deg) % 360
        rung = "detector+larger" if framed.is_larger else "detector"
        found_by = f"{rung}@{scan_deg}" if scan_deg else rung
        return Face(_box(framed), landmarks, framed.score, found_by)

    def _whole_frame(self, grey: GreyImage) -> Face:
        height, width = grey.shape
        middle = ((width - 1) / 2, (height - 1) / 2)
        whole = Find(
            middle, min(width, height), scan_deg=0.0, roll_deg=0.0, score=0.0, seen_px=math.inf
        )
        return Face(_box(whole), self._landmarks(grey, whole), whole.score, FULL_FRAME)

    def _landmarks(self, grey: GreyImage, find: Find) -> Landmarks:
        """Landmark a face in a patch that shows it turned back by its roll, at a fixed size."""
        to_patch = to_square(find, face_px=PATCH_FACE_PX, size_px=PATCH_PX)
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


def _box(find: Find) -> BoundingBox:
    left, top = (round(middle - find.side / 2 + 0.5) for middle in find.centre)
    side = max(1, round(find.side))
    return BoundingBox(left, top, left + side, top + side)


def _best_score(finds: list[Find]) -> float:
    return max((find.score for find in finds), default=-math.inf)


def _within_half_turn(angle_deg: float) -> float:
    return (angle_deg + 180) % 360 - 180
