"""dlib's two face detectors, as one kind of function."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import dlib

from preprocessing.faces import GreyImage
from preprocessing.model_files import CNN_DETECTOR_FILE


class DetectorKind(StrEnum):
    """The detectors that can be chosen.

    `hog` (histograms of oriented gradients) needs 0.07 s for a million pixels, `cnn` about ten
    times as long; it sees more faces that look aside.
    """

    HOG = "hog"
    CNN = "cnn"


@dataclass(frozen=True)
class Sighting:
    """A square in which a detector saw a face.

    Attributes:
        centre: x and y in pixels of the picture given.
        side: In pixels.
        roll_deg: By how much the face is turned clockwise, roughly.
        score: The detector's confidence.
    """

    centre: tuple[float, float]
    side: float
    roll_deg: float
    score: float


Detector = Callable[[GreyImage, float], list[Sighting]]
"""Takes a picture and the least score; finds faces of about 80 px and more that are upright."""

# dlib's HOG detector is five: looking ahead, to either side, and ahead but tilted to either side.
# So much was the median roll of the faces that each saw in photos turned by -50 to 50 degrees.
_HOG_ROLL_DEG = (0.0, 0.0, 0.0, -30.0, 30.0)


def load_detector(kind: DetectorKind) -> Detector:
    """Load a detector.

    Raises:
        ModelFileError: The CNN's file is missing or is not the expected one.
    """
    return _load_cnn() if kind is DetectorKind.CNN else _load_hog()


def _load_hog() -> Detector:
    model = dlib.get_frontal_face_detector()

    def detect(grey: GreyImage, least_score: float) -> list[Sighting]:
        rectangles, scores, parts = model.run(grey, 0, least_score)
        return [
            _to_sighting(rectangle, roll_deg=_HOG_ROLL_DEG[part], score=score)
            for rectangle, score, part in zip(rectangles, scores, parts, strict=True)
        ]

    return detect


def _load_cnn() -> Detector:
    model = dlib.cnn_face_detection_model_v1(str(CNN_DETECTOR_FILE.path()))

    def detect(grey: GreyImage, least_score: float) -> list[Sighting]:
        return [
            _to_sighting(found.rect, roll_deg=0.0, score=found.confidence)
            for found in model(grey, 0)
            if found.confidence >= least_score
        ]

    return detect


def _to_sighting(rectangle: dlib.rectangle, *, roll_deg: float, score: float) -> Sighting:
    # dlib's right and bottom belong to the rectangle; pixel centres are whole numbers.
    x = (rectangle.left() + rectangle.right()) / 2
    y = (rectangle.top() + rectangle.bottom()) / 2
    return Sighting((x, y), rectangle.width(), roll_deg, score)
