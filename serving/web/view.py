"""What the page shows of a result: pictures as data URLs, charts, words."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from preprocessing.faces.align import UNALIGNED
from preprocessing.faces.quality import Hint
from preprocessing.faces.types import FULL_FRAME
from preprocessing.images.decode import RgbImage
from preprocessing.images.encode import encode_png
from preprocessing.images.types import PictureNote
from serving.inference.annotate import annotate
from serving.inference.charts import comparison_figure, probability_figure
from serving.inference.csv_table import write_csv
from serving.inference.prediction import NO_FACE_TIP, PhotoResult, Prediction
from serving.inference.schema import Options
from serving.inference.serialize import to_answer

PREVIEW_SIDE_PX = 1280
JPEG_QUALITY = 85
HINTS = {
    Hint.SMALL: "The face is small in the picture, so little of its expression can be seen.",
    Hint.BLURRED: "The face is blurred, so little of its expression can be seen.",
    Hint.TURNED: "The head is turned away; the network saw mostly faces from the front.",
    Hint.CUT: "The edge of the picture cuts the face.",
}
NOTES = {
    PictureNote.INCOMPLETE: "The file of the picture ends too early; what is missing was not seen.",
}
FALLBACKS = {
    FULL_FRAME: "No face was detected, so the whole frame was taken as one.",
    UNALIGNED: "It does not look like a cut-out face, so all of it was read as it is, not aligned.",
}


@dataclass(frozen=True)
class FaceCard:
    """One face as the page shows it.

    Attributes:
        number: On the picture and in the list.
        label: The likeliest expression.
        title: What to say of it: the label, or that it is not sure.
        explanation: How likely it is, and what else it may be.
        shares: Probabilities by label, in the order of the labels.
        chip_url: The chip that the network saw, a PNG.
        figure: Plotly's JSON.
        hints: Sentences.
        box: left, top, width, height in pixels of the upright picture.
        landmarks: Pairs x, y likewise.
    """

    number: int
    label: str
    title: str
    explanation: str
    shares: dict[str, float]
    chip_url: str
    figure: dict[str, Any]
    hints: list[str]
    box: tuple[int, int, int, int]
    landmarks: list[list[float]]


@dataclass(frozen=True)
class Download:
    """A file that the page holds ready; `url` is a data URL, for nothing is kept here."""

    name: str
    title: str
    url: str


@dataclass(frozen=True)
class ResultView:
    """A result as the page shows it; sizes are of the upright picture, in pixels.

    Attributes:
        faces_found: How many, also where fewer are shown.
    """

    photo_url: str
    width: int
    height: int
    faces_found: int
    cards: list[FaceCard]
    comparison: dict[str, Any] | None
    downloads: list[Download]
    tip: str
    total_ms: float


def to_view(rgb: RgbImage, result: PhotoResult, *, sure_confidence: float) -> ResultView:
    """Prepare a result for the template.

    Args:
        rgb: The upright picture.
        result: What was seen in it.
        sure_confidence: The bundle's, as the reason why an answer is not sure.
    """
    several = len(result.predictions) > 1
    return ResultView(
        photo_url=_jpeg_url(_for_the_screen(rgb)),
        width=result.width,
        height=result.height,
        faces_found=result.faces_found,
        cards=[
            _card(number, prediction, result, sure_confidence=sure_confidence)
            for number, prediction in enumerate(result.predictions, start=1)
        ],
        comparison=comparison_figure(result.predictions, result.labels) if several else None,
        downloads=_downloads(rgb, result) if result.predictions else [],
        tip=""
        if result.predictions
        else " ".join([NO_FACE_TIP, *(NOTES[note] for note in result.notes)]),
        total_ms=result.timing_ms["total"],
    )


def _card(
    number: int, prediction: Prediction, result: PhotoResult, *, sure_confidence: float
) -> FaceCard:
    face, labels = prediction.face, result.labels
    box = face.face.box
    shares = dict(zip(labels, prediction.probabilities.tolist(), strict=True))
    fallback = FALLBACKS.get(face.face.found_by)
    hints = [fallback] if fallback else []
    hints += [HINTS[hint] for hint in prediction.hints()]
    hints += [NOTES[note] for note in result.notes]
    if not prediction.is_sure and not hints:
        hints.append(
            f"{prediction.confidence:.1%} is not enough to be sure: of the answers from "
            f"{sure_confidence:.1%} on nine of ten are right."
        )
    return FaceCard(
        number=number,
        label=prediction.label,
        title=prediction.label if prediction.is_sure else "not sure",
        explanation=_explanation(prediction, second_share=shares[prediction.second_label]),
        shares=shares,
        chip_url=data_url(encode_png(face.chip), "image/png"),
        figure=probability_figure(prediction, labels),
        hints=hints,
        box=(box.left, box.top, box.width, box.height),
        landmarks=face.face.landmarks.tolist(),
    )


def _explanation(prediction: Prediction, *, second_share: float) -> str:
    second = f"{prediction.second_label} ({second_share:.0%})"
    if prediction.is_sure:
        return f"{prediction.confidence:.0%} likely; second guess: {second}"
    return f"perhaps {prediction.label} ({prediction.confidence:.0%}), or {second}"


def _downloads(rgb: RgbImage, result: PhotoResult) -> list[Download]:
    answer = to_answer(rgb, result, options=Options(landmarks=True))
    table = io.StringIO(newline="")
    write_csv(table, [(Path("picture"), answer)], labels=result.labels)
    as_json = answer.model_dump_json(exclude_none=True).encode()
    annotated = _for_the_screen(annotate(rgb, result))
    height, width = annotated.shape[:2]
    shrunk = "" if width == result.width else f", shrunk to {width} by {height} pixels"
    return [
        Download("mien.json", "JSON", data_url(as_json, "application/json")),
        Download("mien.csv", "CSV", data_url(table.getvalue().encode(), "text/csv")),
        Download("mien.jpg", f"annotated picture{shrunk}", _jpeg_url(annotated)),
    ]


def _for_the_screen(rgb: RgbImage) -> RgbImage:
    """Shrink a picture to what a screen can show: a page holds it in itself, and shall be light."""
    height, width = rgb.shape[:2]
    scale = PREVIEW_SIDE_PX / max(height, width)
    if scale >= 1:
        return rgb
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _jpeg_url(rgb: RgbImage) -> str:
    """Encode a picture as what every browser can show."""
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    return data_url(encoded.tobytes(), "image/jpeg")


def data_url(content: bytes, media_type: str) -> str:
    """Put a file into an address of its own."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
