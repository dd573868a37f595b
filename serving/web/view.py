"""What the page shows of an answer: a row for each face, a summary, downloads."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from preprocessing.faces.types import FULL_FRAME, SMALLEST_PX, UNALIGNED
from serving.inference import certainty
from serving.inference.certainty import Level, Record
from serving.inference.charts import comparison_figure, probability_figure
from serving.inference.csv_table import csv_text
from serving.inference.schema import Answer, Box, FaceAnswer, Size
from serving.web.hints import hints_of, hints_of_file, hints_of_picture
from serving.web.pictures import data_url

# A crop shows this much more than the box, so that hair and chin are in it.
CROP_ROOM = 1.3
UNNAMED = "picture"


@dataclass(frozen=True)
class Group:
    """Faces that a summary counts together, such as all that are probably neutral."""

    name: str
    count: int


@dataclass(frozen=True)
class FaceRow:
    """One face as the page shows it.

    Attributes:
        number: On the picture and in the list, from 1.
        label: The likeliest expression.
        index: Of the label among the labels, from 0; it decides the colour on the page.
        level: How sure the answer is.
        headline: The answer in a few words.
        confidence: Probability of the label, 0 to 1.
        odds: The likeliest labels with their probabilities, as a sentence.
        evidence: How often answers of this confidence were right in testing, as a sentence; may be
            empty.
        group: Name of the group that the summary counts it in.
        hints: Sentences about what makes the answer worse than usual.
        probabilities: By label, in the order of the labels.
        chip_url: The chip that the network saw, a PNG.
        matrix: From the upright picture to the chip, as an SVG transform.
        tilt_deg: By how much the face was turned to be upright, clockwise.
        crop: left, top and side of a square around what was read, in pixels of the upright picture.
        box: Where the face is, in the same pixels; None where the whole picture was read as one.
        points: The landmarks, as the path of an SVG.
    """

    number: int
    label: str
    index: int
    level: Level
    headline: str
    confidence: float
    odds: str
    evidence: str
    group: str
    hints: list[str]
    probabilities: dict[str, float]
    chip_url: str
    matrix: str
    tilt_deg: float
    crop: tuple[int, int, int]
    box: Box | None
    points: str


@dataclass(frozen=True)
class ResultView:
    """An answer as the page shows it; sizes are of the upright picture, in pixels.

    Attributes:
        name: The file's name; may be empty.
        labels: In the order of the bundle.
        stem: With it the names of files to download begin.
        size: Of the upright picture.
        faces_found: How many faces were found, also where fewer are shown.
        searched_down_to_px: Width of the smallest faces that are found in a picture of this size.
        rows: One for each face that is shown.
        hints: Sentences about the file, and where no face was found, about what may have hidden
            some.
        groups: The summary, the surest first.
        commitment: From which confidence on an answer is sure, as a sentence; empty where all are.
        read_whole: The whole picture was read as one face.
        total_ms: Time that the answer took, in milliseconds.
        model: Name of the bundle.
        day: When it was answered.
        figure: Chart of one face without its values, Plotly's JSON.
        comparison: Chart of all faces likewise; None where there is one, or none.
        json_url: The answer as a file.
        csv_url: Likewise.
        photo_url: The picture; empty where the browser holds it.
        annotated_url: Likewise with the faces marked.
        balance: The class balance of the answer; None for the bundle's own.
    """

    name: str
    labels: tuple[str, ...]
    stem: str
    size: Size
    faces_found: int
    searched_down_to_px: int
    rows: list[FaceRow]
    hints: list[str]
    groups: list[Group]
    commitment: str
    read_whole: bool
    total_ms: float
    model: str
    day: datetime
    figure: dict[str, Any]
    comparison: dict[str, Any] | None
    json_url: str
    csv_url: str
    photo_url: str = ""
    annotated_url: str = ""
    balance: float | None = None

    @property
    def heading(self) -> str:
        """What was found, and in which file."""
        found = self.title_of_count if not self.read_whole else "Read as one face"
        return f"{found} in {self.name}" if self.name and not self.read_whole else found

    @property
    def title_of_count(self) -> str:
        """How many faces were found."""
        if self.faces_found < 2:
            return "One face" if self.faces_found else "No face found"
        return f"{self.faces_found} faces"

    @property
    def title(self) -> str:
        """What was found, in one line: for the window's title and for screen readers."""
        if not self.groups:
            return self.title_of_count
        groups = ", ".join(f"{group.count} {group.name}" for group in self.groups)
        return f"{self.title_of_count}: {groups}"


def to_view(
    answer: Answer,
    *,
    labels: tuple[str, ...],
    record: Record,
    name: str = "",
    photo_url: str = "",
    annotated_url: str = "",
    balance: float | None = None,
) -> ResultView:
    """Prepare an answer for the template.

    Args:
        answer: With the landmarks and chips of its faces.
        labels: In the order of the bundle.
        record: How often the bundle's answers were right in testing.
        name: Of the picture's file.
        photo_url: The picture, where the browser does not hold it.
        annotated_url: Likewise with the faces marked.
        balance: The class balance of the answer; None for the bundle's own.
    """
    rows = [_row(face, labels=labels, record=record, size=answer.image) for face in answer.faces]
    return ResultView(
        name=name,
        labels=labels,
        stem=f"{Path(name).stem or UNNAMED}-mien",
        size=answer.image,
        faces_found=answer.faces_found,
        searched_down_to_px=answer.searched_down_to_px or SMALLEST_PX,
        rows=rows,
        hints=hints_of_file(answer) + ([] if rows else hints_of_picture(answer)),
        groups=_groups(rows),
        commitment=""
        if all(row.level is Level.SURE for row in rows)
        else certainty.commitment(record),
        read_whole=any(row.box is None for row in rows),
        total_ms=answer.timing_ms["total"],
        model=answer.model,
        day=datetime.now(UTC),
        figure=probability_figure([0.0] * len(labels), labels),
        comparison=comparison_figure([[0.0] * len(labels)] * len(rows), labels)
        if len(rows) > 1
        else None,
        json_url=_json_url(answer),
        csv_url=data_url(csv_text([(name or UNNAMED, answer)], labels=labels).encode(), "text/csv"),
        photo_url=photo_url,
        annotated_url=annotated_url,
        balance=balance,
    )


def _json_url(answer: Answer) -> str:
    bare = {"chip": None, "transform": None}
    faces = [face.model_copy(update=bare) for face in answer.faces]
    without = answer.model_copy(update={"faces": faces})
    return data_url(without.model_dump_json(exclude_none=True).encode(), "application/json")


def _row(face: FaceAnswer, *, labels: tuple[str, ...], record: Record, size: Size) -> FaceRow:
    level = record.level(face.confidence, is_sure=face.is_sure)
    ranked = [(name, face.probabilities[name]) for name in (face.label, face.second_label)]
    is_whole = face.found_by in (FULL_FRAME, UNALIGNED)
    whole = Box(left=0, top=0, right=size.width, bottom=size.height)
    (a, b, c), (d, e, f) = face.transform or ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    return FaceRow(
        number=face.index,
        label=face.label,
        index=labels.index(face.label),
        level=level,
        headline=certainty.headline(face.label, face.second_label, level=level),
        confidence=face.confidence,
        odds=certainty.odds(ranked, level=level),
        evidence=certainty.evidence(record, face.confidence),
        group=certainty.group_of(face.label, level=level),
        hints=hints_of(face),
        probabilities=face.probabilities,
        chip_url=f"data:image/png;base64,{face.chip}",
        matrix=f"matrix({a:g} {d:g} {b:g} {e:g} {c:g} {f:g})",
        tilt_deg=round(math.degrees(math.atan2(b, a)), 1),
        crop=_crop(whole, 1) if is_whole else _crop(face.box, CROP_ROOM),
        box=None if is_whole else face.box,
        points=_points(face),
    )


def _crop(box: Box, room: float) -> tuple[int, int, int]:
    side = round(room * max(box.right - box.left, box.bottom - box.top))
    return (box.left + box.right - side) // 2, (box.top + box.bottom - side) // 2, side


def _points(face: FaceAnswer) -> str:
    """Write landmarks as strokes of no length, which round ends make dots of."""
    return "".join(f"M{x:.1f} {y:.1f}h0" for x, y in face.landmarks or ())


def _groups(rows: Sequence[FaceRow]) -> list[Group]:
    counts = Counter((list(Level).index(row.level), row.group) for row in rows)
    ordered = sorted(counts.items(), key=lambda each: (each[0][0], -each[1], each[0][1]))
    return [Group(name, count) for (_, name), count in ordered]
