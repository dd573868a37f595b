"""Answers of the API that the page sends back, to be shown; anyone may send anything as one."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, FailFast, Field, model_validator

from serving.inference.options import MAX_FACES
from serving.inference.schema import FACE_HINTS, PICTURE_HINTS, Answer
from serving.web.uploads import MAX_BATCH_PICTURES

# More than any number of an answer; larger ones cannot be drawn.
LARGEST_NUMBER = 1e9
MOST_LANDMARKS = 68
# More than any list or object of an answer has. A wrong entry is an error of its own, which takes a
# kilobyte.
MOST_ENTRIES = 1_000
_FIGURES = {"faces": {"__all__": {"figure"}}}  # which are not shown


def _check(answer: Answer) -> Answer:
    """Make sure that an answer is such as the API gives.

    Raises:
        ValueError: It is not.
    """
    if len(answer.faces) > MAX_FACES:
        raise ValueError(f"at most {MAX_FACES} faces are expected")
    if min(answer.image.width, answer.image.height) < 1:
        raise ValueError("a picture with pixels is expected")
    if "total" not in answer.timing_ms:
        raise ValueError("timing_ms with a total is expected")
    if len(answer.hints or ()) > len(PICTURE_HINTS):
        raise ValueError("far too many hints")
    for face in answer.faces:
        if not {face.label, face.second_label} <= face.probabilities.keys():
            raise ValueError("labels with a probability are expected")
        if len(face.hints) > len(FACE_HINTS) or len(face.landmarks or ()) > MOST_LANDMARKS:
            raise ValueError("far too many hints or landmarks")
    # The comparison also fails for NaN.
    numbers = _numbers(answer.model_dump(exclude=_FIGURES))
    if not all(abs(number) <= LARGEST_NUMBER for number in numbers):
        raise ValueError("a number is far too large")
    return answer


def _numbers(value: Any) -> Iterator[float]:
    """Yield all numbers within a value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from _numbers(each)
    elif isinstance(value, (int, float)):
        yield value


class _Posted(BaseModel):
    """What a page sends back. A few of its errors are found, not all that a body can have."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _check_entries(cls, sent: Any) -> Any:
        waiting = [sent]
        while waiting:
            each = waiting.pop()
            if isinstance(each, (dict, list)):
                if len(each) > MOST_ENTRIES:
                    raise ValueError(f"a list or an object has more than {MOST_ENTRIES:,} entries")
                waiting += each.values() if isinstance(each, dict) else each
        return sent


class NamedAnswer(_Posted):
    """An answer of the API, with the name of its picture."""

    name: Annotated[str, Field(max_length=300)]
    answer: Annotated[Answer, AfterValidator(_check)]
    balance: Annotated[float, Field(ge=0, le=1)] | None = None


class Table(_Posted):
    """Answers of which a table is wanted."""

    pictures: Annotated[list[NamedAnswer], Field(max_length=MAX_BATCH_PICTURES), FailFast()]
