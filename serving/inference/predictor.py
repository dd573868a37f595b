"""From the bytes of a picture to what its faces express."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from preprocessing.bundle.classifier import ChipClassifier
from preprocessing.bundle.spec import check_network, read_spec
from preprocessing.errors import BundleError
from preprocessing.faces.align import align_crops, align_decoded, largest
from preprocessing.faces.enlarge import enlarge
from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.landmarks import geometry_by
from preprocessing.faces.quality import Measures, measure
from preprocessing.faces.types import AlignedFace
from preprocessing.images.box.client import shared_box
from preprocessing.images.decode import decode_picture, to_grey
from preprocessing.images.types import MAX_PIXELS, REDUCTION, DecodedPicture, RgbImage
from serving.inference.known_answer import check_known_answer
from serving.inference.options import PredictOptions
from serving.inference.prediction import PhotoResult, Prediction
from serving.inference.shipped_bundle import SHIPPED_BUNDLE

# What the network computes of this number stays in the processor's caches, and others that look at
# pictures wait no longer for it. A hundred at once take a fifth longer.
CHIPS_AT_ONCE = 4


class Predictor:
    """A loaded bundle with the detector and landmark model that belong to it.

    Loading takes about a second. Threads may share one, and look at several pictures at once.
    """

    def __init__(
        self,
        bundle: Path = SHIPPED_BUNDLE,
        *,
        landmarks: str | None = None,
        max_pixels: int = MAX_PIXELS,
        between_looks: Callable[[], None] = lambda: None,
    ) -> None:
        """Load all models, and check that the bundle's known answer comes out again.

        Args:
            bundle: The bundle's folder.
            landmarks: The name of a scheme in `LANDMARK_SCHEMES`, by which faces are aligned; by
                default that of the bundle's training set.
            max_pixels: Of the largest picture that is decoded.
            between_looks: Called before each look for a face or landmarks, and before each few
                chips that are classified.

        Raises:
            BundleError: The bundle is missing, damaged, or does not do what it promises, or there
                is no such scheme.
            ModelFileError: A model file is missing or is not the expected one.
        """
        self._max_pixels = max_pixels
        self._between_looks = between_looks
        shared_box().start()  # beside what follows
        self.spec = read_spec(bundle)
        self.scheme = self.spec.scheme(landmarks)
        is_own = self.scheme is self.spec.scheme()
        self._geometry = (
            self.spec.geometry if is_own else geometry_by(self.scheme, self.spec.geometry)
        )
        self._finder = FaceFinder(
            self.scheme, detector=self.spec.detector, between_looks=between_looks
        )
        self._classifier = ChipClassifier(bundle)
        check_network(bundle, self.spec)
        check_known_answer(
            self.spec.known_answer,
            geometry=self.spec.geometry,
            align=self.align,
            logits=self.logits,
            has_own_landmarks=is_own,
        )

    def predict(
        self,
        picture: bytes | RgbImage,
        options: PredictOptions = PredictOptions(),
        *,
        may_reduce: bool = True,
    ) -> tuple[RgbImage, PhotoResult]:
        """Find, align and classify every face of a picture.

        Args:
            picture: The bytes of a picture file, or an upright picture that is decoded already.
            options: How its faces are classified.
            may_reduce: Read a large JPEG at half its width and height, and the whole of it only for
                chips that would show too few pixels.

        Returns:
            The decoded upright picture, which may be reduced, and what was seen in it, in pixels
            of the whole picture.

        Raises:
            ImageDecodeError: The bytes cannot be read as a picture.
            ImageTooLargeError: It has too many pixels.
            TooCostlyImageError: Decoding it takes more memory or time than a picture may.
        """
        started = time.perf_counter()
        decoded = (
            decode_picture(picture, max_pixels=self._max_pixels, may_reduce=may_reduce)
            if isinstance(picture, bytes)
            else DecodedPicture(picture)
        )
        decode_s = time.perf_counter() - started
        return decoded.pixels, self.predict_decoded(decoded, options, decode_s=decode_s)

    def predict_decoded(
        self,
        picture: DecodedPicture,
        options: PredictOptions = PredictOptions(),
        *,
        decode_s: float = 0.0,
    ) -> PhotoResult:
        """Find, align and classify every face of a picture that is decoded already.

        Args:
            picture: The upright picture, which may be reduced.
            options: How its faces are classified.
            decode_s: How long decoding it took, in seconds, for the result's timing.
        """
        started = time.perf_counter()
        found = self._align(picture, is_crop=options.is_crop, most_again=options.max_faces)
        aligned = time.perf_counter()
        faces = [found[index] for index in largest(found, options.max_faces)]
        logits = self.logits(np.array([face.chip for face in faces]))
        width, height = picture.width, picture.height
        searched_down_to_px = (
            None if options.is_crop else self._finder.searched_down_to_px(width, height)
        )
        predictions = self._to_predictions(faces, logits, picture=picture, options=options)
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
        picture: DecodedPicture,
        options: PredictOptions,
    ) -> tuple[Prediction, ...]:
        answer = self.spec.answer
        sure_from = answer.sure_from(options.min_confidence, options.balance)
        probabilities = answer.probabilities(self.spec.answer_logits(logits), options.balance)
        return tuple(
            _to_prediction(
                face,
                of_face,
                labels=self.spec.labels,
                sure_from=sure_from,
                measures=measure(
                    face,
                    width=picture.width,
                    height=picture.height,
                    margin=self._geometry.margin,
                ),
            )
            for face, of_face in zip(faces, probabilities, strict=True)
        )

    def align(
        self, picture: RgbImage | DecodedPicture, *, is_crop: bool = False
    ) -> list[AlignedFace]:
        """Find and align the faces of a decoded picture, as training did."""
        decoded = picture if isinstance(picture, DecodedPicture) else DecodedPicture(picture)
        return self._align(decoded, is_crop=is_crop)

    def _align(
        self, picture: DecodedPicture, *, is_crop: bool, most_again: int | None = None
    ) -> list[AlignedFace]:
        if not is_crop:
            return align_decoded(
                picture, self._finder, geometry=self._geometry, most_again=most_again
            )
        crops = align_crops([to_grey(picture.pixels)], self._finder, geometry=self._geometry)
        return crops if picture.whole is None else [enlarge(each, REDUCTION) for each in crops]

    def probabilities(
        self, chips: NDArray[np.uint8], balance: float | None = None
    ) -> NDArray[np.float64]:
        """Return the calibrated probabilities of chips, (chips, labels), at a class balance."""
        logits = self.logits(chips)
        return self.spec.answer.probabilities(self.spec.answer_logits(logits), balance)

    def logits(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the network's logits for chips, (chips, outputs, labels).

        Raises:
            BundleError: It gives others than the spec names.
        """
        logits = np.empty((len(chips), len(self.spec.outputs), len(self.spec.labels)), np.float32)
        for start in range(0, len(chips), CHIPS_AT_ONCE):
            self._between_looks()
            batch = slice(start, start + CHIPS_AT_ONCE)
            given = self._classifier.logits(chips[batch])
            if given.shape[1:] != logits.shape[1:]:
                raise BundleError(
                    f"The network gives logits for {given.shape[1:]} outputs and labels, and "
                    f"spec.json names {logits.shape[1:]}. Export the bundle again."
                )
            logits[batch] = given
        return logits


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
