"""Sum up the faces of a video, in memory that does not grow with its length."""

import math
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from preprocessing.faces.types import BoundingBox
from serving.inference.video.types import TrackedSample

# So that a frame at the edge of a bin falls into the later one.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Peak:
    """When a face showed an expression most clearly.

    Attributes:
        seconds: From the start of the video.
        confidence: The smoothed probability of the label then, 0 to 1.
        box: Of the face, in pixels of the upright video.
    """

    seconds: float
    confidence: float
    box: BoundingBox


@dataclass
class FaceSummary:
    """What one face showed.

    Attributes:
        number: From 1.
        first_s: When it was seen first, in seconds from the start of the video.
        last_s: When it was seen last.
        shown: In how many of the frames that were looked at it showed each label.
        peaks: By label, of those that it showed.
    """

    number: int
    first_s: float
    last_s: float
    shown: Counter[str] = field(default_factory=Counter)
    peaks: dict[str, Peak] = field(default_factory=dict)

    def in_words(self) -> str:
        """Say in a line when the face was seen and what it showed, the most frequent first."""
        total = self.shown.total()
        shown = ", ".join(f"{label} {n / total:.0%}" for label, n in self.shown.most_common())
        return f"face {self.number}  {clock(self.first_s)} to {clock(self.last_s)}  {shown}"


@dataclass(frozen=True, eq=False)
class Curve:
    """How the probabilities of one face went.

    Attributes:
        seconds: Shape (bins,): the middle of each bin. The first of the empty bins in a row is left
            out, so that a single one makes no gap.
        probabilities: Shape (bins, labels): means of the bins; NaN where the face was away.
    """

    seconds: NDArray[np.float64]
    probabilities: NDArray[np.float64]


def summarise(samples: Iterable[TrackedSample]) -> list[FaceSummary]:
    """Sum up each face, by rising number."""
    faces: dict[int, FaceSummary] = {}
    for sample in samples:
        for face in sample.faces:
            summary = faces.setdefault(
                face.number, FaceSummary(face.number, sample.seconds, sample.seconds)
            )
            summary.last_s = sample.seconds
            summary.shown[face.label] += 1
            best = summary.peaks.get(face.label)
            if best is None or face.confidence > best.confidence:
                summary.peaks[face.label] = Peak(sample.seconds, face.confidence, face.box)
    return [faces[number] for number in sorted(faces)]


def curves(
    samples: Iterable[TrackedSample],
    numbers: Collection[int],
    *,
    labels: tuple[str, ...],
    until_s: float,
    bin_s: float,
) -> dict[int, Curve]:
    """Average the probabilities of some faces over equal spans of time.

    Args:
        samples: The frames that were looked at.
        numbers: Of the faces.
        labels: Of the bundle, in their order.
        until_s: When the last frame is shown.
        bin_s: Length of a span, in seconds; above 0.
    """
    count = math.floor(until_s / bin_s + _ROUNDING) + 1
    sums = {number: np.zeros((count, len(labels))) for number in numbers}
    seen = {number: np.zeros((count, 1)) for number in numbers}
    for sample in samples:
        at = min(count - 1, math.floor(sample.seconds / bin_s + _ROUNDING))
        for face in sample.faces:
            if face.number in sums:
                sums[face.number][at] += list(face.probabilities.values())
                seen[face.number][at] += 1
    middles = (np.arange(count, dtype=np.float64) + 0.5) * bin_s
    found = {}
    for number in numbers:
        kept = _without_short_gaps(seen[number][:, 0] > 0)
        found[number] = Curve(middles[kept], _means(sums[number][kept], seen[number][kept]))
    return found


def _without_short_gaps(is_seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say which bins to keep: all but the first of the empty ones in a row.

    Where frames are further apart than a bin is long, bins between them are empty.
    """
    return np.asarray(is_seen | ~np.concatenate([[True], is_seen[:-1]]), np.bool_)


def _means(sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide sums by counts; NaN where nothing was counted."""
    means: NDArray[np.float64] = np.full(sums.shape, np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    return means


def clock(seconds: float) -> str:
    """Write a time as minutes and seconds, with hours where there are any."""
    tenths = round(10 * seconds)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    shown = f"{minutes:02}:{rest / 10:04.1f}" if hours else f"{minutes}:{rest / 10:04.1f}"
    return f"{hours}:{shown}" if hours else shown
