"""The one stable shape of a result, for the API and the command line."""

from typing import Any

from preprocessing.measures import Measures
from serving.prediction import NO_FACE_TIP, PhotoResult, Prediction

SCHEMA = 1


def to_json(result: PhotoResult) -> dict[str, Any]:
    """Turn a result into the JSON of schema 1."""
    shown: dict[str, Any] = {
        "schema": SCHEMA,
        "model": result.model,
        "image": {"width": result.width, "height": result.height},
        "faces": [
            _face(index, prediction, result.labels)
            for index, prediction in enumerate(result.predictions, start=1)
        ],
        "timing_ms": {stage: round(value, 2) for stage, value in result.timing_ms.items()},
    }
    if not result.predictions:
        shown["tip"] = NO_FACE_TIP
    return shown


def _face(index: int, prediction: Prediction, labels: tuple[str, ...]) -> dict[str, Any]:
    face = prediction.face.face
    box = face.box
    return {
        "index": index,
        "box": {"left": box.left, "top": box.top, "right": box.right, "bottom": box.bottom},
        "landmarks": face.landmarks.tolist(),
        "found_by": face.found_by,
        "probabilities": dict(zip(labels, prediction.probabilities.tolist(), strict=True)),
        "label": prediction.label,
        "confidence": prediction.confidence,
        "is_sure": prediction.is_sure,
        "second_label": prediction.second_label,
        "hints": [hint.value for hint in prediction.measures.hints()],
        "measures": _measures(prediction.measures),
    }


def _measures(measures: Measures) -> dict[str, float]:
    pose = measures.pose
    return {
        "width_px": round(measures.width_px, 1),
        "sharpness": round(measures.sharpness, 3),
        "roll_deg": round(pose.roll_deg, 1),
        "yaw_deg": round(pose.yaw_deg, 1),
        "pitch_deg": round(pose.pitch_deg, 1),
        "outside": round(measures.outside, 3),
    }
