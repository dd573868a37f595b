from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from preprocessing.errors import MienError
from preprocessing.faces.types import BoundingBox
from serving.inference.video.sample_log import Progress, SampleLog
from serving.inference.video.types import Observation, Sample

IDENTITY: dict[str, Any] = {"video": {"bytes": 3}, "observing": {"per_second": 5.0}}
SAMPLES = [
    Sample(
        index / 7,
        (Observation(BoundingBox(1, 2, 30 + index, 40), (-0.1, -2.3), ("small",), "detector"),)
        * (index % 3),
        is_after_damage=index > 2,
    )
    for index in range(4)
]


def fill(path: Path) -> None:
    with closing(SampleLog(path, IDENTITY)) as log:
        for sample in SAMPLES:
            log.append(sample)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "log"
    fill(path)
    with closing(SampleLog(path, IDENTITY)) as log:
        log.finish("it ends early")
    with closing(SampleLog(path, IDENTITY)) as again:
        assert list(again.samples()) == SAMPLES
        assert again.progress == Progress(SAMPLES[-1], is_finished=True, problem="it ends early")
        again.delete()
    assert not path.exists()


def test_wherever_a_kill_cuts_it_a_log_can_be_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "log"
    fill(path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with closing(SampleLog(path, IDENTITY)) as log:
            kept = list(log.samples())
            assert kept == SAMPLES[: len(kept)]
            assert log.progress.last == (kept[-1] if kept else None)
            for sample in SAMPLES[len(kept) :]:
                log.append(sample)
        assert path.read_bytes() == whole


def test_a_log_of_something_else_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "log"
    fill(path)
    with closing(SampleLog(path, {**IDENTITY, "observing": {"per_second": 2.0}})) as other:
        assert other.progress.last is None
        assert list(other.samples()) == []


def test_only_one_can_write_a_log(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with closing(SampleLog(path, IDENTITY)) as log:
        log.append(SAMPLES[0])
        with pytest.raises(MienError, match="Another run is writing"):
            SampleLog(path, IDENTITY)
        log.append(SAMPLES[1])
    with closing(SampleLog(path, IDENTITY)) as log:
        assert list(log.samples()) == SAMPLES[:2]


def test_lines_that_do_not_go_on_in_time_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "log"
    fill(path)
    first, *frames = path.read_bytes().splitlines(keepends=True)
    end = b'{"end": null}\n'
    for tail in ([frames[1]], [frames[2]], [end, frames[3]]):
        path.write_bytes(b"".join([first, *frames[:3], *tail]))
        with closing(SampleLog(path, IDENTITY)) as log:
            assert list(log.samples()) == SAMPLES[:3]


@pytest.mark.parametrize("text", ["my notes\n", "my notes", '{"version": 1}\n', "\n", "[1]\n"])
def test_a_file_that_is_no_log_is_left_alone(text: str, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MienError, match="Move it away"):
        SampleLog(path, IDENTITY)
    assert path.read_text(encoding="utf-8") == text
