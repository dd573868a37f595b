"""Write a copy of a video with every face marked."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream
from PIL import Image

from preprocessing.faces.types import BoundingBox
from preprocessing.images.types import RgbImage
from preprocessing.report.label_colours import LabelColour, colours_of
from serving.inference.annotate import Mark, draw_mark
from serving.inference.video.types import Frame, TrackedFace, TrackedSample

# Holds 24, 25, 30 and 29.97 frames a second exactly; MPEG-4 takes no more than 65,535.
_TICKS_PER_S = 60_000
# The first that the installed FFmpeg has: builds without the GPL lack x264.
_ENCODERS = {
    "libx264": {"preset": "veryfast", "crf": "23"},
    "libopenh264": {},
    "mpeg4": {"q": "4"},
}


def write_annotated(
    path: Path,
    frames: Iterable[Frame],
    *,
    samples: Iterable[TrackedSample],
    labels: tuple[str, ...],
    frames_per_s: float | None,
    tell: Callable[[float], object],
) -> None:
    """Write an MP4 file, without sound, in which each frame is shown when it was.

    Between two frames that were looked at, boxes move evenly from the one to the other.

    Args:
        path: Of the file.
        frames: All frames of the video.
        samples: What was seen, in order.
        labels: Of the bundle, in their order.
        frames_per_s: Mean number of frames a second; None where it is not known.
        tell: Called with the time of each frame that was written, in seconds.
    """
    colours, spans = colours_of(labels), _Spans(samples)
    with av.open(str(path), "w", format="mp4") as container:
        stream: VideoStream | None = None
        for frame in frames:
            if stream is None:
                height, width = (side + side % 2 for side in frame.rgb.shape[:2])
                stream = _add_stream(container, width, height, frames_per_s)
            drawn = Image.fromarray(frame.rgb)
            for face in spans.faces_at(frame.seconds):
                draw_mark(drawn, _to_mark(face, colours[face.label]))
            picture = _fit(np.asarray(drawn, np.uint8), stream.width, stream.height)
            _encode(container, stream, picture, frame.seconds)
            tell(frame.seconds)
        if stream is not None:
            container.mux(stream.encode(None))


class _Spans:
    """Finds the faces at rising times between frames that were looked at."""

    def __init__(self, samples: Iterable[TrackedSample]) -> None:
        self._spans = _spans(samples)
        self._before, self._after = next(self._spans)

    def faces_at(self, seconds: float) -> list[TrackedFace]:
        while self._after is not None and self._after.seconds <= seconds:
            self._before, self._after = next(self._spans)
        if self._before is None:
            return []
        if self._after is None:
            return list(self._before.faces)
        passed = seconds - self._before.seconds
        progress = passed / (self._after.seconds - self._before.seconds)
        later = {face.number: face.box for face in self._after.faces}
        return [
            replace(face, box=_between(face.box, later.get(face.number, face.box), progress))
            for face in self._before.faces
        ]


def _spans(
    samples: Iterable[TrackedSample],
) -> Iterator[tuple[TrackedSample | None, TrackedSample | None]]:
    """Yield each frame that was looked at with the next; None before the first, after the last."""
    return pairwise(chain([None], samples, [None]))


def _between(one: BoundingBox, other: BoundingBox, progress: float) -> BoundingBox:
    """Return a box on the way from one to the other, at 0 to 1 of it."""
    edges = [
        round(start + progress * (end - start))
        for start, end in zip(_edges(one), _edges(other), strict=True)
    ]
    return BoundingBox(*edges)


def _edges(box: BoundingBox) -> tuple[int, int, int, int]:
    return (box.left, box.top, box.right, box.bottom)


def _to_mark(face: TrackedFace, colour: LabelColour) -> Mark:
    return Mark(
        number=face.number,
        box=face.box,
        label=face.label,
        confidence=face.confidence,
        is_sure=face.is_sure,
        colour=colour,
    )


def _add_stream(
    container: OutputContainer, width: int, height: int, frames_per_s: float | None
) -> VideoStream:
    codec = next(name for name in _ENCODERS if name in av.codecs_available)
    rate = Fraction(frames_per_s or 25).limit_denominator(1001)
    stream = container.add_stream(codec, rate=rate, options=dict(_ENCODERS[codec]))
    assert isinstance(stream, VideoStream)  # noqa: S101 - for the type checker
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.codec_context.time_base = Fraction(1, _TICKS_PER_S)
    return stream


def _fit(rgb: RgbImage, width: int, height: int) -> RgbImage:
    """Cut a picture, or repeat its last columns and rows.

    H.264 needs even sides; a stream that changes its size keeps its first.
    """
    cut = rgb[:height, :width]
    missing = ((0, height - cut.shape[0]), (0, width - cut.shape[1]), (0, 0))
    return np.pad(cut, missing, mode="edge")


def _encode(container: OutputContainer, stream: VideoStream, rgb: RgbImage, seconds: float) -> None:
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
    frame.pts, frame.time_base = round(seconds * _TICKS_PER_S), Fraction(1, _TICKS_PER_S)
    container.mux(stream.encode(frame))
