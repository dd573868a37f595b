"""Follow the faces of a video from Python: what `mien.video` is."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from preprocessing.images.types import RgbImage
from serving.inference.library import loaded_predictor
from serving.inference.predictor import Predictor
from serving.inference.shipped_bundle import SHIPPED_BUNDLE
from serving.inference.video.following import Follower, FollowingOptions
from serving.inference.video.observe import ObservingOptions, observe
from serving.inference.video.smoothing import SmoothingOptions
from serving.inference.video.tracking import KEEP_NUMBER_S
from serving.inference.video.types import TrackedFace

if TYPE_CHECKING:
    from serving.inference.video.reader import VideoReader


@dataclass(frozen=True, eq=False)
class VideoFrame:
    """A frame of a video that was looked at.

    Attributes:
        seconds: When it is shown, from the start of the video.
        rgb: The upright picture, uint8 (height, width, 3), at the video's own size.
        faces: From image-left to image-right; empty where there is none.
    """

    seconds: float
    rgb: RgbImage = field(repr=False)
    faces: tuple[TrackedFace, ...]


def video(
    source: str | os.PathLike[str] | int,
    *,
    per_second: float = 5.0,
    search_px: int = 960,
    max_faces: int | None = None,
    min_confidence: float | None = None,
    balance: float | None = None,
    keep_number_s: float = KEEP_NUMBER_S,
    smoothing_s: float = 0.5,
    change_margin: float = 0.1,
    landmarks: str | int | None = None,
    bundle: str | os.PathLike[str] = SHIPPED_BUNDLE,
) -> Iterator[VideoFrame]:
    """Follow the faces of a video and predict which expressions they show, frame by frame.

    Only a few frames are held at a time, however long the video is.

    Args:
        source: A file, or the number of a camera (on Linux), 0 for the first.
        per_second: How many frames are looked at for each second of the video; above 0.
        search_px: Frames whose longer side is longer are shrunk to this before faces are searched.
        max_faces: Only this many faces of a frame are classified, the largest; by default all.
        min_confidence: Confidence from which `is_sure` is true; by default the model's own.
        balance: As for `predict`.
        keep_number_s: How many seconds a face may be away and still keep its number.
        smoothing_s: Time constant in seconds over which probabilities are averaged; 0 for none.
        change_margin: The label changes when another one is likelier by this probability.
        landmarks: As for `predict`.
        bundle: Folder of another trained model.

    Raises:
        ModuleNotFoundError: The package `av` is not installed: `pip install 'mien[video]'`.
        VideoDecodeError, ImageTooLargeError: None of it can be read, or a frame is too large.
        BundleError, ModelFileError: The model, or a model that finds faces, is missing or damaged.
    """
    from serving.inference.video.reader import VideoReader

    options = ObservingOptions(per_second, search_px, max_faces=max_faces, balance=balance)
    predictor = loaded_predictor(Path(bundle), landmarks)
    following = FollowingOptions(
        labels=predictor.spec.labels,
        sure_from=predictor.spec.answer.sure_from(min_confidence, balance),
        keep_number_s=keep_number_s,
        smoothing=SmoothingOptions(smoothing_s=smoothing_s, change_margin=change_margin),
    )
    reader = VideoReader(source if isinstance(source, int) else Path(source))
    return _follow(reader, Follower(following), predictor, options)


def _follow(
    reader: "VideoReader", follower: Follower, predictor: Predictor, options: ObservingOptions
) -> Iterator[VideoFrame]:
    with reader:
        for frame in reader.frames(per_second=options.per_second):
            sample = follower.update(observe(frame, predictor, options))
            yield VideoFrame(sample.seconds, frame.rgb, sample.faces)
