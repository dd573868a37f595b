"""The types of a video and of the faces in it."""

from dataclasses import dataclass

from preprocessing.faces.types import BoundingBox
from preprocessing.images.types import RgbImage


@dataclass(frozen=True)
class VideoInfo:
    """What a video says of itself before it is read.

    Attributes:
        duration_s: Length in seconds; None where the file does not say it, and for a camera.
        frames_per_s: Mean number of frames a second; None where it is not known.
    """

    duration_s: float | None
    frames_per_s: float | None


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of a video.

    Attributes:
        seconds: When it is shown, from the start of the video. Frames need not be evenly spaced.
        rgb: The upright picture, at the video's own size.
        is_after_damage: Whether a damaged part of the video before it was left out.
    """

    seconds: float
    rgb: RgbImage
    is_after_damage: bool


@dataclass(frozen=True)
class Observation:
    """What one frame alone shows of one face.

    Attributes:
        box: In pixels of the upright video.
        log_probabilities: Natural logarithms, in the order of the bundle's labels.
        hints: Why the prediction may be worse than usual, such as "small" or "blurred".
        found_by: How the face was found; see `preprocessing.faces.types.Face`.
    """

    box: BoundingBox
    log_probabilities: tuple[float, ...]
    hints: tuple[str, ...]
    found_by: str


@dataclass(frozen=True)
class Sample:
    """A frame that was looked at.

    Attributes:
        seconds: When it is shown, from the start of the video.
        observations: One for each face.
        is_after_damage: See `Frame`.
    """

    seconds: float
    observations: tuple[Observation, ...]
    is_after_damage: bool = False


@dataclass(frozen=True)
class TrackedFace:
    """A face of a frame that is known from the frames before.

    Attributes:
        number: From 1. A face keeps its number while it is followed.
        box: In pixels of the upright video.
        label: The expression shown. It changes only when another one is clearly likelier.
        confidence: The smoothed probability of `label`, 0 to 1.
        is_sure: Whether the confidence reaches the threshold for sure predictions.
        second_label: The likeliest of the other labels.
        probabilities: Smoothed over time, by label, in the order of the bundle's labels; they sum
            to 1.
        hints: See `Observation`.
        found_by: See `Observation`.
    """

    number: int
    box: BoundingBox
    label: str
    confidence: float
    is_sure: bool
    second_label: str
    probabilities: dict[str, float]
    hints: tuple[str, ...]
    found_by: str


@dataclass(frozen=True)
class TrackedSample:
    """A frame that was looked at, with its faces.

    Attributes:
        seconds: When it is shown, from the start of the video.
        faces: In the order in which they were found, from image-left to image-right.
    """

    seconds: float
    faces: tuple[TrackedFace, ...]
