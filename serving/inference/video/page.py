"""Show what the faces of videos express in one self-contained HTML page."""

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import cv2
import numpy as np
import plotly.graph_objects as go

from preprocessing.bundle.disclaimers import CAUTION, NOT_MEASURED
from preprocessing.faces.types import BoundingBox
from preprocessing.images.montage import TILE_PX, Tile, draw_sheet
from preprocessing.images.types import RgbImage
from preprocessing.report.html import render
from preprocessing.report.label_colours import colours_of
from preprocessing.runtime.terminal import readable
from serving.inference.video.summary import Curve, FaceSummary, Peak, clock, curves, summarise
from serving.inference.video.table import VideoRows
from serving.inference.video.types import Frame

# In a crowd, these are the faces that were seen longest.
_MOST_FACES = 12
# More points of a curve are no more than a pixel apart on a screen.
_MOST_POINTS = 600
_CHART = {"template": "plotly_white", "height": 260, "margin": {"t": 20, "b": 40, "l": 60, "r": 20}}
# Margin on each side of a thumbnail, as a fraction of the face's width.
_THUMBNAIL_MARGIN = 0.25
_OUTSIDE = 128
_ABOUT = (
    "The curves are the probabilities of each expression, smoothed over time. The pictures show "
    f"each face when an expression was clearest. {CAUTION} {NOT_MEASURED}"
)

Peaks = Mapping[tuple[int, str], RgbImage]
"""Thumbnails by number of the face and label."""


@dataclass(frozen=True)
class VideoStory:
    """What the page shows of one video.

    Attributes:
        rows: What was seen. Its samples are read several times.
        frames_at: Returns the frames at some times, in rising order; None where the video cannot be
            read again, as that of a camera.
    """

    rows: VideoRows
    frames_at: Callable[[Iterable[float]], Iterable[Frame]] | None


def video_html(stories: Sequence[VideoStory], *, labels: tuple[str, ...], bin_s: float) -> str:
    """Draw a time chart for each face of each video, with thumbnails at the peaks.

    Args:
        stories: The videos.
        labels: Of the bundle, in their order.
        bin_s: The least time between two points of a curve, in seconds.
    """
    return render(
        "video.html",
        package="serving.inference.video",
        title="Expressions over time",
        videos=[_video(story, labels, bin_s) for story in stories],
        about=_ABOUT,
    )


@dataclass(frozen=True, eq=False)
class _Face:
    """What the page shows of one face.

    Attributes:
        number: Of the face in its video.
        curve: Its probabilities over time.
        peaks: Thumbnails of it where an expression was clearest; None where there are none.
    """

    number: int
    curve: go.Figure
    peaks: RgbImage | None


@dataclass(frozen=True, eq=False)
class _Video:
    """What the page shows of one video.

    Attributes:
        name: Of its file.
        notes: Sentences without their full stops.
        rows: Cells of the table, a row a face.
        faces: In the order of their numbers.
    """

    name: str
    notes: list[str]
    rows: list[tuple[str, ...]]
    faces: list[_Face]


def _video(story: VideoStory, labels: tuple[str, ...], bin_s: float) -> _Video:
    rows = story.rows
    faces = summarise(rows.samples)
    notes = [rows.problem] if rows.problem else []
    longest = sorted(faces, key=lambda face: -face.shown.total())[:_MOST_FACES]
    shown = sorted(longest, key=lambda face: face.number)
    if not faces:
        notes.append("no face found")
    if len(shown) < len(faces):
        notes.append(f"shown are the {len(shown)} of {len(faces):,} faces that were seen longest")
    until_s = max((face.last_s for face in faces), default=0.0)
    lines = curves(
        rows.samples,
        [face.number for face in shown],
        labels=labels,
        until_s=until_s,
        bin_s=max(bin_s, until_s / _MOST_POINTS),
    )
    thumbnails = _thumbnails(story, shown)
    return _Video(
        name=readable(PurePath(rows.name).name),
        notes=notes,
        rows=_rows(shown),
        faces=[
            _Face(face.number, time_chart(lines[face.number], labels), _peaks(face, thumbnails))
            for face in shown
        ],
    )


def _rows(faces: Sequence[FaceSummary]) -> list[tuple[str, ...]]:
    return [
        (
            str(face.number),
            clock(face.first_s),
            clock(face.last_s),
            ", ".join(f"{label} {n / face.shown.total():.0%}" for label, n in face.shown.items()),
        )
        for face in faces
    ]


def _peaks(face: FaceSummary, thumbnails: Peaks) -> RgbImage | None:
    tiles = [
        Tile(
            thumbnails[face.number, label], f"{label} {peak.confidence:.0%}\n{clock(peak.seconds)}"
        )
        for label, peak in face.peaks.items()
        if (face.number, label) in thumbnails
    ]
    return draw_sheet(tiles) if tiles else None


def time_chart(curve: Curve, labels: tuple[str, ...]) -> go.Figure:
    """Draw how the probabilities of one face went: a line a label, broken while it was away."""
    figure = go.Figure(layout=_CHART)
    for label, probabilities in zip(labels, curve.probabilities.T, strict=True):
        figure.add_scatter(
            x=np.round(curve.seconds, 3),
            y=np.round(probabilities, 4),
            name=label,
            mode="lines+markers",
            marker={"size": 3},
            line={"color": colours_of(labels)[label].light},
            hovertemplate=f"{html.escape(label)}: %{{y:.0%}} at %{{x:.1f}} s<extra></extra>",
        )
    figure.update_xaxes(title="seconds")
    figure.update_yaxes(range=[-0.02, 1.02], tickformat=".0%")
    return figure


def _thumbnails(story: VideoStory, faces: Sequence[FaceSummary]) -> Peaks:
    if story.frames_at is None or not faces:
        return {}
    peaks: dict[float, list[tuple[int, str, Peak]]] = {}
    for face in faces:
        for label, peak in face.peaks.items():
            peaks.setdefault(peak.seconds, []).append((face.number, label, peak))
    return {
        (number, label): _cut(frame.rgb, peak.box)
        for frame in story.frames_at(peaks)
        for number, label, peak in peaks[frame.seconds]
    }


def _cut(rgb: RgbImage, box: BoundingBox) -> RgbImage:
    """Cut a square around a face; what lies outside the picture is grey."""
    half = round((0.5 + _THUMBNAIL_MARGIN) * max(box.width, box.height))
    x, y = (box.left + box.right) // 2, (box.top + box.bottom) // 2
    square = np.full((2 * half, 2 * half, 3), _OUTSIDE, np.uint8)
    height, width = rgb.shape[:2]
    left, right = max(0, x - half), min(width, x + half)
    top, bottom = max(0, y - half), min(height, y + half)
    inside = rgb[top:bottom, left:right]
    square[top - y + half :, left - x + half :][: len(inside), : inside.shape[1]] = inside
    small = cv2.resize(square, (TILE_PX, TILE_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)
