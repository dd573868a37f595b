"""Read the frames of a video or camera: upright, at their own times, in constant memory.

PyAV is FFmpeg as a library. It reads what phones record: HEVC, rotation flags, and frames at
uneven times. Frames are decoded in this process, so only files that the user names are read.
"""

from collections.abc import Iterable, Iterator
from typing import Self

import av
from av.video.stream import VideoStream

from preprocessing.errors import ImageTooLargeError, VideoDecodeError
from preprocessing.images.types import MAX_PIXELS
from serving.inference.video.opening import (
    VideoSource,
    duration_s,
    find_stream,
    name_of,
    open_video,
)
from serving.inference.video.sampling import RisingClock, is_due
from serving.inference.video.types import Frame, Sample, VideoInfo
from serving.inference.video.upright import to_rgb

# Files of these kinds have an index, so that any frame can be reached at once.
_INDEXED = ("mov", "matroska")
# Where this many times more frames are recorded than sampled, those that no other frame is
# predicted from need not be decoded.
_FRAMES_A_SAMPLE = 4
_FALLBACK_FRAMES_PER_S = 25.0
# A frame of more than this many times the pixels that are read is not even decoded.
_DECODED_PIXELS = 2
# Sound may go on for a moment after the last frame.
_MISSING_END_S = 1.0


class VideoReader:
    """An open video.

    Attributes:
        info: What the video says of itself.
    """

    def __init__(self, source: VideoSource, *, max_pixels: int = MAX_PIXELS) -> None:
        """Open a video; no frame is decoded yet.

        Args:
            source: A file, or the index of a camera.
            max_pixels: Of the largest frame that is read.

        Raises:
            VideoDecodeError: It is no video, or holds no frames.
            ImageTooLargeError: Its frames have too many pixels.
        """
        self._name = name_of(source)
        self._is_camera = isinstance(source, int)
        self._max_pixels = max_pixels
        self._container = open_video(source)
        try:
            self._stream = find_stream(self._container, self._name)
            context = self._stream.codec_context
            self._check_size(context.width, context.height)
            # Decoders round sides up, and later frames may be larger than the first.
            context.options = {"max_pixels": str(_DECODED_PIXELS * max_pixels)}
        except Exception:
            self.close()
            raise
        rate = self._stream.average_rate
        self.info = VideoInfo(duration_s(self._container, self._stream), float(rate or 0) or None)
        self._is_damaged = self._is_stopped = False
        self._first_pts = 0
        self._last_s: float | None = None
        self._end_s = 0.0

    def __enter__(self) -> Self:
        """Return the reader itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the video."""
        self.close()

    def close(self) -> None:
        """Close the video."""
        self._container.close()

    def frames(
        self,
        *,
        per_second: float | None = None,
        after: Sample | None = None,
        until_s: float | None = None,
    ) -> Iterator[Frame]:
        """Read frames in the order in which they are shown. What is damaged is left out.

        Args:
            per_second: At most this many frames are returned for each second of the video, at
                their own times. None returns all.
            after: Go on after this frame, which an earlier call with the same `per_second`
                returned. None begins at the start.
            until_s: Stop after this time. None reads to the end.

        Raises:
            VideoDecodeError: No frame at all could be read.
            ImageTooLargeError: A frame has too many pixels.
        """
        last_s = self._last_s = None if after is None else after.seconds
        self._is_damaged = after is not None and after.is_after_damage
        self._prepare(per_second)
        for seconds, decoded in self._decoded(last_s):
            self._last_s = seconds
            if until_s is not None and seconds > until_s:
                self._is_stopped = True
                return
            if last_s is None or is_due(seconds, last_s=last_s, per_second=per_second):
                self._check_size(decoded.width, decoded.height)
                last_s = seconds
                yield self._frame(seconds, decoded)
        if self._last_s is None:
            raise VideoDecodeError(
                f"No frame of {self._name} could be decoded. The file is damaged; save it again, "
                "for example as MP4."
            )

    def frames_at(self, times_s: Iterable[float]) -> Iterator[Frame]:
        """Read, in rising order, the frames that are shown at some times, or else the next ones."""
        self._last_s = None
        self._stream.codec_context.skip_frame = "DEFAULT"
        decoded = self._decoded(None)
        for wanted_s in sorted(set(times_s)):
            if self._is_indexed():
                self._seek(wanted_s)
                decoded = self._decoded(None)
            found = next((frame for seconds, frame in decoded if seconds >= wanted_s), None)
            if found is None:
                return
            self._check_size(found.width, found.height)
            yield self._frame(wanted_s, found)

    def problem(self) -> str | None:
        """Say, after `frames`, what could not be read; None where all could."""
        said = []
        if self._is_damaged:
            said.append("damaged parts of the video were left out")
        whole_s, read_s = self.info.duration_s, self._end_s
        if not self._is_stopped and whole_s is not None and whole_s - read_s > _MISSING_END_S:
            said.append(f"the video ends early: {read_s:.1f} s of {whole_s:.1f} s could be read")
        return "; ".join(said) or None

    def _frame(self, seconds: float, decoded: av.VideoFrame) -> Frame:
        rgb = to_rgb(decoded, codec=self._stream.codec_context.name)
        return Frame(seconds, rgb, self._is_damaged)

    def _check_size(self, width: int, height: int) -> None:
        if width * height > self._max_pixels:
            raise ImageTooLargeError(
                f"The frames of {self._name} have {width} x {height} pixels. At most "
                f"{self._max_pixels:,} pixels are read; make the video smaller."
            )

    def _prepare(self, per_second: float | None) -> None:
        """Choose which frames need no decoding, and go to where reading begins."""
        context = self._stream.codec_context
        rate = self.info.frames_per_s
        skips = bool(per_second and rate and rate >= _FRAMES_A_SAMPLE * per_second)
        context.skip_frame = "NONREF" if skips else "DEFAULT"
        if self._last_s is not None and self._is_indexed():
            self._seek(self._last_s)

    def _is_indexed(self) -> bool:
        return self._container.format.name.split(",")[0] in _INDEXED

    def _seek(self, seconds: float) -> None:
        """Go to the last frame before a time from which decoding can begin."""
        start, tick_s = self._stream.start_time or 0, self._stream.time_base
        if tick_s:
            self._container.seek(start + int(seconds / tick_s), stream=self._stream)

    def _decoded(self, after_s: float | None) -> Iterator[tuple[float, av.VideoFrame]]:
        """Decode the frames after a time, without those that are damaged; yield their times too."""
        clock = RisingClock()
        for packet in self._packets():
            try:
                frames = packet.decode()
            except EOFError:
                return
            except av.error.FFmpegError:
                # Before that time it is known already; a decoder that begins in the middle of a
                # video may also miss what its first frames refer to.
                begins_s = None if packet.pts is None else clock.at(self._at(packet.pts))
                self._is_damaged |= after_s is None or begins_s is None or begins_s > after_s
                continue
            for frame in frames:
                said_s, shown_s = self._seconds(frame), self._shown_s(frame)
                if said_s is None:
                    self._is_damaged = True
                    continue
                seconds = clock.tick(said_s, shown_s)
                self._end_s = seconds + shown_s
                if after_s is not None and seconds <= after_s:
                    continue
                if frame.is_corrupt:
                    self._is_damaged = True
                else:
                    yield seconds, frame

    def _packets(self) -> "Iterator[av.Packet[VideoStream]]":
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, EOFError):
                return
            except (av.error.FFmpegError, IndexError):
                # PyAV raises an IndexError for a stream that begins in the middle of the file.
                self._is_damaged = True
                return
            yield packet

    def _seconds(self, frame: av.VideoFrame) -> float | None:
        if frame.pts is None:
            return None
        if self._is_camera and self._last_s is None:
            self._first_pts = frame.pts
        return self._at(frame.pts)

    def _shown_s(self, frame: av.VideoFrame) -> float:
        if frame.duration:
            return float(frame.duration * (self._stream.time_base or 0))
        return 1 / (self.info.frames_per_s or _FALLBACK_FRAMES_PER_S)

    def _at(self, pts: int) -> float:
        """Return a time of the stream in seconds from the start of the video."""
        start = self._first_pts if self._is_camera else self._stream.start_time or 0
        return max(0.0, round(float((pts - start) * (self._stream.time_base or 0)), 6))
