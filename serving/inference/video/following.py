"""Number the faces of successive frames and smooth their predictions; without any I/O."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from serving.inference.options import check_numbers
from serving.inference.video.smoothing import Smoother, SmoothingOptions
from serving.inference.video.tracking import KEEP_NUMBER_S, Tracker
from serving.inference.video.types import Observation, Sample, TrackedFace, TrackedSample


@dataclass(frozen=True)
class FollowingOptions:
    """How the faces of a video are followed.

    Attributes:
        labels: The bundle's, in their order.
        sure_from: From this confidence on a prediction is called sure, 0 to 1.
        keep_number_s: How many seconds a face may be away and still keep its number.
        smoothing: How predictions are smoothed over time.
    """

    labels: tuple[str, ...]
    sure_from: float
    keep_number_s: float = KEEP_NUMBER_S
    smoothing: SmoothingOptions = field(default_factory=SmoothingOptions)

    def __post_init__(self) -> None:
        check_numbers(None, self.sure_from)


class Follower:
    """Follows the faces of one video. What it keeps does not grow with the video's length."""

    def __init__(self, options: FollowingOptions) -> None:
        """Begin without any face."""
        self._options = options
        self._tracker = Tracker(keep_number_s=options.keep_number_s)
        self._smoothers: dict[int, Smoother] = {}

    def update(self, sample: Sample) -> TrackedSample:
        """Take in the next frame that was looked at, and return its faces in the same order."""
        numbers = self._tracker.update(sample.seconds, [each.box for each in sample.observations])
        faces = tuple(
            self._face(number, observation, sample.seconds)
            for number, observation in zip(numbers, sample.observations, strict=True)
        )
        for number in self._smoothers.keys() - self._tracker.followed():
            del self._smoothers[number]
        return TrackedSample(sample.seconds, faces)

    def _face(self, number: int, observation: Observation, seconds: float) -> TrackedFace:
        labels = self._options.labels
        smoother = self._smoothers.setdefault(number, Smoother(self._options.smoothing))
        smoothed = smoother.update(seconds, observation.log_probabilities)
        probabilities = dict(zip(labels, smoothed.probabilities, strict=True))
        label = labels[smoothed.index]
        others = [other for other in labels if other != label]
        return TrackedFace(
            number=number,
            box=observation.box,
            label=label,
            confidence=probabilities[label],
            is_sure=probabilities[label] >= self._options.sure_from,
            second_label=max(others, key=probabilities.__getitem__, default=label),
            probabilities=probabilities,
            hints=observation.hints,
            found_by=observation.found_by,
        )


def follow(samples: Iterable[Sample], options: FollowingOptions) -> Iterator[TrackedSample]:
    """Follow the faces of a whole video."""
    follower = Follower(options)
    return map(follower.update, samples)
