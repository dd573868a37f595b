"""The options of a prediction, as types that check and document them."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

MAX_FACES = 100
MAX_URL_CHARACTERS = 2_000


def check_numbers(max_faces: Any, min_confidence: Any, balance: Any = None) -> None:
    """Make sure that all are None or in their range.

    Raises:
        ValueError: One is not.
    """
    if max_faces is not None and not (isinstance(max_faces, int | np.integer) and max_faces >= 1):
        raise ValueError(f"max_faces must be a whole number from 1 on. Received: {max_faces!r}")
    for name, value in (("min_confidence", min_confidence), ("balance", balance)):
        is_number = isinstance(value, float | int | np.number)
        # The comparison also fails for NaN.
        if value is not None and not (is_number and 0 <= value <= 1):
            raise ValueError(f"{name} must be from 0 to 1. Received: {value!r}")


def check_crop(crop: Any) -> None:
    """Make sure that it is true or false, and not a word such as "false".

    Raises:
        ValueError: It is something else.
    """
    if not isinstance(crop, bool | np.bool_):
        raise ValueError(f"crop must be True or False. Received: {crop!r}")


@dataclass(frozen=True)
class PredictOptions:
    """How the faces of a picture are classified.

    Attributes:
        is_crop: The picture is the crop of one face, and is taken as a face in any case.
        max_faces: Only this many faces are classified, the largest, 1 or more; None for all.
        min_confidence: At this confidence and above a prediction is sure, 0 to 1; None for the
            bundle's own.
        balance: Class balance, the exponent of the class shares by which probabilities are divided,
            0 to 1; None for the bundle's own.
    """

    is_crop: bool = False
    max_faces: int | None = None
    min_confidence: float | None = None
    balance: float | None = None

    def __post_init__(self) -> None:
        check_crop(self.is_crop)
        check_numbers(self.max_faces, self.min_confidence, self.balance)


class Options(BaseModel):
    """What a caller may ask for; anything else is refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True
    )

    crop: bool = False
    """The picture is already a cropped face."""
    max_faces: Annotated[int, Field(ge=1, le=MAX_FACES)] = MAX_FACES
    """Only this many faces of a picture are classified, the largest."""
    min_confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    """`is_sure` is true when the confidence reaches this. By default the model's own threshold, at
    least 0.5, from which at least 90 % of the validation predictions were correct. Faces with less
    are answered too."""
    balance: Annotated[float, Field(ge=0, le=1)] | None = None
    """How frequent the expressions are expected to be: at 0 as in the training pictures, mostly
    neutral and happy; at 1 all equally. By default the model's own."""
    clip_boxes: bool = False
    """Cut boxes off at the edges of the picture. By default a box shows the whole face, also where
    a part of it lies outside."""
    landmarks: bool = False
    """Give the landmarks of each face."""
    chips: bool = False
    """Give the aligned picture of each face: PNG, base64."""
    annotated: bool = False
    """Give the picture with every face marked: PNG, base64. A picture of more than 12 megapixels is
    shrunk to 12, and one with a side of more than 16,384 pixels to that."""
    figure: bool = False
    """Give a bar chart of each face: a Plotly figure."""

    def for_prediction(self, *, most_faces: int = MAX_FACES) -> PredictOptions:
        """Return the options that decide how a predictor classifies faces.

        Args:
            most_faces: No more faces than this are classified, whatever is asked for.
        """
        return PredictOptions(
            is_crop=self.crop,
            max_faces=min(self.max_faces, most_faces),
            min_confidence=self.min_confidence,
            balance=self.balance,
        )


class PictureOptions(Options):
    """A picture and what is asked of it, in one JSON object."""

    image: Annotated[str, Field(min_length=1, json_schema_extra={"contentEncoding": "base64"})]
    """The bytes of the picture, base64."""


class UrlOptions(Options):
    """The address of a picture and what is asked of it, in one JSON object."""

    image_url: Annotated[
        str, Field(max_length=MAX_URL_CHARACTERS, json_schema_extra={"format": "uri"})
    ]
    """Where the picture is: an address with http or https on the public internet, in ASCII, without
    a user name or password. Taken only where the operator of the server allows it."""
