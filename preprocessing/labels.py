"""The expressions, their order, and what becomes of the tiny "disgust" class.

Three things are kept apart: a *label* is a word, a *class index* its position among the labels of
one dataset or bundle, a *FER2013 code* the digit in the ``emotion`` column of ``fer2013.csv``.
"""

from enum import StrEnum

from preprocessing.errors import DatasetError

FER2013_LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""Labels by FER2013 code."""

SPLITS = ("train", "val", "test")
FER2013_USAGES = {"Training": "train", "PublicTest": "val", "PrivateTest": "test"}
"""Split by the word in FER2013's ``Usage`` column."""


class DisgustPolicy(StrEnum):
    """What becomes of the 547 pictures of disgust."""

    DROP = "drop"
    MERGE = "merge"
    KEEP = "keep"


def labels_for(policy: DisgustPolicy) -> tuple[str, ...]:
    """List FER2013's labels under a policy, in the order of their class indices."""
    if policy is DisgustPolicy.KEEP:
        return FER2013_LABELS
    return tuple(label for label in FER2013_LABELS if label != "disgust")


def resolve_label(label: str, policy: DisgustPolicy) -> str | None:
    """Apply the disgust policy to one of `FER2013_LABELS`.

    Returns:
        The label to train on, or None where the picture is to be left out.

    Raises:
        DatasetError: `label` is none of the seven.
    """
    if label not in FER2013_LABELS:
        raise DatasetError(
            f"Unknown label. Expected one of {', '.join(FER2013_LABELS)}. Received: {label!r}"
        )
    if label != "disgust" or policy is DisgustPolicy.KEEP:
        return label
    return "angry" if policy is DisgustPolicy.MERGE else None
