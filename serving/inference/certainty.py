"""How sure an answer is, in words, by the bundle's own figures.

Everything that the page says about how far an answer can be trusted comes from here, and every
figure in it from the bundle's `spec.json`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from preprocessing.bundle.spec import ModelSpec

# Below the confidence of sure answers, "probably" is said where two of three answers were right.
PROBABLE_ACCURACY = 2 / 3
# Fewer answers than this are too few to say how often they were right.
LEAST_ANSWERS = 100
# A second guess below this probability says nothing.
LEAST_SECOND = 0.1


class Level(StrEnum):
    """How sure an answer is."""

    SURE = "sure"
    PROBABLE = "probable"
    OPEN = "open"


@dataclass(frozen=True)
class Bin:
    """Test answers of about the same confidence.

    Attributes:
        low: Lowest confidence, 0 to 1.
        high: Highest confidence, 0 to 1.
        count: How many answers.
        accuracy: Fraction of them that were right, 0 to 1.
    """

    low: float
    high: float
    count: int
    accuracy: float


@dataclass(frozen=True)
class Record:
    """How often the bundle's answers were right on pictures that it had not learned from.

    Attributes:
        sure_from: From this confidence on an answer is called sure.
        probable_from: From this confidence on an answer is called probable; at most `sure_from`.
        by_people: Whether the answers were held to what most people said, not to the data set's
            labels.
        faces: Number of test faces; 0 where the bundle has no figures, and what follows is empty.
        accuracy: Fraction of all answers that were right.
        accuracy_when_sure: Fraction of the sure answers that were right; 0 where none was sure.
        share_sure: Fraction of the answers that were sure.
        bins: Answers by confidence, lowest first.
    """

    sure_from: float
    probable_from: float
    by_people: bool = False
    faces: int = 0
    accuracy: float = 0.0
    accuracy_when_sure: float = 0.0
    share_sure: float = 0.0
    bins: tuple[Bin, ...] = ()

    def level(self, confidence: float, *, is_sure: bool) -> Level:
        """Say which words an answer deserves."""
        if is_sure:
            return Level.SURE
        return Level.PROBABLE if confidence >= self.probable_from else Level.OPEN

    def right_at(self, confidence: float) -> Bin | None:
        """Return the test answers that were about as confident, at least `LEAST_ANSWERS`.

        Bins with too few answers are joined with those below them, or else above.
        """
        if not self.bins:
            return None
        index = max(at for at, each in enumerate(self.bins) if at == 0 or confidence >= each.low)
        first = last = index
        while sum(each.count for each in self.bins[first : last + 1]) < LEAST_ANSWERS:
            if first > 0:
                first -= 1
            elif last + 1 < len(self.bins):
                last += 1
            else:
                return None
        return _join(self.bins[first : last + 1])


def read_record(spec: ModelSpec, *, balance: float | None = None) -> Record:
    """Take the record of the output that answers out of a bundle's spec.

    Args:
        spec: The bundle's.
        balance: The class balance of the answers; None for the bundle's own. The figures were
            measured at that, so at another one the record has none.
    """
    chosen = _figures(spec.metrics, ("val", "test"))
    tested = _figures(spec.metrics, ("test", "val"))
    sure_from = spec.answer.calibration(balance).sure_confidence
    probable_from = _probable_from(_bins(chosen), sure_from=sure_from)
    if not tested or balance not in (None, spec.answer.balance):
        return Record(sure_from, probable_from)
    return Record(
        sure_from=sure_from,
        probable_from=probable_from,
        by_people=tested["truth"] == "majority",
        faces=tested["images"],
        accuracy=tested["accuracy"],
        accuracy_when_sure=tested["accuracy_when_sure"],
        share_sure=tested["share_sure"],
        bins=_bins(tested),
    )


def percent(fraction: float) -> str:
    """Write a fraction as a percentage, without a line break before its sign."""
    return f"{100 * fraction:.0f}\N{NO-BREAK SPACE}%"


def headline(label: str, second_label: str, *, level: Level) -> str:
    """Say what a face expresses, as firmly as the answer deserves."""
    if level is Level.OPEN:
        return f"{label.capitalize()} or {second_label}?"
    return f"Probably {label}" if level is Level.PROBABLE else label.capitalize()


def group_of(label: str, *, level: Level) -> str:
    """Name the group of faces that a summary counts this one among."""
    if level is Level.OPEN:
        return "too close to call"
    return f"probably {label}" if level is Level.PROBABLE else label


def odds(ranked: Sequence[tuple[str, float]], *, level: Level) -> str:
    """Say how likely the likeliest label is, and the second where that says something.

    Args:
        ranked: The two likeliest labels with their probabilities, the likeliest first.
        level: How sure the answer is.
    """
    (label, first), (second_label, second) = ranked
    if second < LEAST_SECOND and level is not Level.OPEN:
        return f"{percent(first)} {label}."
    return f"{percent(first)} {label}, {percent(second)} {second_label}."


def evidence(record: Record, confidence: float) -> str:
    """Say how often answers of this confidence were right; empty without figures."""
    alike = record.right_at(confidence)
    if alike is None:
        return ""
    right = "what most people said" if record.by_people else "right"
    return f"Answers this confident were {right} {percent(alike.accuracy)} of the time in testing."


def commitment(record: Record) -> str:
    """Say from which confidence on an answer is called sure, and what that was worth."""
    start = f"Mien commits from {percent(record.sure_from)}"
    if not record.share_sure:
        return f"{start}."
    right = "what most people said" if record.by_people else "right"
    return f"{start}: {percent(record.accuracy_when_sure)} of such answers were {right} in testing."


def _figures(metrics: Mapping[str, Any], splits: Sequence[str]) -> Mapping[str, Any]:
    """Return the figures of the first of these splits that has any."""
    return next((metrics[split] for split in splits if split in metrics), {})


def _bins(figures: Mapping[str, Any]) -> tuple[Bin, ...]:
    rows = figures.get("reliability") or ()
    return tuple(
        Bin(row["low"], row["high"], row["count"], row["accuracy"]) for row in rows if row["count"]
    )


def _probable_from(bins: Sequence[Bin], *, sure_from: float) -> float:
    """Return the lowest bin edge above which the answers in every bin were right often enough."""
    lowest = sure_from
    for each in reversed([each for each in bins if each.low < sure_from]):
        if each.accuracy < PROBABLE_ACCURACY:
            break
        lowest = each.low
    return lowest


def _join(bins: Sequence[Bin]) -> Bin:
    count = sum(each.count for each in bins)
    right = sum(each.count * each.accuracy for each in bins)
    return Bin(bins[0].low, bins[-1].high, count, right / count)
