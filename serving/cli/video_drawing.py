"""Write a marked copy of a video for the command line: with progress, and failing in words."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import av
from tqdm import tqdm

from preprocessing.errors import MienError
from preprocessing.runtime.terminal import for_terminal
from serving.inference.video.drawing import write_annotated
from serving.inference.video.following import FollowingOptions
from serving.inference.video.opening import VideoSource, name_of
from serving.inference.video.reader import VideoReader
from serving.inference.video.types import TrackedSample


@dataclass(frozen=True)
class Drawing:
    """A marked copy that is to be written.

    Attributes:
        path: Of the copy, until it is finished.
        source: The video.
        samples: What was seen in it.
        max_pixels: Of the largest frame that is read.
    """

    path: Path
    source: VideoSource
    samples: Iterable[TrackedSample]
    max_pixels: int


def draw_or_say_why(
    drawing: Drawing, following: FollowingOptions, *, until_s: float | None
) -> bool:
    """Write a marked copy; where that fails, leave nothing behind. Return whether it was written.

    Encoders take no frames of a few pixels or of odd proportions, and a disk may be full.
    """
    try:
        _draw(drawing, following, until_s=until_s)
    except (MienError, av.error.FFmpegError, OSError, IndexError) as error:
        name = name_of(drawing.source)
        print(for_terminal(f"failed: {name} cannot be drawn: {error}"), file=sys.stderr)
        drawing.path.unlink(missing_ok=True)
        return False
    return True


def _draw(drawing: Drawing, following: FollowingOptions, *, until_s: float | None) -> None:
    with (
        VideoReader(drawing.source, max_pixels=drawing.max_pixels) as reader,
        tqdm(
            total=reader.info.duration_s,
            desc=for_terminal(f"drawing {Path(name_of(drawing.source)).name}"),
            bar_format="{desc}: {percentage:3.0f}%|{bar}| [{elapsed}<{remaining}]"
            if reader.info.duration_s
            else None,
            disable=None,
        ) as bar,
    ):
        write_annotated(
            drawing.path,
            reader.frames(until_s=until_s),
            samples=drawing.samples,
            labels=following.labels,
            frames_per_s=reader.info.frames_per_s,
            tell=lambda seconds: bar.update(seconds - bar.n),
        )
