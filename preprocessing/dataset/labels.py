"""The expressions, their order, and what becomes of the tiny "disgust" class.

Three things are kept apart: a *label* is a word, a *class index* its position among the labels of
one dataset or bundle, a *FER2013 code* the digit in the ``emotion`` column of ``fer2013.csv``.
"""

import unicodedata
from collections.abc import Sequence
from enum import StrEnum

from preprocessing.errors import DatasetError

FER2013_LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""Labels by FER2013 code."""

FERPLUS_LABELS = (*FER2013_LABELS, "contempt")
"""The eight of FER+: FER2013's come first and so keep their class indices."""

SPLITS = ("train", "val", "test")

# Unicode's: control characters, halves of characters, ends of lines and of paragraphs.
_CONTROLS = {"Cc", "Cs", "Zl", "Zp"}
# What only joins letters or is a space, and shows nothing by itself.
_INVISIBLE = {"Cf", "Zs"}
# Characters that turn around the order of the text after them.
_TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


LONGEST_WORD = 100
"""Letters of a label, or of the name of a bundle: each answer and each page has them."""


class DisgustPolicy(StrEnum):
    """What becomes of the 547 pictures of disgust."""

    DROP = "drop"
    MERGE = "merge"
    KEEP = "keep"


def can_be_shown(word: str) -> bool:
    """Say whether a word, such as a label, shows something and does nothing to the text around it.

    It does if it is longer than `LONGEST_WORD`.

    Letters that are joined or kept apart, as in Persian, are in order, and so are emoji that are
    newer than this Python, which `str.isprintable` takes for none.
    """
    kinds = {unicodedata.category(letter) for letter in word}
    turns = {unicodedata.bidirectional(letter) for letter in word} & _TURNS
    is_short = len(word) <= LONGEST_WORD
    return is_short and bool(kinds - _INVISIBLE) and not kinds & _CONTROLS and not turns


def labels_for(policy: DisgustPolicy) -> tuple[str, ...]:
    """List FER2013's labels under a policy, in the order of their class indices."""
    if policy is DisgustPolicy.KEEP:
        return FER2013_LABELS
    return tuple(label for label in FER2013_LABELS if label != "disgust")


def labelled_by_ferplus(source_kind: str, labels: Sequence[str]) -> bool:
    """Say whether labels are the choices of FER+'s crowd: those alone give FER2013 all eight.

    Args:
        source_kind: In the recipe of the dataset.
        labels: Of the dataset, in the order of their class indices.
    """
    return source_kind == "fer2013" and tuple(labels) == FERPLUS_LABELS


def resolve_label(label: str, policy: DisgustPolicy) -> str | None:
    """Apply the disgust policy to one of `FERPLUS_LABELS`, to which FER2013's belong.

    Returns:
        The label to train on, or None where the picture is to be left out.

    Raises:
        DatasetError: `label` is none of the eight.
    """
    if label not in FERPLUS_LABELS:
        raise DatasetError(
            f"Unknown label. Expected one of {', '.join(FERPLUS_LABELS)}. Received: {label!r}"
        )
    if label != "disgust" or policy is DisgustPolicy.KEEP:
        return label
    return "angry" if policy is DisgustPolicy.MERGE else None
