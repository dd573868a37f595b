"""Find the faces of a picture, with their landmarks: propose, refine, landmark, verify."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from statistics import median
from typing import ParamSpec, TypeVar

from preprocessing.faces.detectors import load_detector
from preprocessing.faces.landmarker import Landmarker, load_landmarks
from preprocessing.faces.landmarks import LANDMARK_SCHEMES, LandmarkScheme
from preprocessing.faces.mend import MENDS, Mend
from preprocessing.faces.picture import Picture
from preprocessing.faces.pose import within_half_turn
from preprocessing.faces.proposals import (
    FIRST,
    budget_px,
    is_sure,
    most_promising,
    propose,
    propose_tilted,
    searched_down_to_px,
)
from preprocessing.faces.refine import frame, look_closer
from preprocessing.faces.search import Candidate, candidate_of, merge, scale_within, scan, seen_by
from preprocessing.faces.types import DetectorKind, Face
from preprocessing.faces.verify import Verifier
from preprocessing.images.types import GreyImage

Given = ParamSpec("Given")
Result = TypeVar("Result")

# A photo whose faces are tilted by more than this is scanned once more, turned back; where some
# face is not sure, one whose faces are slightly tilted too.
TILTED_DEG = 10
SLIGHTLY_TILTED_DEG = 5
# To look again at a false alarm takes longer than at a face: all ways to see it are tried.
MOST_IN_VAIN = 50
# To mend the faces that are hardly seen takes as long as all else. If a photo has more of them than
# this, which is more than a class lit from behind has, none is mended.
MOST_MENDED = 60


class FaceFinder:
    """A face detector and a landmark model, which find faces together. Threads may share it."""

    def __init__(
        self,
        scheme: LandmarkScheme = LANDMARK_SCHEMES["68"],
        *,
        detector: DetectorKind = DetectorKind.YUNET,
        between_looks: Callable[[], None] = lambda: None,
    ) -> None:
        """Load the models.

        Args:
            scheme: Which landmarks are located.
            detector: Which detector looks for faces.
            between_looks: Called before each look for a face or landmarks: a crowd takes hundreds.

        Raises:
            ModelFileError: A model is missing or is not the expected one.
        """
        self._detector = load_detector(detector)
        self._crop_detector = replace(self._detector, detect=self._detector.detect_in_crop)
        detect = _after(between_looks, self._detector.detect)
        self._detector = replace(self._detector, detect=detect)
        model = load_landmarks(scheme)
        model = replace(model, locate=_after(between_looks, model.locate))
        self._landmarker = Landmarker(scheme, model, self._detector)
        self._crop_landmarker = Landmarker(scheme, model, self._crop_detector)
        self._verifier = Verifier(self._detector, scheme.geometry)

    def searched_down_to_px(self, width: int, height: int) -> int:
        """Return how wide a face must be to be found in a photo of a size, in its pixels."""
        return searched_down_to_px(self._detector, width, height)

    def find_faces(self, picture: Picture) -> list[Face]:
        """Find all faces in a photo, from image-left to image-right.

        Scans propose candidates (`proposals`), closer looks frame them better and leave out some
        that are no faces (`refine`), and the landmark model runs on the others. Where the faces
        are tilted, or slightly tilted and some not sure, the photo is scanned once more, turned
        back by as much. What is not certain must be seen again in another way (`verify`).

        Args:
            picture: The upright photo.
        """
        seen = seen_by(self._detector, picture)
        candidates = most_promising(self._detector, propose(self._detector, seen))
        known, faces = set(candidates), self._landmarked(picture, candidates)
        candidates = [candidate for candidate in candidates if candidate in faces]
        angle_deg = self._tilt_deg(faces)
        if angle_deg is not None:
            candidates += propose_tilted(self._detector, seen, angle_deg=angle_deg)
            candidates = most_promising(self._detector, merge(candidates))
            new = [candidate for candidate in candidates if candidate not in known]
            faces |= self._landmarked(picture, new)
        kept = [(candidate, faces[candidate]) for candidate in candidates if candidate in faces]
        verified = self._verified(picture, kept)
        return sorted(_without_doubles(verified), key=lambda face: (face.box.left, face.box.top))

    def locate_again(self, picture: Picture, face: Face) -> Face:
        """Frame a face that is known better, and locate its landmarks again.

        Args:
            picture: The upright photo, with more detail than that in which the face was found.
            face: The face, in pixels of this picture.
        """
        known = candidate_of(face)
        seen = seen_by(self._detector, picture)
        framed = look_closer(self._detector, seen, known) if self._detector.closer_px else None
        found = self._landmarker.face(picture, framed or known)
        if found is None:
            return face
        return replace(face, box=found.box, landmarks=found.landmarks, pose=found.pose)

    def find_faces_in_crops(self, crops: Sequence[GreyImage]) -> list[Face]:
        """Find the one face of each picture that is a face crop, such as FER2013's.

        A small crop is enlarged first. Where the detector finds nothing, the landmark model runs
        on the whole frame, and `found_by` says `full_frame`; where that sees none, `unaligned`.
        """
        pictures = [Picture(grey) for grey in crops]
        # All are searched and framed first: taking turns, each model would drive the other out of
        # the processor's caches, and the landmark model would take twice as long.
        candidates = [self._framed_in_crop(picture) for picture in pictures]
        landmarker = self._crop_landmarker
        found = [
            None if candidate is None else landmarker.face(picture, candidate, is_crop=True)
            for picture, candidate in zip(pictures, candidates, strict=True)
        ]
        return [
            landmarker.whole_frame(picture) if face is None else face
            for picture, face in zip(pictures, found, strict=True)
        ]

    def _framed_in_crop(self, picture: Picture) -> Candidate | None:
        detector, seen = self._crop_detector, seen_by(self._crop_detector, picture)
        enlarged = max(1, round(detector.crop_side_px / min(seen.width, seen.height)))
        scale = scale_within(seen, budget_px=budget_px(detector, FIRST), largest=enlarged)
        candidates = scan(detector, seen, scale=scale, threshold=detector.crop_score)
        if not candidates:
            return None
        best = max(candidates, key=lambda candidate: candidate.score)
        return frame(detector, seen, best, is_crop=True)

    def _landmarked(
        self, picture: Picture, candidates: Sequence[Candidate]
    ) -> dict[Candidate, Face]:
        """Frame candidates, all first as in `find_faces_in_crops`, and locate their landmarks.

        A candidate that was seen small and not sure is left out if it is no face from near.
        """
        detector, seen = self._detector, seen_by(self._detector, picture)
        mends = self._mends_for(candidates)
        framed = {
            candidate: frame(detector, seen, candidate, mends=mends) for candidate in candidates
        }
        faces = {
            candidate: self._landmarker.face(picture, better)
            for candidate, better in framed.items()
            if better.score >= detector.closer_score
            or is_sure(detector, candidate)
            or candidate.seen_px >= detector.closer_px
        }
        return {candidate: face for candidate, face in faces.items() if face is not None}

    def _verified(
        self, picture: Picture, detections: Sequence[tuple[Candidate, Face]]
    ) -> list[Face]:
        """Return the faces that `verify` confirms among detections, the best candidate first.

        It stops when `MOST_IN_VAIN` more were rejected than confirmed: the others are worse.
        """
        mends = self._mends_for(candidate for candidate, _ in detections)
        faces: list[Face] = []
        for at, (candidate, face) in enumerate(detections):
            if at - 2 * len(faces) >= MOST_IN_VAIN:
                break
            score = candidate.score
            if self._verifier.is_face(face, picture, scan_score=score, mends=mends):
                faces.append(face)
        return faces

    def _mends_for(self, candidates: Iterable[Candidate]) -> Sequence[Mend]:
        """Return what is tried on candidates of a photo that are hardly seen."""
        weak = sum(not is_sure(self._detector, candidate) for candidate in candidates)
        return MENDS if weak <= MOST_MENDED else ()

    def _tilt_deg(self, faces: dict[Candidate, Face]) -> float | None:
        """Return by how much a photo's faces are tilted if another scan is worth it, else None."""
        least_score = self._detector.likely_score
        likely = [candidate for candidate in faces if candidate.score >= least_score]
        if not likely:
            return None
        scan_deg = likely[0].scan_deg  # the same for all
        rolls_deg = [faces[candidate].pose.roll_deg for candidate in likely]
        tilt_deg = median(within_half_turn(roll_deg - scan_deg) for roll_deg in rolls_deg)
        all_sure = all(is_sure(self._detector, candidate) for candidate in faces)
        least_deg = TILTED_DEG if all_sure else SLIGHTLY_TILTED_DEG
        return scan_deg + tilt_deg if scan_deg or abs(tilt_deg) > least_deg else None


def _after(before: Callable[[], None], call: Callable[Given, Result]) -> Callable[Given, Result]:
    """Return a function that calls another before each call."""

    def called(*arguments: Given.args, **named: Given.kwargs) -> Result:
        before()
        return call(*arguments, **named)

    return called


def _without_doubles(faces: Iterable[Face]) -> list[Face]:
    """Keep the best-scored of the faces that closer looks have brought to the same place."""
    by_candidate: dict[Candidate, Face] = {}
    for face in faces:
        by_candidate.setdefault(candidate_of(face), face)
    return [by_candidate[candidate] for candidate in merge(list(by_candidate))]
