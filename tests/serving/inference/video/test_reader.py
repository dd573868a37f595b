"""Videos as phones and programs write them, and files that are none."""

import gc
import math
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from serving.inference.video.reader import VideoReader
from serving.inference.video.types import Frame, Sample
from tests.tools.clips import (
    DISPLAY_MATRICES,
    EVEN,
    clip,
    coloured,
    set_matrix,
    write_animation,
    write_clip,
    write_jpegs,
)

# A phone that films in the dark, and stops to think.
UNEVEN = [0, 0.05, 0.1, 0.3, 0.31, 0.7, 1.5, 1.55, 1.9, 2.4]
# Containers round times to a millisecond.
ROUNDED_S = 1e-3
CODECS = {
    "mp4": "libx264",
    "mov": "libx265",
    "webm": "libvpx-vp9",
    "mkv": "libx264",
    "ts": "libx264",
}


def read(path: Path, **options: float | None) -> list[Frame]:
    with VideoReader(path) as reader:
        return list(reader.frames(**options))


def times(frames: list[Frame]) -> list[float]:
    return [frame.seconds for frame in frames]


@pytest.mark.parametrize("suffix", CODECS)
def test_every_kind_of_file_gives_its_frames(suffix: str, tmp_path: Path) -> None:
    frames = read(clip(tmp_path / f"clip.{suffix}", codec=CODECS[suffix]))
    assert np.allclose(times(frames), EVEN, atol=ROUNDED_S)
    assert not any(frame.is_after_damage for frame in frames)
    brightness = [frame.rgb[-4:, -4:].mean() for frame in frames]
    assert brightness[-1] - brightness[0] > 100


@pytest.mark.parametrize(("degrees", "is_mirrored"), DISPLAY_MATRICES)
def test_frames_are_turned_and_mirrored_as_the_file_says(
    degrees: int,
    is_mirrored: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    path = tmp_path / "clip.mp4"
    shown = [np.fliplr(rgb) if is_mirrored else rgb for rgb in coloured(3)]
    write_clip(path, zip(EVEN, (np.rot90(rgb, degrees // 90) for rgb in shown), strict=False))
    set_matrix(path, DISPLAY_MATRICES[degrees, is_mirrored])
    for frame in read(path):
        assert frame.rgb.shape == (48, 64, 3)
        assert frame.rgb[2, 60].argmax() == 1, "green at the top"
        assert frame.rgb[40, 2].argmax() == 0, "red at image-left"


def test_frames_at_uneven_times_keep_them(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mp4", UNEVEN)
    assert np.allclose(times(read(path)), UNEVEN, atol=ROUNDED_S)
    # The first frame of each half of a second, and none where there is none.
    assert np.allclose(times(read(path, per_second=2)), [0, 0.7, 1.5, 2.4], atol=ROUNDED_S)


@pytest.mark.parametrize("per_second", [1, 5, 7, 30, 100])
def test_no_more_frames_than_asked_for_are_returned(per_second: int, tmp_path: Path) -> None:
    shown_s = times(read(clip(tmp_path / "clip.mp4"), per_second=per_second))
    assert len(shown_s) == min(len(EVEN), 2 * per_second)
    ticks = [math.floor((seconds + ROUNDED_S) * per_second) for seconds in shown_s]
    assert len(set(ticks)) == len(ticks)


# It comes before what says that a PNG file is animated, and is longer than what FFmpeg looks at to
# tell what a file is.
LONG_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + bytes(
    np.random.default_rng(0).integers(0, 256, 10_000, np.uint8)
)


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        ("gif", {}),
        ("png", {}),
        ("png", {"icc_profile": LONG_PROFILE}),
    ],
)
def test_an_animated_picture_is_a_video(
    suffix: str, options: dict[str, bytes], tmp_path: Path
) -> None:
    shown_s = [0, 0.1, 0.2, 0.6]
    timed = zip(shown_s, coloured(4), strict=True)
    frames = read(write_animation(tmp_path / f"clip.{suffix}", timed, last_s=0.1, **options))
    gc.collect()  # which ends the process where a profile's name is freed twice
    assert times(frames) == shown_s
    assert [frame.rgb.shape for frame in frames] == [(48, 64, 3)] * 4


def test_frames_with_metadata_as_cameras_write_are_read(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Camera"
    frames = read(write_jpegs(tmp_path / "clip.avi", coloured(3), exif=exif))
    assert [frame.rgb.shape for frame in frames] == [(48, 64, 3)] * 3


@pytest.mark.parametrize("suffix", ["mp4", "mov", "webm", "ts"])
@pytest.mark.parametrize("stopped_at", [0, 1, 5, 9])
def test_reading_goes_on_where_it_stopped(stopped_at: int, suffix: str, tmp_path: Path) -> None:
    path = clip(tmp_path / f"clip.{suffix}", codec=CODECS[suffix])
    whole = read(path, per_second=5)
    last = Sample(whole[stopped_at].seconds, ())
    rest = read(path, per_second=5, after=last)
    assert times(rest) == times(whole)[stopped_at + 1 :]
    for frame, same in zip(rest, whole[stopped_at + 1 :], strict=True):
        assert (frame.rgb == same.rgb).all()


def test_frames_are_found_again_by_their_times(tmp_path: Path) -> None:
    for suffix in ("mp4", "ts"):
        path = clip(tmp_path / f"clip.{suffix}", codec=CODECS[suffix])
        whole = read(path)
        wanted = [whole[at] for at in (50, 3, 4, 30, 3)]
        with VideoReader(path) as reader:
            found = list(reader.frames_at(frame.seconds for frame in wanted))
        assert times(found) == sorted({frame.seconds for frame in wanted})
        by_time = {frame.seconds: frame.rgb for frame in wanted}
        assert all((frame.rgb == by_time[frame.seconds]).all() for frame in found)


def test_of_a_video_that_is_cut_short_the_beginning_is_read_and_that_is_said(
    tmp_path: Path,
) -> None:
    path = clip(tmp_path / "clip.mp4", [4 * each for each in EVEN], movflags="+faststart")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 3 // 4])
    with VideoReader(path) as reader:
        frames = list(reader.frames())
        problem = reader.problem()
    assert 10 < len(frames) < len(EVEN)
    assert problem is not None
    assert "ends early" in problem
    assert "of 7.9 s" in problem


def test_a_damaged_middle_is_left_out_and_the_rest_is_read(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.mp4", movflags="+faststart")
    data = bytearray(path.read_bytes())
    middle = (data.index(b"mdat") + len(data)) // 2
    data[middle : middle + 40] = bytes(40)
    path.write_bytes(data)
    with VideoReader(path) as reader:
        frames = list(reader.frames())
        assert "damaged" in str(reader.problem())
    assert len(frames) > len(EVEN) // 2
    assert times(frames)[-1] == pytest.approx(EVEN[-1], abs=ROUNDED_S)


def test_frames_that_were_read_do_not_stay_in_memory(tmp_path: Path) -> None:
    width, count = 64, 30
    pictures = enumerate(coloured(count, width=width))
    path = write_clip(tmp_path / "clip.mp4", ((at / 30, rgb) for at, rgb in pictures))
    gc.collect()
    gc.disable()  # what needs it would wait for hundreds of frames
    try:
        assert len(read(path)) == count
        kept = [each for each in gc.get_objects() if type(each) is av.VideoFrame]
    finally:
        gc.enable()
    assert sum(frame.width == width for frame in kept) <= 1


def test_a_whole_video_has_no_problem(tmp_path: Path) -> None:
    for path in (clip(tmp_path / "even.mp4"), clip(tmp_path / "uneven.mp4", UNEVEN)):
        with VideoReader(path) as reader:
            for _ in reader.frames(per_second=2):
                pass
            assert reader.problem() is None


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_title_that_is_no_utf_8_does_not_matter(suffix: str, tmp_path: Path) -> None:
    path, title = tmp_path / f"clip.{suffix}", b"My holidays"
    write_clip(path, zip(EVEN, coloured(5), strict=False), title=title.decode())
    data = path.read_bytes()
    assert title in data
    path.write_bytes(data.replace(title, title.replace(b"My", b"\xff\xfe")))
    assert len(read(path)) == 5


def test_a_stream_that_begins_in_the_middle_ends_the_reading_and_that_is_said(
    tmp_path: Path,
) -> None:
    one = clip(tmp_path / "one.ts").read_bytes()
    three = clip(tmp_path / "three.ts", streams=3).read_bytes()
    # So that the streams are searched for in the first part alone.
    padding = (b"\x47\x1f\xff\x10" + 184 * b"\xff") * 35_000
    path = tmp_path / "both.ts"
    path.write_bytes(one + padding + three + padding + one)
    with VideoReader(path) as reader:
        assert len(list(reader.frames())) >= len(EVEN)
        assert "damaged" in str(reader.problem())


def test_joined_recordings_are_read_one_after_another(tmp_path: Path) -> None:
    path = clip(tmp_path / "clip.ts")
    path.write_bytes(3 * path.read_bytes())
    wanted_s = np.arange(3 * len(EVEN)) / 30
    with VideoReader(path) as reader:
        assert np.allclose(times(list(reader.frames())), wanted_s, atol=ROUNDED_S)
        assert reader.problem() is None
    whole = read(path, per_second=5)
    assert len(whole) == 5 * 3 * 2
    rest = read(path, per_second=5, after=Sample(whole[14].seconds, ()))
    assert times(rest) == times(whole)[15:]
