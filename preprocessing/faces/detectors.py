"""The face detectors that can be chosen."""

import functools
import math
import threading
from typing import Any

import cv2
import dlib
import numpy as np
from numpy.typing import NDArray

from preprocessing.faces.detector import Detect, Detection, Detector
from preprocessing.faces.model_files import CNN_DETECTOR_FILE, HOG_DETECTOR_FILE, YUNET_FILE
from preprocessing.faces.types import SMALLEST_PX, DetectorKind
from preprocessing.faces.yunet import YuNet
from preprocessing.images.types import GreyImage, RgbImage


def load_detector(kind: DetectorKind) -> Detector:
    """Load a detector.

    Raises:
        ModelFileError: Its file is missing or is not the expected one.
    """
    return {
        DetectorKind.YUNET: _load_yunet,
        DetectorKind.HOG: _load_hog,
        DetectorKind.CNN: _load_cnn,
    }[kind]()


def _one_at_a_time(detect: Detect) -> Detect:
    """Let threads share a detector whose model keeps state while it runs."""
    lock = threading.Lock()

    @functools.wraps(detect)
    def locked(image: GreyImage | RgbImage, least_score: float) -> list[Detection]:
        with lock:
            return detect(image, least_score)

    return locked


def _load_yunet() -> Detector:
    return Detector(
        _yunet_on_photos(),
        _yunet_on_crops(),
        reads_colour=True,
        smallest_px=SMALLEST_PX,
        smallest_colour_px=16,
        # Tilted by 30 degrees it misses a quarter of all faces, by 45 most.
        turns_deg=(45, -45, 90, -90, 135, -135, 180),
        least_score=0.5,
        likely_score=0.5,
        sure_score=0.88,
        # Animals' faces get up to 0.89.
        certain_score=0.91,
        cut_score=0.86,
        # What misleads one of the two seldom misleads the other, but a dog's face may: it got 0.85
        # and, aligned, 0.49. Faces of people that were not certain had 0.89 or more.
        second_look_score=0.15,
        doubtful_score=0.87,
        # Dogs get up to 0.73, faces that only one of the two detectors sees 0.86.
        smaller_score=0.84,
        # Faces with masks, noise or blur, which dlib's detector does not see. Dogs get 0.59 at most
        # in the second of these looks.
        shrunk_scan_score=0.8,
        shrunk_scores=(0.8, 0.75),
        # Dogs get up to 0.82 in the first of these looks and nothing in the second then, a cat 0.60
        # and 0.65.
        mended_scan_score=0.7,
        mended_scores=(0.84, 0.68),
        crop_score=0.3,
        crop_side_px=96,
        closer_px=64,
        closer_score=0.65,
        upright_score=0.91,
        # A sixth of FER2013's faces score less, among them nearly all that are tilted so far.
        upright_crop_score=0.88,
        searches_whole=True,
    )


def _yunet_on_photos() -> Detect:
    model = YuNet()

    def detect(image: GreyImage | RgbImage, least_score: float) -> list[Detection]:
        return [_to_dlib_square(row) for row in model.detect(image, least_score).astype(np.float64)]

    return detect


def _yunet_on_crops() -> Detect:
    # OpenCV 5 warns of a setting that its own class makes here.
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    try:
        model = cv2.FaceDetectorYN.create(str(YUNET_FILE.path()), "", (1, 1))
    finally:
        cv2.utils.logging.setLogLevel(level)

    @_one_at_a_time
    def detect(image: GreyImage | RgbImage, least_score: float) -> list[Detection]:
        model.setInputSize(image.shape[1::-1])
        model.setScoreThreshold(least_score)
        to_bgr = cv2.COLOR_GRAY2BGR if image.ndim == 2 else cv2.COLOR_RGB2BGR
        # OpenCV's types do not know that it returns None where it finds nothing.
        found: Any = model.detect(cv2.cvtColor(image, to_bgr))[1]
        return [] if found is None else [_to_dlib_square(row) for row in found.astype(np.float64)]

    return detect


# YuNet marks both eyes, the nose and both corners of the mouth. On FER2013 and on photos dlib's
# square has this side, and its centre lies this far above the middle of eyes and mouth, in units of
# the root of the summed squares of the distances between the eyes and from eyes to mouth.
_SIDE, _ABOVE = 1.65, 0.04


def _to_dlib_square(row: NDArray[np.float64]) -> Detection:
    """Frame what YuNet found: box, five points, score."""
    eye_left, eye_right, _, mouth_left, mouth_right = row[4:14].reshape(5, 2)
    eyes, mouth = (eye_left + eye_right) / 2, (mouth_left + mouth_right) / 2
    across, down = eye_right - eye_left, mouth - eyes
    unit = math.hypot(*across, *down)
    x, y = (eyes + mouth) / 2
    # The points of a tilted face are tilted to the same side, by 5 degrees at 20 as at 50.
    roll_deg = math.degrees(math.atan2(across[1] - down[0], across[0] + down[1]))
    return Detection((x, y - _ABOVE * unit), _SIDE * unit, roll_deg, score=float(row[14]))


# dlib's HOG detector is five: looking ahead, to either side, and ahead but tilted to either side.
# The median roll of the faces that each saw in photos turned by -50 to 50 degrees.
_HOG_ROLL_DEG = (0.0, 0.0, 0.0, -30.0, 30.0)


def _load_hog() -> Detector:
    model = dlib.fhog_object_detector(str(HOG_DETECTOR_FILE.path()))

    @_one_at_a_time
    def detect(grey: GreyImage, least_score: float) -> list[Detection]:
        rectangles, scores, parts = model.run(grey, 0, least_score)
        return [
            _to_detection(rectangle, roll_deg=_HOG_ROLL_DEG[part], score=score)
            for rectangle, score, part in zip(rectangles, scores, parts, strict=True)
        ]

    return _dlib_detector(detect)


def _load_cnn() -> Detector:
    model = dlib.cnn_face_detection_model_v1(str(CNN_DETECTOR_FILE.path()))

    @_one_at_a_time
    def detect(grey: GreyImage, least_score: float) -> list[Detection]:
        return [
            _to_detection(found.rect, roll_deg=0.0, score=found.confidence)
            for found in model(grey, 0)
            if found.confidence >= least_score
        ]

    return _dlib_detector(detect)


def _dlib_detector(detect: Detect) -> Detector:
    return Detector(
        detect,
        detect,
        reads_colour=False,
        smallest_px=80,
        smallest_colour_px=80,
        # It sees some faces that are tilted by 45 degrees.
        turns_deg=(90, -90, 180),
        least_score=-0.2,
        likely_score=0.0,
        sure_score=0.6,
        certain_score=0.6,
        cut_score=0.6,
        second_look_score=0.6,
        crop_score=-0.5,
        crop_side_px=144,
    )


def _to_detection(rectangle: dlib.rectangle, *, roll_deg: float, score: float) -> Detection:
    # dlib's right and bottom belong to the rectangle; pixel centres are whole numbers.
    x = (rectangle.left() + rectangle.right()) / 2
    y = (rectangle.top() + rectangle.bottom()) / 2
    return Detection((x, y), rectangle.width(), roll_deg, score)
