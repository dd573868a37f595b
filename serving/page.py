"""What the page shows of a result: pictures as data URLs, charts, words."""

import base64
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.decode import RgbImage
from preprocessing.measures import Hint
from serving.charts import probability_figure
from serving.prediction import NO_FACE_TIP, PhotoResult, Prediction

PREVIEW_SIDE_PX = 1280
HINTS = {
    Hint.SMALL: "The face is small in the picture, so little of its expression can be seen.",
    Hint.BLURRED: "The face is blurred, so little of its expression can be seen.",
    Hint.TURNED: "The head is turned away; the network saw mostly faces from the front.",
    Hint.CUT: "The edge of the picture cuts the face.",
}


@dataclass(frozen=True)
class FaceCard:
    """One face as the page shows it.

    Attributes:
        number: On the picture and in the list.
        title: What to say of it: the label, or that it is not sure.
        explanation: How likely it is, and what else it may be.
        rows: Pairs of label and probability, in the order of the labels.
        chip_url: The chip that the network saw.
        figure: Plotly's JSON.
        hints: Sentences.
        box: left, top, width, height in pixels of the upright picture.
        landmarks: Pairs x, y likewise.
    """

    number: int
    title: str
    explanation: str
    rows: list[tuple[str, float]]
    chip_url: str
    figure: dict[str, Any]
    hints: list[str]
    box: tuple[int, int, int, int]
    landmarks: list[list[float]]


@dataclass(frozen=True)
class ResultView:
    """A result as the page shows it; sizes are of the upright picture, in pixels."""

    photo_url: str
    width: int
    height: int
    cards: list[FaceCard]
    tip: str
    total_ms: float


def to_view(rgb: RgbImage, result: PhotoResult) -> ResultView:
    """Prepare a result for the template."""
    return ResultView(
        photo_url=_photo_url(rgb),
        width=result.width,
        height=result.height,
        cards=[
            _card(number, prediction, result.labels)
            for number, prediction in enumerate(result.predictions, start=1)
        ],
        tip="" if result.predictions else NO_FACE_TIP,
        total_ms=result.timing_ms["total"],
    )


def _card(number: int, prediction: Prediction, labels: tuple[str, ...]) -> FaceCard:
    face = prediction.face.face
    box = face.box
    return FaceCard(
        number=number,
        title=prediction.label if prediction.is_sure else "not sure",
        explanation=_explanation(prediction, labels),
        rows=list(zip(labels, prediction.probabilities.tolist(), strict=True)),
        chip_url=_data_url(prediction.face.chip, ".png"),
        figure=probability_figure(prediction, labels),
        hints=[HINTS[hint] for hint in prediction.measures.hints()],
        box=(box.left, box.top, box.width, box.height),
        landmarks=face.landmarks.tolist(),
    )


def _explanation(prediction: Prediction, labels: tuple[str, ...]) -> str:
    if prediction.is_sure:
        return f"{prediction.confidence:.0%} likely"
    second = prediction.probabilities[labels.index(prediction.second_label)]
    return (
        f"perhaps {prediction.label} ({prediction.confidence:.0%}), "
        f"or {prediction.second_label} ({second:.0%})"
    )


def _photo_url(rgb: RgbImage) -> str:
    """Encode the upright picture, shrunk for the screen; browsers cannot show every format."""
    height, width = rgb.shape[:2]
    scale = PREVIEW_SIDE_PX / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return _data_url(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), dtype=np.uint8), ".jpg")


def _data_url(picture: NDArray[np.uint8], suffix: str) -> str:
    kind = {".png": "image/png", ".jpg": "image/jpeg"}[suffix]
    encoded = cv2.imencode(suffix, picture)[1].tobytes()
    return f"data:{kind};base64,{base64.b64encode(encoded).decode('ascii')}"
