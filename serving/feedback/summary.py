"""Sum up feedback: how often people agreed, and what they said instead."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from serving.feedback.types import Count


@dataclass(frozen=True)
class Summary:
    """What people said of the predictions of one model.

    Attributes:
        model: Name of the bundle.
        model_digest: SHA-256 of its `spec.json`, hexadecimal.
        labels: Of rows and columns.
        confusion: How often, a row for what people said, a column for what was predicted.
    """

    model: str
    model_digest: str
    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]

    @property
    def count(self) -> int:
        """How many answers there are."""
        return sum(map(sum, self.confusion))

    @property
    def agreed(self) -> int:
        """How many of them said what was predicted."""
        return sum(row[index] for index, row in enumerate(self.confusion))

    @property
    def agreement(self) -> float:
        """The fraction of answers that said what was predicted, 0 to 1."""
        return self.agreed / self.count


def summarise(counts: Iterable[Count], *, labels: Sequence[str]) -> list[Summary]:
    """Sum up by model, the one with most answers first.

    Args:
        counts: Of a store; of none there is no summary.
        labels: Of the loaded bundle, which come first and in this order.
    """
    by_model: dict[tuple[str, str], dict[tuple[str, str], int]] = defaultdict(dict)
    for each in counts:
        by_model[each.model, each.model_digest][each.said, each.predicted] = each.count
    summaries = [_summary(*model, found=found, first=labels) for model, found in by_model.items()]
    return sorted(summaries, key=lambda each: (-each.count, each.model, each.model_digest))


def _summary(
    model: str, digest: str, *, found: dict[tuple[str, str], int], first: Sequence[str]
) -> Summary:
    seen = {label for pair in found for label in pair}
    known = [label for label in first if seen <= set(first) or label in seen]
    labels = (*known, *sorted(seen - set(first)))
    rows = (tuple(found.get((said, predicted), 0) for predicted in labels) for said in labels)
    return Summary(model, digest, labels, tuple(rows))
