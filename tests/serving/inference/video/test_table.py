import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from preprocessing.faces.types import BoundingBox
from serving.inference.video.table import VideoRows, write_video_csv, write_video_parquet
from serving.inference.video.types import TrackedFace, TrackedSample

LABELS = ("seconds", "=cmd()", "happy")
FACE = TrackedFace(
    number=7,
    box=BoundingBox(-3, 2, 50, 60),
    label="=cmd()",
    confidence=0.5,
    is_sure=False,
    second_label="happy",
    probabilities={"seconds": 0.2, "=cmd()": 0.5, "happy": 0.3},
    hints=("small", "blurred"),
    found_by="detector@90",
)
VIDEOS = [
    VideoRows("+1.mp4", [TrackedSample(1.25, (FACE,)), TrackedSample(1.5, ())], "it ends early"),
    VideoRows("empty.mp4", [TrackedSample(0, ())], None),
]


def test_text_from_elsewhere_is_never_a_formula_and_no_column_hides_another(
    tmp_path: Path,
) -> None:
    path = tmp_path / "out.csv"
    write_video_csv(path, VIDEOS, labels=LABELS)
    with path.open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    assert len(set(header)) == len(header)
    assert {"seconds", "p_seconds", "'=cmd()"} <= set(header)
    face, early, faceless = (dict(zip(header, line, strict=True)) for line in lines)
    assert (face["file"], face["label"], face["left"]) == ("'+1.mp4", "'=cmd()", "-3")
    assert (face["seconds"], face["p_seconds"], face["hints"]) == (
        "1.2500",
        "0.2000",
        "small blurred",
    )
    assert (early["problem"], early["face"]) == ("it ends early", "")
    assert (faceless["file"], faceless["problem"]) == ("empty.mp4", "no face found")


def test_parquet_holds_numbers_as_numbers_and_text_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    write_video_parquet(path, VIDEOS, labels=LABELS)
    face, early, faceless = pq.read_table(path).to_pylist()
    assert (face["file"], face["label"], face["second_label"]) == ("+1.mp4", "=cmd()", "happy")
    assert (face["seconds"], face["face"], face["is_sure"]) == (1.25, 7, False)
    assert (face["left"], face["confidence"]) == (-3, 0.5)
    assert face["p_seconds"] == pytest.approx(0.2)
    assert (early["face"], early["seconds"], early["problem"]) == (None, None, "it ends early")
    assert faceless["problem"] == "no face found"
