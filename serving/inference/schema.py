"""The answers of the API, as types that check, serialise and document them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, FailFast, Field

PROBLEM_CODES = (
    "invalid_request",
    "no_image",
    "unreadable_image",
    "unsupported_image",
    "upload_too_large",
    "too_many_pixels",
    "too_costly_image",
    "address_not_allowed",
    "fetch_failed",
    "too_many_requests",
    "not_ready",
    "busy",
    "time_limit",
    "slow_request",
    "bad_request",
    "not_found",
    "method_not_allowed",
    "internal_error",
)
PICTURE_HINTS = ("incomplete", "damaged", "halved", "more_pictures")
# A face is told what is to be known of its picture, too.
FACE_HINTS = ("small", "blurred", "noisy", "turned", "cut", "covered", *PICTURE_HINTS)

# Named as examples, not as all that there may be: a client must read those of later servers too.
ProblemCode = Annotated[str, Field(examples=list(PROBLEM_CODES))]
FaceHintName = Annotated[str, Field(examples=list(FACE_HINTS))]
PictureHintName = Annotated[str, Field(examples=list(PICTURE_HINTS))]
Png = Annotated[
    str, Field(json_schema_extra={"contentEncoding": "base64", "contentMediaType": "image/png"})
]


Row = tuple[float, float, float]
Transform = tuple[Row, Row]


class AnswerModel(BaseModel):
    """What all answers have in common."""

    model_config = ConfigDict(frozen=True, serialize_by_alias=True, use_attribute_docstrings=True)


class Box(AnswerModel):
    """Where a face is, in pixels of the upright picture; partly outside, unless clip_boxes."""

    left: int
    top: int
    right: int
    """Exclusive, as is bottom."""
    bottom: int


class FaceMeasures(AnswerModel):
    """What makes a face hard to read."""

    width_px: float
    """Width of what the chip shows, in pixels of the picture."""
    sharpness: float
    """Sharpness of the chip, 0 or more: about 0.1 is blurred, 1 crisp, 2 mostly noise."""
    roll_deg: float
    """Angle of the line through the eyes, in degrees, clockwise."""
    yaw_deg: float
    """How far the head is turned aside, in degrees, roughly; above 0 where the nose points to
    image-right."""
    pitch_deg: float
    """How far the head is bent, in degrees, roughly; above 0 where the nose points down."""
    outside: float
    """Fraction of the chip that lies outside the picture, 0 to 1."""


class FaceAnswer(AnswerModel):
    """One face."""

    index: int
    """From 1, from image-left to image-right; the number on the annotated picture."""
    box: Box
    landmarks: list[tuple[float, float]] | None = None
    """Pairs x, y in pixels of the upright picture: 68 in iBUG 300-W order, or five where the server
    aligns by those. Only with the option landmarks."""
    found_by: str
    """`detector`; `detector+larger` in a second scan at a larger scale; `detector@90` in a picture
    turned by 90 degrees; `full_frame` or `unaligned` where a cropped face was taken as
    a whole."""
    probabilities: dict[str, float]
    """By label; they sum to 1."""
    label: str
    """The likeliest expression."""
    confidence: float
    """The probability of `label`, 0 to 1."""
    is_sure: bool
    """True when the confidence reaches min_confidence; by default the threshold from which at
    least 90 % of the validation predictions were correct, at least 0.5."""
    second_label: str
    """The second likeliest expression."""
    hints: list[FaceHintName]
    """Why the answer may be worse than usual; the hints of the whole picture are here too."""
    measures: FaceMeasures
    chip: Png | None = None
    """The aligned face that the network saw: PNG, base64. Only with the option chips."""
    transform: Transform | None = None
    """Where the chip was cut, given with it: two rows of three numbers that bring a point x, y of
    the upright picture to the chip. A row a, b, c gives a * x + b * y + c."""
    figure: dict[str, Any] | None = None
    """A bar chart of the probabilities: Plotly's data and layout. Only with the option figure."""


class Size(AnswerModel):
    """In pixels of the upright picture."""

    width: int
    height: int


class Answer(AnswerModel):
    """What was seen in one picture."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    model: str
    image: Size
    faces_found: int
    """How many faces were found. `faces` has fewer where max_faces or the server's own limit left
    the smaller ones out. In a picture filled with faces no more than 500 are counted, first the
    largest that are sure."""
    faces: Annotated[list[FaceAnswer], FailFast()]
    searched_down_to_px: int | None = None
    """Only of a picture that was too large to be searched for all faces of 24 pixels and more: the
    width of the smallest faces that are found."""
    hints: list[PictureHintName] | None = None
    """What is to be known of the whole picture: `incomplete` where its file ends too early, so that
    up to a tenth of it is missing; `damaged` where parts of a JPEG file look like noise; `halved`
    where it was decoded at half its width and height, as most progressive JPEGs of more than 25
    megapixels are; `more_pictures` where its file holds more, as the pages of a TIFF file or the
    frames of an animation, of which only the first or main one was read."""
    tip: str | None = None
    """What may help where no face was found."""
    annotated: Png | None = None
    """The picture with every face marked: PNG, base64. Only with the option annotated."""
    timing_ms: dict[str, float]
    """Milliseconds for decode, align, classify and in total. They include others' pictures that a
    busy server looks at in between."""


class ProblemAnswer(AnswerModel):
    """What went wrong: problem details by RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: ProblemCode
    """Kind of problem, for programs; it stays the same from version to version."""
    retry_after_s: int | None = None
    """After how many seconds to try again. Only of a rejected request."""


class BatchLine(AnswerModel):
    """One line of a batch's answer: a picture's answer, or its problem."""

    name: str
    """As it was sent."""
    answer: Answer | None = None
    problem: ProblemAnswer | None = None


class ModelAnswer(AnswerModel):
    """What is known of the model."""

    name: str
    labels: list[str]
    sure_confidence: float
    """`is_sure` is true when the confidence reaches this, 0 to 1."""
    temperature: float
    """The logits are divided by it (Guo et al. 2017)."""
    answers_with: str
    """The output of the network that answers: `crowd`, what people would say, or `label`, the word
    in the training set."""
    balance: float
    """The class balance that is used where no other is asked for, 0 to 1."""
    class_shares: dict[str, float]
    """How frequent each label was in what that output was trained on; they sum to 1."""
    detector: str
    """The detector of faces: `yunet`, or dlib's `hog` or `cnn`."""
    landmarks: int
    """How many points the landmark model gives."""
    landmarks_licence: str
    disgust: str
    """What became of FER2013's class disgust."""
    metrics: dict[str, dict[str, Any]]
    """By split of FER2013."""
    caution: str
