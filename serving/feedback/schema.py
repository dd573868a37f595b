"""What the API takes and answers where feedback is deleted, as types."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from serving.inference.schema import AnswerModel


class FeedbackCode(BaseModel):
    """What deletes one piece of feedback."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True
    )

    code: Annotated[str, Field(min_length=32, max_length=100)]
    """As it was shown when the feedback was sent: 32 letters and digits. Upper and lower case,
    spaces and hyphens make no difference."""


class FeedbackDeleted(AnswerModel):
    """What became of it."""

    deleted: int
    """1, or 0 where nothing is kept under the code."""
