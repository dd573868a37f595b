"""The types of feedback, of one piece and of counts; they need no database."""

from dataclasses import dataclass
from datetime import date

from preprocessing.errors import MienError


class StoreError(MienError):
    """The database of the feedback cannot be reached, or is not as this version needs it."""


@dataclass(frozen=True)
class Feedback:
    """One face, what Mien said of it, and what a person said of it.

    Attributes:
        chip: The aligned face as a grey PNG, 48 x 48 pixels with the bundle that ships.
        model: Name of the bundle.
        model_digest: SHA-256 of the bundle's `spec.json`, hexadecimal; that names the network by
            its own hash.
        balance: The class balance that the probabilities were computed with, 0 to 1.
        probabilities: By label, in the order of the bundle; they sum to 1.
        predicted: The likeliest label.
        said: The label that the person chose; equal to `predicted` where it was right.
        day: On which it was received, in UTC.
    """

    chip: bytes
    model: str
    model_digest: str
    balance: float
    probabilities: dict[str, float]
    predicted: str
    said: str
    day: date


@dataclass(frozen=True)
class Stored:
    """Feedback as it lies in the database.

    Attributes:
        name: What tells it from all others: the beginning of its code's hash, 32 hexadecimal
            digits.
        feedback: What is kept.
    """

    name: str
    feedback: Feedback


@dataclass(frozen=True)
class Count:
    """How often people said one label where a model had predicted another, or the same.

    Attributes:
        model: Name of the bundle.
        model_digest: Of `Feedback.model_digest`.
        predicted: The label that was predicted.
        said: The label that people chose.
        count: How often, from 1.
    """

    model: str
    model_digest: str
    predicted: str
    said: str
    count: int
