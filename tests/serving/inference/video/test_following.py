"""Words and probabilities over time: calm, but not deaf."""

import math
from collections.abc import Iterable

import pytest

from preprocessing.faces.types import BoundingBox
from serving.inference.video.following import FollowingOptions, follow
from serving.inference.video.smoothing import Smoother, SmoothingOptions
from serving.inference.video.summary import clock, curves, summarise
from serving.inference.video.types import Observation, Sample, TrackedSample

LABELS = ("happy", "sad")
BOX = BoundingBox(10, 10, 60, 60)


def logs(happy: float) -> tuple[float, ...]:
    return (math.log(happy), math.log(1 - happy))


def samples(happy: Iterable[float | None], step_s: float = 0.2) -> list[Sample]:
    """One face at one place; None where it is away."""
    return [
        Sample(index * step_s, () if share is None else (seen(share),))
        for index, share in enumerate(happy)
    ]


def seen(happy: float, box: BoundingBox = BOX) -> Observation:
    return Observation(box, logs(happy), ("small",), "detector")


def followed(happy: Iterable[float | None], **options: float) -> list[TrackedSample]:
    following = FollowingOptions(LABELS, sure_from=0.8, smoothing=SmoothingOptions(**options))
    return list(follow(samples(happy), following))


def words(happy: Iterable[float | None], **options: float) -> list[str]:
    return [sample.faces[0].label for sample in followed(happy, **options)]


def test_what_does_not_change_is_not_changed() -> None:
    for sample in followed([0.7] * 20):
        (face,) = sample.faces
        assert face.probabilities == pytest.approx({"happy": 0.7, "sad": 0.3})
        assert (face.label, face.second_label, face.is_sure) == ("happy", "sad", False)
        assert (face.hints, face.found_by, face.box) == (("small",), "detector", BOX)


def test_one_odd_frame_does_not_change_the_word_but_a_lasting_change_does() -> None:
    assert set(words([0.9] * 5 + [0.2] + [0.9] * 5)) == {"happy"}
    assert words([0.9] * 5 + [0.1] * 10)[-1] == "sad"


def test_without_smoothing_each_frame_speaks_for_itself() -> None:
    shares = [0.9, 0.2, 0.6, 0.4]
    frames = followed(shares, smoothing_s=0, change_margin=0)
    assert [frame.faces[0].probabilities["happy"] for frame in frames] == pytest.approx(shares)
    assert [frame.faces[0].label for frame in frames] == ["happy", "sad", "happy", "sad"]


def test_the_word_changes_only_when_another_is_clearly_likelier() -> None:
    close = [0.52, 0.48] * 10
    assert set(words(close, smoothing_s=0, change_margin=0.1)) == {"happy"}
    assert len(set(words(close, smoothing_s=0, change_margin=0))) == 2
    assert words([0.9, 0.44], smoothing_s=0, change_margin=0.1) == ["happy", "sad"]


def test_after_the_time_constant_a_change_is_through_by_63_percent() -> None:
    for steps in (1, 10, 100):
        smoother = Smoother(SmoothingOptions(smoothing_s=0.5))
        smoother.update(0, (0.0, 0.0))
        for step in range(1, steps + 1):
            last = smoother.update(0.5 * step / steps, (1.0, -1.0))
        ratio = math.log(last.probabilities[0] / last.probabilities[1])
        assert ratio == pytest.approx(2 * (1 - math.exp(-1)))


def test_a_face_that_comes_back_after_long_begins_anew() -> None:
    frames = followed([0.9] * 5 + [None] * 30 + [0.1])
    (face,) = frames[-1].faces
    assert (face.number, face.probabilities["happy"]) == (2, pytest.approx(0.1))


def test_a_summary_tells_when_a_face_was_seen_and_what_it_showed_most() -> None:
    shares = [0.9, 0.95, 0.9, None, 0.1, 0.05]
    (face,) = summarise(followed(shares, smoothing_s=0, change_margin=0))
    assert (face.first_s, face.last_s) == (0, 1)
    assert face.shown == {"happy": 3, "sad": 2}
    assert {label: peak.seconds for label, peak in face.peaks.items()} == {"happy": 0.2, "sad": 1}
    assert face.in_words() == "face 1  0:00.0 to 0:01.0  happy 60%, sad 40%"


def test_a_curve_is_broken_where_the_face_was_away() -> None:
    shares = [0.9] * 5 + [None] * 5 + [0.3] * 5
    found = followed(shares, smoothing_s=0)
    (curve,) = curves(found, [1], labels=LABELS, until_s=2.8, bin_s=0.2).values()
    happy = curve.probabilities[:, 0]
    assert happy[:5] == pytest.approx([0.9] * 5)
    assert happy[-5:] == pytest.approx([0.3] * 5)
    assert all(math.isnan(share) for share in happy[5:-5])
    (coarse,) = curves(found, [1], labels=LABELS, until_s=2.8, bin_s=1.5).values()
    assert coarse.probabilities[0] == pytest.approx([0.9, 0.1])


def test_a_curve_is_not_broken_by_frames_at_uneven_times() -> None:
    times = [0, 0.21, 0.39, 0.41, 0.79, 1.01, 1.19]
    found = [Sample(seconds, (seen(0.9),)) for seconds in times]
    tracked = follow(found, FollowingOptions(LABELS, sure_from=0.8))
    (curve,) = curves(tracked, [1], labels=LABELS, until_s=1.19, bin_s=0.2).values()
    assert not any(math.isnan(share) for share in curve.probabilities[:, 0])


def test_times_are_written_as_clocks_do() -> None:
    shown = [clock(seconds) for seconds in (0, 9.96, 59.99, 61.5, 3725.04)]
    assert shown == ["0:00.0", "0:10.0", "1:00.0", "1:01.5", "1:02:05.0"]
