"""Follow the faces of videos, for the command line.

Each video is read once, and what its frames show is kept in a log beside the first output. Tables,
page and drawn video are made from the log. A run that is interrupted leaves the log behind; the
same command then goes on where it stopped, and deletes the log at its end.
"""

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from tqdm import tqdm

from preprocessing.bundle.spec import spec_sha256
from preprocessing.errors import MienError
from preprocessing.runtime.terminal import for_terminal, readable
from serving.cli.video_outputs import Analysed, VideoOutputs, write_outputs
from serving.inference.library import loaded_predictor
from serving.inference.predictor import Predictor
from serving.inference.video.following import FollowingOptions
from serving.inference.video.observe import ObservingOptions, observe
from serving.inference.video.opening import VideoSource, name_of
from serving.inference.video.reader import VideoReader
from serving.inference.video.sample_log import SampleLog
from serving.inference.video.smoothing import SmoothingOptions
from serving.inference.video.summary import summarise
from serving.web.settings import Settings

_BAR = "{desc}: {percentage:3.0f}%|{bar}| {n:.0f} of {total:.0f} s [{elapsed}<{remaining}]"
_ENDLESS_BAR = "{desc}: {n:.0f} s [{elapsed}]"


@dataclass(frozen=True)
class VideoOptions:
    """How videos are read.

    Attributes:
        observing: How frames are looked at.
        keep_number_s: How many seconds a face may be away and still keep its number.
        smoothing: How predictions are smoothed over time.
        min_confidence: From here on a prediction is sure; None for the bundle's own.
        stop_after_s: Only this many seconds of each video are read; None for all.
    """

    observing: ObservingOptions
    keep_number_s: float
    smoothing: SmoothingOptions
    min_confidence: float | None
    stop_after_s: float | None


@dataclass(frozen=True)
class Missing:
    """What a run did not do; why is said on stderr.

    Attributes:
        unread: How many videos could not be read at all.
        undrawn: How many marked copies were asked for and could not be written, though their videos
            were read.
    """

    unread: int
    undrawn: int


def analyse_videos(
    settings: Settings,
    sources: Sequence[VideoSource],
    *,
    outputs: VideoOutputs,
    options: VideoOptions,
) -> Missing:
    """Read each video, write the outputs, and say in words what each face showed.

    Args:
        settings: Of the server: bundle and limits.
        sources: Files and cameras. A camera is read until Ctrl-C.
        outputs: Where results go.
        options: How the videos are read.

    Raises:
        MienError: An output is there already and may not be replaced, or the user stopped.
    """
    outputs.check(sources)
    predictor = loaded_predictor(settings.bundle, settings.landmarks)
    following = _following_options(predictor, options)
    with ExitStack() as stack:
        unkept = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            read = [
                _read_or_say_why(
                    source,
                    outputs.log(index) or unkept / str(index),
                    stack,
                    predictor=predictor,
                    settings=settings,
                    options=options,
                )
                for index, source in enumerate(sources, start=1)
            ]
            bin_s, until_s = 1 / options.observing.per_second, options.stop_after_s
            pixels = settings.max_pixels
            undrawn = write_outputs(
                outputs, read, following, max_pixels=pixels, bin_s=bin_s, until_s=until_s
            )
        except KeyboardInterrupt:
            kept = "" if outputs.first() is None else " The same command goes on where it stopped."
            raise MienError(f"Stopped.{kept}") from None
        _say(read, following)
    return Missing(sum(video.log is None for video in read), undrawn)


def _say(read: Sequence[Analysed], following: FollowingOptions) -> None:
    """Say what each video showed, and delete its log."""
    for video in read:
        print(*_in_words(video, following), sep="\n")
        if video.log is not None:
            video.log.delete()


def _following_options(predictor: Predictor, options: VideoOptions) -> FollowingOptions:
    spec = predictor.spec
    return FollowingOptions(
        labels=spec.labels,
        sure_from=spec.answer.sure_from(options.min_confidence, options.observing.balance),
        keep_number_s=options.keep_number_s,
        smoothing=options.smoothing,
    )


def _read_or_say_why(
    source: VideoSource,
    log_path: Path,
    stack: ExitStack,
    *,
    predictor: Predictor,
    settings: Settings,
    options: VideoOptions,
) -> Analysed:
    """Read a video into its log, as far as it can be read; the stack closes the log.

    Raises:
        MienError: The log cannot be kept.
    """
    try:
        reader = VideoReader(source, max_pixels=settings.max_pixels)
    except (MienError, OSError) as error:
        return _failed(source, error)
    with reader:
        log = SampleLog(log_path, _identity(source, settings, options))
        stack.callback(log.close)
        try:
            if not log.progress.is_finished:
                _fill(log, reader, source, predictor=predictor, options=options)
                log.finish(reader.problem())
        except MienError as error:
            if log.progress.last is None:
                log.delete()
                return _failed(source, error)
            log.finish(f"reading stopped: {readable(str(error))}")
    return Analysed(source, log, log.progress.problem)


def _failed(source: VideoSource, error: Exception) -> Analysed:
    problem = readable(str(error))
    print(for_terminal(f"failed: {problem}"), file=sys.stderr)
    return Analysed(source, None, problem)


def _fill(
    log: SampleLog,
    reader: VideoReader,
    source: VideoSource,
    *,
    predictor: Predictor,
    options: VideoOptions,
) -> None:
    """Look at the frames of a video that are not in its log yet."""
    last, until_s = log.progress.last, options.stop_after_s
    whole_s = min(filter(None, (reader.info.duration_s, until_s)), default=None)
    with tqdm(
        total=whole_s,
        initial=last.seconds if last else 0,
        desc=for_terminal(Path(name_of(source)).name),
        bar_format=_BAR if whole_s else _ENDLESS_BAR,
        disable=None,
    ) as bar:
        try:
            for frame in reader.frames(
                per_second=options.observing.per_second, after=last, until_s=until_s
            ):
                log.append(observe(frame, predictor, options.observing))
                bar.update(frame.seconds - bar.n)
        except KeyboardInterrupt:
            if not isinstance(source, int):  # stopping is how a camera ends
                raise


def _identity(source: VideoSource, settings: Settings, options: VideoOptions) -> dict[str, Any]:
    """Return what decides the content of a video's log. Live pictures never come again."""
    if isinstance(source, int) or not source.is_file():
        video: dict[str, Any] = {"started_ns": time.time_ns()}
    else:
        video = {
            "path": str(source.resolve()),
            "bytes": source.stat().st_size,
            "changed_ns": source.stat().st_mtime_ns,
        }
    return {
        "video": video,
        "mien": _version(),
        "bundle": spec_sha256(settings.bundle),
        "landmarks": settings.landmarks,
        "observing": asdict(options.observing),
        "stop_after_s": options.stop_after_s,
    }


def _version() -> str | None:
    """Return the version of the package; None where its source is run without installing it."""
    try:
        return metadata.version("mien")
    except metadata.PackageNotFoundError:
        return None


def _in_words(video: Analysed, following: FollowingOptions) -> Iterator[str]:
    yield for_terminal(name_of(video.source))
    faces = summarise(video.samples(following))
    yield from (f"  {face.in_words()}" for face in faces)
    if video.problem or not faces:
        yield for_terminal(f"  {video.problem or 'no face found'}")
