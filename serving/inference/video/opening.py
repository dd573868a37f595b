"""Open a video file or a camera, and no other source that FFmpeg could read."""

import sys
from pathlib import Path
from typing import TypeAlias

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from preprocessing.errors import VideoDecodeError
from preprocessing.images.formats.kinds import HEAD_BYTES, Kind, kind_of
from preprocessing.runtime.files import what_is_missing
from preprocessing.runtime.terminal import quoted

VideoSource: TypeAlias = Path | int
"""A file, or the index of a camera."""

# FFmpeg would also take texts, pictures and playlists that name other files.
_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,gif,apng,avi,mpegts,mpeg,ogg,flv,asf"
_OPTIONS = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}


def name_of(source: VideoSource) -> str:
    """Name a video in messages and tables."""
    return f"camera {source}" if isinstance(source, int) else str(source)


def open_video(source: VideoSource) -> InputContainer:
    """Open a video.

    Raises:
        VideoDecodeError: It is no video, or the camera cannot be opened.
    """
    if isinstance(source, int):
        return _open_camera(source)
    if not source.exists():
        raise VideoDecodeError(what_is_missing(source))
    if source.is_dir():
        raise VideoDecodeError(
            f"{source} is a folder. Name the videos in it, as in: "
            f"mien video {quoted(str(source))}/*.mp4"
        )
    if not source.is_file():
        raise VideoDecodeError(f"{source} is no file. Save the video as a file, and name that.")
    kind = _kind_of_picture(source)
    try:
        return av.open(
            str(source.absolute()),
            # FFmpeg takes one whose colour profile comes before its animation for a still picture.
            format="apng" if kind is Kind.PNG else None,
            options=_OPTIONS,
            metadata_errors="replace",
        )
    except av.error.FFmpegError:
        if kind is Kind.WEBP:
            raise VideoDecodeError(
                f"{source} is a WebP file, of whose animations no frames are read. Save it as MP4 "
                "or GIF."
            ) from None
        raise VideoDecodeError(
            f"{source} cannot be read as a video. Either it is not a video (for pictures: `mien "
            "predict`), or its recording was cut off before its index was written. Give an MP4, "
            "WebM, MOV, MKV, AVI or GIF file."
        ) from None


def _kind_of_picture(path: Path) -> Kind | None:
    """Say what kind of picture a file is, perhaps an animated one; None where it is no picture.

    Raises:
        VideoDecodeError: It may not be read.
    """
    try:
        with path.open("rb") as file:
            return kind_of(file.read(HEAD_BYTES))
    except OSError as error:
        raise VideoDecodeError(f"{path} cannot be opened: {error.strerror}.") from None


def _open_camera(index: int) -> InputContainer:
    if sys.platform != "linux":
        raise VideoDecodeError(
            f"Camera {index} cannot be opened: cameras are read on Linux only. "
            "Record a file first, or use the camera on the page."
        )
    device = f"/dev/video{index}"
    try:
        return av.open(device, format="v4l2", metadata_errors="replace")
    except (av.error.FFmpegError, OSError) as error:
        raise VideoDecodeError(
            f"Camera {index} ({device}) cannot be opened: {error}. "
            "Is it connected, and free of other programs?"
        ) from None


def find_stream(container: InputContainer, name: str) -> VideoStream:
    """Return the moving pictures of a video, not the cover of a song.

    Raises:
        VideoDecodeError: There are none, or there is no decoder for them.
    """
    for stream in container.streams.video:
        is_cover = stream.disposition & Disposition.attached_pic
        if not is_cover and stream.codec_context is not None:
            return stream
    raise VideoDecodeError(
        f"{name} holds no frames that can be decoded, perhaps sound alone. "
        "Save the video again, for example as MP4."
    )


def duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    """Return how long a video says it is; None where it does not."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None
