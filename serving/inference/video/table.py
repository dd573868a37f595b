"""The table of a video: one row for each face in each frame that was looked at.

The columns are those of `serving.inference.csv_table`, and the time of the frame:

- `file`: the video.
- `seconds`: when the frame is shown, from the start of the video.
- `face`: the face's number, from 1; it keeps it while it is followed.
- `left`, `top`, `right`, `bottom`: its box in pixels of the upright video; right and bottom are
  exclusive.
- `label`, `confidence`, `is_sure`, `second_label`, and a column a label with its probability: all
  smoothed over time.
- `hints`, `found_by`: as for a picture.
- `problem`: what could not be read of a video, or that no face was found; such a row has neither
  time nor face.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from preprocessing.runtime.terminal import readable
from serving.inference.csv_table import AFTER, ANSWER, BOX, NO_FACE, in_csv, label_column
from serving.inference.spreadsheets import as_text
from serving.inference.video.types import TrackedFace, TrackedSample

_BEFORE = ("file", "seconds", "face", *BOX, *ANSWER)
# A group is held in memory while it is written: a few megabytes.
_ROWS_A_GROUP = 1000


@dataclass(frozen=True)
class VideoRows:
    """What is written of one video.

    Attributes:
        name: Of the video.
        samples: The frames that were looked at; can be read several times.
        problem: What could not be read; None where all could.
    """

    name: str
    samples: Iterable[TrackedSample]
    problem: str | None


def write_video_csv(path: Path, videos: Iterable[VideoRows], *, labels: tuple[str, ...]) -> None:
    """Write all videos into one CSV file. Text that a spreadsheet would run has an apostrophe."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, columns(labels))
        rows.writeheader()
        for row in _rows(videos):
            rows.writerow({name: _in_cell(value) for name, value in row.items()})


def write_video_parquet(
    path: Path, videos: Iterable[VideoRows], *, labels: tuple[str, ...]
) -> None:
    """Write all videos into one Parquet file; empty cells are null."""
    texts = dict.fromkeys(("file", "label", "second_label", *AFTER), pa.string())
    types = {**texts, **dict.fromkeys(("face", *BOX), pa.int32()), "is_sure": pa.bool_()}
    schema = pa.schema([(name, types.get(name, pa.float64())) for name in columns(labels)])
    with pq.ParquetWriter(path, schema) as writer:
        rows = _rows(videos)
        while group := list(islice(rows, _ROWS_A_GROUP)):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))


def columns(labels: tuple[str, ...]) -> list[str]:
    """Return the names of all columns."""
    return [*_BEFORE, *(_column(label) for label in labels), *AFTER]


def _column(label: str) -> str:
    return label_column(label, taken=_BEFORE + AFTER)


def _rows(videos: Iterable[VideoRows]) -> Iterator[dict[str, Any]]:
    for video in videos:
        file, has_faces = {"file": readable(video.name)}, False
        for sample in video.samples:
            has_faces |= bool(sample.faces)
            yield from ({**file, **_row(face, sample.seconds)} for face in sample.faces)
        problem = video.problem or (None if has_faces else NO_FACE)
        if problem:
            yield {**file, "problem": problem}


def _row(face: TrackedFace, seconds: float) -> dict[str, Any]:
    box = face.box
    return {
        "seconds": seconds,
        "face": face.number,
        **dict(zip(BOX, (box.left, box.top, box.right, box.bottom), strict=True)),
        "label": face.label,
        "confidence": face.confidence,
        "is_sure": face.is_sure,
        "second_label": face.second_label,
        **{_column(label): probability for label, probability in face.probabilities.items()},
        "hints": " ".join(face.hints),
        "found_by": face.found_by,
    }


def _in_cell(value: Any) -> Any:
    return as_text(value) if isinstance(value, str) else in_csv(value)
