"""Write what was seen in videos: tables, page and drawn videos.

All of them are written or none, but for a drawn video that cannot be encoded.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from preprocessing.errors import MienError
from preprocessing.runtime.cli import check_outputs, prepare_folder, refuse_overwriting
from serving.cli.video_drawing import Drawing, draw_or_say_why
from serving.inference.video.following import FollowingOptions, follow
from serving.inference.video.opening import VideoSource, name_of
from serving.inference.video.page import VideoStory, video_html
from serving.inference.video.reader import VideoReader
from serving.inference.video.sample_log import SampleLog
from serving.inference.video.table import VideoRows, write_video_csv, write_video_parquet
from serving.inference.video.types import Frame, TrackedSample


@dataclass(frozen=True)
class VideoOutputs:
    """Where results go; None for what is not wanted.

    Attributes:
        csv_path: A table with one row for each face in each frame that was looked at.
        parquet_path: The same table as Parquet.
        html_path: A page with a time chart for each face.
        annotate_folder: Copies of the videos with boxes and labels.
        overwrite: Replace files that are there.
    """

    csv_path: Path | None = None
    parquet_path: Path | None = None
    html_path: Path | None = None
    annotate_folder: Path | None = None
    overwrite: bool = False

    def check(self, sources: Sequence[VideoSource]) -> None:
        """Make sure, before the work is done, that everything can be written.

        Raises:
            MienError: It cannot, or it would replace a file unasked.
        """
        tables = [self.csv_path, self.parquet_path, self.html_path]
        check_outputs(tables, overwrite=self.overwrite)
        self._refuse_same_files(sources)
        if self.annotate_folder is None:
            return
        if any(isinstance(source, int) for source in sources):
            raise MienError(
                "A camera's pictures are not kept, so they cannot be drawn on at the end. Leave "
                "--annotate out, or record a file first."
            )
        refuse_overwriting(map(self.drawn, sources), overwrite=self.overwrite)
        prepare_folder(self.annotate_folder)

    def _refuse_same_files(self, sources: Sequence[VideoSource]) -> None:
        """Make sure that no file is written twice, or written and read."""
        drawn = [] if self.annotate_folder is None else [self.drawn(source) for source in sources]
        if len(set(drawn)) < len(drawn):
            raise MienError("Two videos have the same name. Mark them in two runs, in two folders.")
        tables = [self.csv_path, self.parquet_path, self.html_path]
        outputs = [path for path in (*tables, *drawn) if path is not None]
        logs = [self.log(index) for index, _ in enumerate(sources, start=1)]
        files = [*outputs, *map(_partial, outputs), *(log for log in logs if log is not None)]
        taken = {source.resolve() for source in sources if isinstance(source, Path)}
        for path in files:
            if path.resolve() in taken:
                raise MienError(
                    f"{path} would be used twice: as a video, an output, or a file that ends in "
                    ".partial and holds what is not finished. Give the outputs other names."
                )
            taken.add(path.resolve())

    def log(self, index: int) -> Path | None:
        """Return where the log of a video lies, counted from 1; None where there is no output."""
        first = self.first()
        return None if first is None else first.with_name(f"{first.name}.{index}.partial")

    def drawn(self, source: VideoSource) -> Path:
        """Return where the marked copy of a video goes."""
        assert self.annotate_folder is not None  # noqa: S101 - callers looked
        return self.annotate_folder / f"{Path(name_of(source)).name}.mp4"

    def first(self) -> Path | None:
        """Return the output beside which logs lie; None where there is no output."""
        folder = self.annotate_folder
        drawn = folder / "annotate" if folder else None
        return self.csv_path or self.parquet_path or self.html_path or drawn


@dataclass(frozen=True)
class Analysed:
    """A video that was read.

    Attributes:
        source: The video.
        log: What was seen in it; None where it could not be read at all.
        problem: What of it could not be read; None where all could.
    """

    source: VideoSource
    log: SampleLog | None
    problem: str | None

    def samples(self, following: FollowingOptions) -> Iterator[TrackedSample]:
        """Follow its faces from the start."""
        return follow(self.log.samples() if self.log else (), following)


class _Followed:
    """The samples of a video, followed from the start at each iteration."""

    def __init__(self, video: Analysed, following: FollowingOptions) -> None:
        self._video, self._following = video, following

    def __iter__(self) -> Iterator[TrackedSample]:
        return self._video.samples(self._following)


def _partial(output: Path) -> Path:
    """Return the name of an output while it is being written."""
    return output.with_name(f"{output.name}.partial")


def write_outputs(
    outputs: VideoOutputs,
    videos: Sequence[Analysed],
    following: FollowingOptions,
    *,
    max_pixels: int,
    bin_s: float,
    until_s: float | None,
) -> int:
    """Write everything under other names first, then give all of it its own name.

    Args:
        outputs: Where results go.
        videos: What was read.
        following: How their faces are followed.
        max_pixels: Of the largest frame that is read again, for drawings and thumbnails.
        bin_s: The least time between two points of a chart, in seconds.
        until_s: When the videos were no longer read; None where they were read to their ends.

    Returns:
        How many marked copies could not be written; why is said on stderr.
    """
    rows = [_rows(video, following) for video in videos]
    written: dict[Path, Path] = {}
    undrawn = 0

    def partial(path: Path) -> Path:
        written[path] = _partial(path)
        return written[path]

    if outputs.csv_path is not None:
        write_video_csv(partial(outputs.csv_path), rows, labels=following.labels)
    if outputs.parquet_path is not None:
        write_video_parquet(partial(outputs.parquet_path), rows, labels=following.labels)
    if outputs.html_path is not None:
        text = _page(videos, rows, following, max_pixels=max_pixels, bin_s=bin_s)
        partial(outputs.html_path).write_text(text, encoding="utf-8", newline="\n")
    if outputs.annotate_folder is not None:
        for of_video, video in zip(rows, videos, strict=True):
            if video.log is not None:
                drawn = outputs.drawn(video.source)
                drawing = Drawing(partial(drawn), video.source, of_video.samples, max_pixels)
                if not draw_or_say_why(drawing, following, until_s=until_s):
                    del written[drawn]
                    undrawn += 1
    for path, unfinished in written.items():
        unfinished.replace(path)
    return undrawn


def _rows(video: Analysed, following: FollowingOptions) -> VideoRows:
    return VideoRows(name_of(video.source), _Followed(video, following), video.problem)


def _page(
    videos: Sequence[Analysed],
    rows: Sequence[VideoRows],
    following: FollowingOptions,
    *,
    max_pixels: int,
    bin_s: float,
) -> str:
    """Return the page with a time chart for each face."""
    stories = [
        VideoStory(of_video, _frames_at(video, max_pixels))
        for of_video, video in zip(rows, videos, strict=True)
    ]
    return video_html(stories, labels=following.labels, bin_s=bin_s)


def _frames_at(
    video: Analysed, max_pixels: int
) -> Callable[[Iterable[float]], Iterator[Frame]] | None:
    if isinstance(video.source, int):
        return None

    def read(times_s: Iterable[float]) -> Iterator[Frame]:
        with VideoReader(video.source, max_pixels=max_pixels) as reader:
            yield from reader.frames_at(times_s)

    return read
