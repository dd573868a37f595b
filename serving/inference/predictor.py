"""From the bytes of a picture to what its faces express."""

import threading
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from preprocessing.bundle.classifier import ChipClassifier
from preprocessing.bundle.spec import check_network, read_spec
from preprocessing.errors import BundleError
from preprocessing.faces.align import align_crops, align_photo
from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.landmarks import scheme_of
from preprocessing.faces.quality import Measures, measure
from preprocessing.faces.types import AlignedFace
from preprocessing.images.box.client import shared_box
from preprocessing.images.decode import MAX_PIXELS, decode_picture, to_grey
from preprocessing.images.types import DecodedPicture, RgbImage
from serving.inference.known_answer import check_known_answer
from serving.inference.prediction import PhotoResult, Prediction
from serving.inference.shipped_bundle import SHIPPED_BUNDLE


class Predictor:
    """A loaded bundle with the detector and landmark model that belong to it.

    Loading takes about a second. Threads may share one for `predict`, `align` and `probabilities`,
    in which they wait for each other.
    """

    def __init__(self, bundle: Path = SHIPPED_BUNDLE, *, max_pixels: int = MAX_PIXELS) -> None:
        """Load all models, and check that the bundle's known answer comes out again.

        Args:
            bundle: The bundle's folder.
            max_pixels: Of the largest picture that is decoded.

        Raises:
            BundleError: The bundle is missing, damaged, or does not do what it promises.
            ModelFileError: A model file is missing or is not the expected one.
        """
        self._max_pixels = max_pixels
        shared_box().start()  # beside what follows
        self.spec = read_spec(bundle)
        scheme = scheme_of(self.spec.landmark_model_sha256)
        if scheme is None:
            raise BundleError(
                f"The bundle {bundle} was trained with a landmark model that this version of Mien "
                f"does not know. Received: sha256 {self.spec.landmark_model_sha256}. "
                "Export a bundle with this version."
            )
        self.scheme = scheme
        self._finder = FaceFinder(scheme, detector=self.spec.detector)
        self._classifier = ChipClassifier(bundle)
        check_network(bundle, self.spec)
        self._lock = threading.Lock()
        check_known_answer(self.spec.known_answer, align=self.align, logits=self.logits)

    def predict(
        self,
        picture: bytes | RgbImage,
        *,
        is_crop: bool = False,
        max_faces: int | None = None,
        min_confidence: float | None = None,
        balance: float | None = None,
    ) -> tuple[RgbImage, PhotoResult]:
        """Find, align and classify every face of a picture.

        Args:
            picture: The bytes of a picture file, or an upright picture that is decoded already.
            is_crop: The picture is the crop of one face, and is taken as a face in any case.
            max_faces: Only this many faces are classified, the largest.
            min_confidence: At this confidence and above an answer is sure; by default the bundle's.
            balance: Exponent of the class shares, 0 to 1 (`OutputSpec`); by default the bundle's.

        Returns:
            The decoded upright picture, and what was seen in it.

        Raises:
            ImageDecodeError: The bytes cannot be read as a picture.
            ImageTooLargeError: It has too many pixels.
            TooCostlyImageError: Decoding it takes more memory or time than a picture may.
        """
        started = time.perf_counter()
        decoded = (
            decode_picture(picture, max_pixels=self._max_pixels)
            if isinstance(picture, bytes)
            else DecodedPicture(picture)
        )
        result = self.predict_decoded(
            decoded,
            decode_s=time.perf_counter() - started,
            is_crop=is_crop,
            max_faces=max_faces,
            min_confidence=min_confidence,
            balance=balance,
        )
        return decoded.rgb, result

    def predict_decoded(
        self,
        picture: DecodedPicture,
        *,
        decode_s: float = 0.0,
        is_crop: bool = False,
        max_faces: int | None = None,
        min_confidence: float | None = None,
        balance: float | None = None,
    ) -> PhotoResult:
        """Find, align and classify every face of a picture that is decoded already.

        Args:
            picture: The upright picture.
            decode_s: How long decoding it took, in seconds, for the result's timing.
            is_crop: See `predict`.
            max_faces: Likewise.
            min_confidence: Likewise.
            balance: Likewise.
        """
        started, rgb = time.perf_counter(), picture.rgb
        with self._lock:
            found = self._align(rgb, is_crop=is_crop)
            aligned = time.perf_counter()
            faces = _largest(found, max_faces)
            logits = self.logits(np.array([face.chip for face in faces]))
        height, width = rgb.shape[:2]
        searched_down_to_px = None if is_crop else self._finder.searched_down_to_px(width, height)
        predictions = self._to_predictions(
            faces, logits, picture=rgb, min_confidence=min_confidence, balance=balance
        )
        done = time.perf_counter()
        return PhotoResult(
            model=self.spec.name,
            labels=self.spec.labels,
            width=width,
            height=height,
            faces_found=len(found),
            searched_down_to_px=searched_down_to_px,
            notes=picture.notes,
            predictions=predictions,
            timing_ms={
                "decode": 1000 * decode_s,
                "align": 1000 * (aligned - started),
                "classify": 1000 * (done - aligned),
                "total": 1000 * (decode_s + done - started),
            },
        )

    def _to_predictions(
        self,
        faces: list[AlignedFace],
        logits: NDArray[np.float32],
        *,
        picture: RgbImage,
        min_confidence: float | None,
        balance: float | None,
    ) -> tuple[Prediction, ...]:
        answer = self.spec.answer
        sure_from = answer.calibration(balance).sure_confidence
        if min_confidence is not None:
            sure_from = min_confidence
        probabilities = answer.probabilities(self.spec.answer_logits(logits), balance)
        height, width = picture.shape[:2]
        return tuple(
            _to_prediction(
                face,
                of_face,
                labels=self.spec.labels,
                sure_from=sure_from,
                measures=measure(face, width=width, height=height),
            )
            for face, of_face in zip(faces, probabilities, strict=True)
        )

    def align(self, rgb: RgbImage, *, is_crop: bool = False) -> list[AlignedFace]:
        """Find and align the faces of a decoded picture, as training did."""
        with self._lock:
            return self._align(rgb, is_crop=is_crop)

    def _align(self, rgb: RgbImage, *, is_crop: bool) -> list[AlignedFace]:
        if is_crop:
            return align_crops([to_grey(rgb)], self._finder, geometry=self.spec.geometry)
        return align_photo(rgb, self._finder, geometry=self.spec.geometry)

    def probabilities(
        self, chips: NDArray[np.uint8], balance: float | None = None
    ) -> NDArray[np.float64]:
        """Return the calibrated probabilities of chips, (chips, labels), at a class balance."""
        with self._lock:
            logits = self.logits(chips)
        return self.spec.answer.probabilities(self.spec.answer_logits(logits), balance)

    def logits(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the network's logits for chips, (chips, outputs, labels), in one call."""
        if len(chips) == 0:
            return np.empty((0, len(self.spec.outputs), len(self.spec.labels)), np.float32)
        return self._classifier.logits(chips)


def _largest(faces: list[AlignedFace], count: int | None) -> list[AlignedFace]:
    """Keep the largest faces, in the order they have."""
    if count is None or len(faces) <= count:
        return faces
    sizes = [face.face.box.width for face in faces]
    kept = sorted(range(len(faces)), key=lambda index: -sizes[index])[:count]
    return [faces[index] for index in sorted(kept)]


def _to_prediction(
    face: AlignedFace,
    probabilities: NDArray[np.float64],
    *,
    labels: tuple[str, ...],
    sure_from: float,
    measures: Measures,
) -> Prediction:
    *_, second, likeliest = probabilities.argsort(kind="stable").tolist()
    confidence = float(probabilities[likeliest])
    return Prediction(
        face=face,
        probabilities=probabilities,
        label=labels[likeliest],
        confidence=confidence,
        second_label=labels[second],
        is_sure=confidence >= sure_from,
        measures=measures,
    )
