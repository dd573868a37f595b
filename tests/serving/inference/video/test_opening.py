"""Files that are no video, or hold too large ones, are refused in words."""

import os
from pathlib import Path

import av
import numpy as np
import pytest

from preprocessing.errors import ImageTooLargeError, VideoDecodeError
from preprocessing.images.sample import sample_photo_path
from serving.inference.video.reader import VideoReader
from tests.tools.clips import EVEN, clip, coloured, write_animation, write_jpegs


def test_what_is_no_video_is_an_error_in_words(tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("no video " * 1000, encoding="utf-8")
    playlist = tmp_path / "list.mp4"
    playlist.write_text(f"ffconcat version 1.0\nfile {sample_photo_path()}\n", encoding="utf-8")
    empty = tmp_path / "empty.mp4"
    empty.touch()
    cut = clip(tmp_path / "cut.mp4")  # its index is at its end
    cut.write_bytes(cut.read_bytes()[:-1000])
    for path in (text, playlist, empty, cut, sample_photo_path(), tmp_path, tmp_path / "none"):
        with pytest.raises(VideoDecodeError, match=str(path.name)):
            VideoReader(path)
    with pytest.raises(VideoDecodeError, match=r"is a folder.*\*\.mp4"):
        VideoReader(tmp_path)
    with pytest.raises(VideoDecodeError, match="Download it"):
        VideoReader(Path("https://example.org/clip.mp4"))
    with pytest.raises(VideoDecodeError, match="null is no file"):
        VideoReader(Path(os.devnull))


def test_an_animation_that_is_not_read_is_an_error_with_the_remedy(tmp_path: Path) -> None:
    path = write_animation(tmp_path / "clip.webp", enumerate(coloured(2)), last_s=0.1)
    with pytest.raises(VideoDecodeError, match="Save it as MP4 or GIF"):
        VideoReader(path)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44_100, layout="mono")
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), "fltp", "mono")
        silence.rate = 44_100
        container.mux(stream.encode(silence))
        container.mux(stream.encode(None))
    with pytest.raises(VideoDecodeError, match="sound"):
        VideoReader(path)


def test_frames_with_too_many_pixels_are_refused(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mp4")
    with pytest.raises(ImageTooLargeError, match="64 x 48"):
        VideoReader(path, max_pixels=64 * 48 - 1)
    with VideoReader(path, max_pixels=64 * 48) as reader:
        assert len(list(reader.frames())) == len(EVEN)


def test_a_frame_that_is_far_too_large_is_left_out_before_it_takes_memory(tmp_path: Path) -> None:
    large = [np.zeros((4 * 48, 4 * 64, 3), np.uint8)]
    path = write_jpegs(tmp_path / "clip.mkv", [*coloured(3), *large, *coloured(3)])
    with VideoReader(path, max_pixels=64 * 48) as reader:
        assert [frame.rgb.shape for frame in reader.frames()] == [(48, 64, 3)] * 6
        assert "damaged" in str(reader.problem())


def test_a_camera_that_is_not_there_is_an_error_in_words() -> None:
    with pytest.raises(VideoDecodeError, match="Camera 99"):
        VideoReader(99)
