"""`mien.video`: frames with faces, in constant memory."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from preprocessing.errors import VideoDecodeError
from preprocessing.images.types import RgbImage
from serving.inference.library import predict
from serving.inference.video.stream import video
from tests.tools.clips import head, with_heads, write_clip

PER_SECOND = 5
# The allocator keeps some pages of frames that are gone.
MOST_GROWTH_MB = 8.0


def two_heads(count: int) -> Iterator[tuple[float, RgbImage]]:
    """Two heads that pass each other, the one in the upper half and the other below."""
    picture = head(110)
    for index in range(count):
        x = round(200 * index / max(1, count - 1))
        yield index / PER_SECOND, with_heads([(x, 5), (200 - x, 120)], picture)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", two_heads(8))


def test_faces_are_followed_and_read_as_in_a_picture(clip: Path) -> None:
    frames = list(video(clip, smoothing_s=0))
    assert [frame.seconds for frame in frames] == pytest.approx(np.arange(8) / PER_SECOND)
    lefts: dict[int, list[int]] = {1: [], 2: []}
    for frame in frames:
        assert frame.rgb.shape == (240, 320, 3)
        assert len(frame.faces) == 2
        for face in frame.faces:
            lefts[face.number].append(face.box.left)
            assert sum(face.probabilities.values()) == pytest.approx(1)
            assert face.confidence == face.probabilities[face.label]
    assert lefts[1] == sorted(lefts[1])
    assert lefts[2] == sorted(lefts[2], reverse=True)
    still = predict(frames[0].rgb)
    for face, same in zip(frames[0].faces, still, strict=True):
        assert (face.label, face.box) == (same.label, same.box)
        assert face.confidence == pytest.approx(same.confidence, abs=0.01)


def test_boxes_are_in_pixels_of_the_video_however_small_faces_are_searched(clip: Path) -> None:
    (whole, *_), (small, *_) = video(clip), video(clip, search_px=240)
    for face, same in zip(whole.faces, small.faces, strict=True):
        edges, others = (
            np.array([box.left, box.top, box.right, box.bottom]) for box in (face.box, same.box)
        )
        assert np.abs(edges - others).max() < 0.1 * face.box.width


def test_the_largest_faces_are_chosen_and_sureness_is_settable(clip: Path) -> None:
    first = next(iter(video(clip, max_faces=1, min_confidence=1)))
    (face,) = first.faces
    assert not face.is_sure


def test_what_cannot_be_read_is_told_at_once(tmp_path: Path, clip: Path) -> None:
    with pytest.raises(VideoDecodeError):
        video(tmp_path / "none.mp4")
    with pytest.raises(ValueError, match="per_second"):
        video(clip, per_second=0)
    with pytest.raises(ValueError, match="max_faces"):
        video(clip, max_faces=0)
    with pytest.raises(ValueError, match="min_confidence"):
        video(clip, min_confidence=80)


@pytest.mark.slow
def test_a_long_video_takes_no_more_memory_at_its_end_than_early(tmp_path: Path) -> None:
    picture, seconds = head(90), np.arange(0, 16, 1 / 25)
    shown = ((float(at), with_heads([(int(10 * at), 20)], picture)) for at in seconds)
    path = write_clip(tmp_path / "long.mp4", shown)
    early_mb = most_mb = 0.0
    for frame in video(path, per_second=4):
        most_mb = max(most_mb, resident_mb())
        if frame.seconds < 4:
            early_mb = most_mb
    assert early_mb
    assert most_mb - early_mb < MOST_GROWTH_MB


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096 / 1e6
