"""Look at single frames: which faces they show, and what these express."""

import math
from dataclasses import dataclass

from preprocessing.faces.types import BoundingBox
from preprocessing.images.types import DecodedPicture
from serving.inference.options import PredictOptions, check_numbers
from serving.inference.prediction import Prediction
from serving.inference.predictor import Predictor
from serving.inference.shrink import scale_to_side, shrink_pixels
from serving.inference.video.types import Frame, Observation, Sample

# Keeps logarithms finite.
LEAST_PROBABILITY = 1e-4


@dataclass(frozen=True)
class ObservingOptions:
    """How frames are looked at; an interrupted run can be resumed only with the same options.

    Attributes:
        per_second: How many frames are looked at for each second of the video, above 0.
        search_px: Frames whose longer side is longer are shrunk to this before faces are searched.
        max_faces: At most this many faces of a frame are classified, the largest; None for all.
        balance: Class balance, 0 to 1 (`OutputSpec`); None for the bundle's own.
    """

    per_second: float = 5.0
    search_px: int = 960
    max_faces: int | None = None
    balance: float | None = None

    def __post_init__(self) -> None:
        # The comparison also fails for NaN.
        if not self.per_second > 0:
            raise ValueError(f"per_second must be above 0. Received: {self.per_second}")
        check_numbers(self.max_faces, None, self.balance)


def observe(frame: Frame, predictor: Predictor, options: ObservingOptions) -> Sample:
    """Find all faces of a frame and classify them in one call of the network."""
    scale = min(1.0, scale_to_side(frame.rgb, options.search_px))
    asked = PredictOptions(max_faces=options.max_faces, balance=options.balance)
    result = predictor.predict_decoded(DecodedPicture(shrink_pixels(frame.rgb, scale)), asked)
    seen = tuple(_observation(each, scale) for each in result.predictions)
    return Sample(frame.seconds, seen, frame.is_after_damage)


def _observation(prediction: Prediction, scale: float) -> Observation:
    face = prediction.face.face
    left, top = round(face.box.left / scale), round(face.box.top / scale)
    right, bottom = round(face.box.right / scale), round(face.box.bottom / scale)
    return Observation(
        box=BoundingBox(left, top, right, bottom),
        log_probabilities=tuple(
            math.log(max(LEAST_PROBABILITY, probability))
            for probability in prediction.probabilities.tolist()
        ),
        hints=tuple(hint.value for hint in prediction.hints()),
        found_by=face.found_by,
    )
