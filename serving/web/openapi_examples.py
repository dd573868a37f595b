"""Examples in the OpenAPI document: answers of the API and its problems."""

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from preprocessing.bundle.disclaimers import CAUTION
from preprocessing.errors import (
    ImageDecodeError,
    ImageTooLargeError,
    TooCostlyImageError,
    UnsupportedImageError,
)
from preprocessing.images.decode import NO_PICTURE
from preprocessing.images.formats.raster import DAMAGED
from serving.feedback.schema import FeedbackDeleted
from serving.inference.schema import (
    Answer,
    BatchLine,
    Box,
    FaceAnswer,
    FaceMeasures,
    ModelAnswer,
    ProblemAnswer,
    Size,
)
from serving.web.problems import (
    AddressNotAllowedError,
    BusyError,
    FetchError,
    InvalidRequestError,
    NoImageError,
    NotReadyError,
    Problem,
    TimeLimitError,
    TooManyRequestsError,
    to_problem,
)

_ERRORS = (
    NoImageError("No picture was received. Send it as the form field “image”, or as the body."),
    InvalidRequestError("max_faces: a whole number from 1 to 100 is expected. Received: 0"),
    ImageDecodeError(DAMAGED),
    ClientDisconnected(),
    RequestEntityTooLarge(),
    ImageTooLargeError(
        "The picture has 108 megapixels (12000 x 9000); the limit is 50. Shrink it, then try again."
    ),
    UnsupportedImageError(NO_PICTURE),
    TooCostlyImageError(),
    FetchError(),
    AddressNotAllowedError(),
    TooManyRequestsError(12),
    NotReadyError("The models are being loaded."),
    BusyError("More pictures arrive than can be looked at. Try again in a moment."),
    TimeLimitError(
        "The answer took longer than 20 seconds. Try again; a smaller picture takes less."
    ),
)
_PROBLEMS = [
    to_problem(error, max_upload_bytes=10_000_000, max_batch_bytes=32_000_000) for error in _ERRORS
]
PROBLEMS: dict[str, Problem] = {problem.code: problem for problem in _PROBLEMS}
"""One of each kind, by code."""

ANSWER = Answer(
    model="mien-resnet34",
    image=Size(width=512, height=512),
    faces_found=1,
    faces=[
        FaceAnswer(
            index=1,
            box=Box(left=175, top=75, right=272, bottom=172),
            found_by="detector",
            probabilities={
                "angry": 0.014,
                "fear": 0.014,
                "happy": 0.918,
                "sad": 0.013,
                "surprise": 0.016,
                "neutral": 0.025,
            },
            label="happy",
            confidence=0.918,
            is_sure=True,
            second_label="neutral",
            hints=[],
            measures=FaceMeasures(
                width_px=118.3,
                sharpness=0.73,
                roll_deg=-0.3,
                yaw_deg=4.5,
                pitch_deg=1.2,
                outside=0,
            ),
        )
    ],
    timing_ms={"decode": 2.9, "align": 10.4, "classify": 7.2, "total": 20.5},
)
LINES = (
    BatchLine(name="photo.jpg", answer=ANSWER),
    BatchLine(name="broken.jpg", problem=ProblemAnswer(**PROBLEMS["unreadable_image"].to_json())),
)
DELETED = FeedbackDeleted(deleted=1)
MODEL = ModelAnswer(
    name="mien-resnet34",
    labels=list(ANSWER.faces[0].probabilities),
    sure_confidence=0.8,
    temperature=1.0,
    answers_with="crowd",
    balance=0.25,
    class_shares=dict.fromkeys(ANSWER.faces[0].probabilities, 1 / 6),
    detector="yunet",
    landmarks=68,
    landmarks_licence="May not be used commercially.",
    disgust="drop",
    metrics={"test": {"images": 3534, "accuracy": 0.71}},
    caution=CAUTION,
)
