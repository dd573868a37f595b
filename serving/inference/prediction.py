"""The result for a picture and for each face in it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preprocessing.faces.quality import Hint, Measures
from preprocessing.faces.types import UNALIGNED, AlignedFace
from preprocessing.images.types import PictureNote


@dataclass(frozen=True, eq=False)
class Prediction:
    """What one face expresses.

    Attributes:
        face: The face, its landmarks, and the chip that the network saw.
        probabilities: float64 (labels,), in the order of the bundle's labels; sums to 1.
        label: The likeliest expression.
        confidence: The probability of `label`, 0 to 1.
        second_label: The second likeliest expression.
        is_sure: The confidence reaches the threshold that was asked for; by default that from
            which at least 90 % of the validation predictions were correct, at least 0.5.
        measures: What makes the face hard to read.
    """

    face: AlignedFace
    probabilities: NDArray[np.float64]
    label: str
    confidence: float
    second_label: str
    is_sure: bool
    measures: Measures

    def hints(self) -> tuple[Hint, ...]:
        """List why the answer may be worse than usual.

        Of a cropped face that was taken as a whole, the chip has a rim outside the picture. That
        is no sign of a cut face, nor is known where its mouth is.
        """
        is_whole = self.face.face.found_by == UNALIGNED
        untold = (Hint.CUT, Hint.COVERED) if is_whole else ()
        return tuple(hint for hint in self.measures.hints() if hint not in untold)


@dataclass(frozen=True, eq=False)
class PhotoResult:
    """What was seen in one picture.

    Attributes:
        model: Name of the bundle.
        labels: In the order of the probabilities.
        width: Of the upright picture, in pixels.
        height: Likewise.
        faces_found: How many faces were found, also where fewer were to be classified.
        searched_down_to_px: Width of the smallest faces that are found in a picture of this
            size; None where it was read as one face.
        notes: What is to be known of the picture.
        predictions: One for each face; the first is number 1 on the picture and in all lists.
        timing_ms: Milliseconds by stage: decode, align, classify, total.
    """

    model: str
    labels: tuple[str, ...]
    width: int
    height: int
    faces_found: int
    searched_down_to_px: int | None
    notes: tuple[PictureNote, ...]
    predictions: tuple[Prediction, ...]
    timing_ms: dict[str, float]
