"""Turn results into what the API and the command line answer."""

import base64

import numpy as np
from numpy.typing import NDArray

from preprocessing.faces.quality import Measures
from preprocessing.faces.types import SMALLEST_PX
from preprocessing.images.encode import encode_png
from preprocessing.images.types import RgbImage
from serving.inference.annotate import annotate
from serving.inference.charts import probability_figure
from serving.inference.options import Options
from serving.inference.prediction import PhotoResult, Prediction
from serving.inference.schema import Answer, Box, FaceAnswer, FaceMeasures, Size, Transform
from serving.inference.shrink import scale_to_pixels, scale_to_side, shrink

# To draw and to pack 50 megapixels would take more memory and time than to read them.
ANNOTATED_PIXELS = 12_000_000
# Browsers show no longer pictures; and below a longer strip its key would be far larger than it is.
ANNOTATED_SIDE_PX = 16_384
# A hundredth of a chip's pixel, also for landmarks at the far end of 50 megapixels.
TRANSFORM_DIGITS = 6
# Finer than any landmark is found.
LANDMARK_DIGITS = 2


def to_answer(rgb: RgbImage, result: PhotoResult, *, options: Options) -> Answer:
    """Say what was seen in a picture, with all that was asked for."""
    searched_px = result.searched_down_to_px or 0
    return Answer(
        model=result.model,
        image=Size(width=result.width, height=result.height),
        faces_found=result.faces_found,
        faces=[
            _face(index, prediction, result, options)
            for index, prediction in enumerate(result.predictions, start=1)
        ],
        hints=[note.value for note in result.notes] or None,
        searched_down_to_px=searched_px if searched_px > SMALLEST_PX else None,
        tip=None if result.predictions else _no_face_tip(searched_px),
        annotated=_annotated(rgb, result, landmarks=options.landmarks)
        if options.annotated
        else None,
        timing_ms={stage: round(value, 2) for stage, value in result.timing_ms.items()},
    )


def _no_face_tip(searched_px: int) -> str:
    return (
        "Mien needs faces that look roughly at the camera and are, in a picture of this size, at "
        f"least {searched_px} pixels wide. If the picture is the crop of one face, set the option "
        "`crop`."
    )


def _annotated(rgb: RgbImage, result: PhotoResult, *, landmarks: bool) -> str:
    by_pixels = scale_to_pixels(rgb, ANNOTATED_PIXELS)
    scale = min(by_pixels, scale_to_side(rgb, ANNOTATED_SIDE_PX))
    return _png(annotate(*shrink(rgb, result, scale=scale), landmarks=landmarks))


def _face(index: int, prediction: Prediction, result: PhotoResult, options: Options) -> FaceAnswer:
    labels = result.labels
    face = prediction.face.face
    box = face.box.clipped(result.width, result.height) if options.clip_boxes else face.box
    return FaceAnswer(
        index=index,
        box=Box(left=box.left, top=box.top, right=box.right, bottom=box.bottom),
        landmarks=np.round(face.landmarks.astype(float), LANDMARK_DIGITS).tolist()
        if options.landmarks
        else None,
        found_by=face.found_by,
        probabilities=dict(zip(labels, prediction.probabilities.tolist(), strict=True)),
        label=prediction.label,
        confidence=prediction.confidence,
        is_sure=prediction.is_sure,
        second_label=prediction.second_label,
        hints=[hint.value for hint in (*prediction.hints(), *result.notes)],
        measures=_measures(prediction.measures),
        chip=_png(prediction.face.chip) if options.chips else None,
        transform=_rows(prediction.face.transform) if options.chips else None,
        figure=probability_figure(prediction.probabilities.tolist(), labels)
        if options.figure
        else None,
    )


def _rows(transform: NDArray[np.float64]) -> Transform:
    first, second = np.round(transform, TRANSFORM_DIGITS).tolist()
    return tuple(first), tuple(second)


def _measures(measures: Measures) -> FaceMeasures:
    pose = measures.pose
    return FaceMeasures(
        width_px=round(measures.width_px, 1),
        sharpness=round(measures.sharpness, 3),
        roll_deg=round(pose.roll_deg, 1),
        yaw_deg=round(pose.yaw_deg, 1),
        pitch_deg=round(pose.pitch_deg, 1),
        outside=round(measures.outside, 3),
    )


def _png(picture: NDArray[np.uint8]) -> str:
    return base64.b64encode(encode_png(picture)).decode("ascii")
