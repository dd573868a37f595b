"""The one stable shape of a result, for the API and the command line."""

from typing import Any

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
        "hints": list(prediction.hints),
    }
