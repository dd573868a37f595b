"""Draw recall by width of face, and time by size of picture, as SVG."""

import itertools
import math
from collections.abc import Callable, Sequence

from tests.bench.small_faces import Row

WIDTH, HEIGHT, MARGIN = 340, 240, 48
COLOURS = ("#b45309", "#1d4ed8", "#15803d")
# Recall is drawn for faces in pictures of this size, in groups of these widths.
RECALL_MEGAPIXELS, PROMISED_PX = 12, 32
EDGES_PX = (16, 20, 24, 28, 32, 40, 48, 64, 96, 160)
TICKS_MS = (10, 100, 1000, 10_000, 100_000)

Point = tuple[float, float]
"""x and y in the units of an axis."""


def draw_curves(rows: Sequence[Row]) -> str:
    """Draw two plots side by side, each with a line for each detector.

    Left: of the faces of a width in pictures of 12 megapixels, the fraction found. Right: the
    median milliseconds for a picture, by megapixels.
    """
    names = list(max((row.scores for row in rows), key=len))
    recall = {name: _recall_points(rows, name) for name in names}
    times = {name: _time_points(rows, name) for name in names}
    widths = [x for points in recall.values() for x, _ in points] or list(EDGES_PX)
    sizes = [row.scenes.megapixels for row in rows]
    took = [y for points in times.values() for _, y in points]
    x_px = _log_scale(min(widths), max(widths), MARGIN, MARGIN + WIDTH)
    left = MARGIN + WIDTH + 2 * MARGIN
    x_mp = _log_scale(min(sizes), max(sizes), left, left + WIDTH)
    y_ms = _log_scale(min(took), max(took), MARGIN + HEIGHT, MARGIN)
    ticks_ms = [each for each in TICKS_MS if min(took) <= each <= max(took)]

    def y_recall(value: float) -> float:
        return MARGIN + HEIGHT * (1 - value)

    parts = [
        _frame(MARGIN, f"Recall by width of face in px, {RECALL_MEGAPIXELS} megapixels"),
        _frame(left, "Milliseconds a picture by megapixels"),
        *(_tick_x(x_px(each), each) for each in EDGES_PX if min(widths) <= each <= max(widths)),
        *(_tick_y(MARGIN, y_recall(each), f"{each:g}") for each in (0, 0.5, 0.95)),
        *(_tick_x(x_mp(each), each) for each in sorted(set(sizes))),
        *(_tick_y(left, y_ms(each), f"{each:,}") for each in ticks_ms),
        f'<path d="M{x_px(PROMISED_PX):.1f} {MARGIN}v{HEIGHT}" stroke="#999"/>',
    ]
    for at, (name, colour) in enumerate(zip(names, COLOURS, strict=False)):
        parts.append(_line(recall[name], x_px, y_recall, colour))
        parts.append(_line(times[name], x_mp, y_ms, colour))
        parts.append(f'<text x="{MARGIN + at * 130}" y="14" fill="{colour}">{name}</text>')
    whole_width, whole_height = left + WIDTH + MARGIN, HEIGHT + 2 * MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole_width} {whole_height}" '
        'font-family="sans-serif" font-size="12" fill="#222">'
        f'<rect width="{whole_width}" height="{whole_height}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _recall_points(rows: Sequence[Row], name: str) -> list[Point]:
    """Return the fraction found of faces by width; the width is the middle of a group."""
    faces = [
        face
        for row in rows
        if row.scenes.megapixels == RECALL_MEGAPIXELS and name in row.scores
        for face in row.scores[name].widths_px
    ]
    points = []
    for least, beyond in itertools.pairwise(EDGES_PX):
        found = [is_found for width, is_found in faces if least <= width < beyond]
        if found:
            points.append((math.sqrt(least * beyond), sum(found) / len(found)))
    return points


def _time_points(rows: Sequence[Row], name: str) -> list[Point]:
    """Return the median milliseconds for each size of picture, of its first row."""
    first = {
        row.scenes.megapixels: row.median_ms(name) for row in reversed(rows) if name in row.scores
    }
    return [(float(size), first[size]) for size in sorted(first)]


def _log_scale(
    least: float, most: float, first_px: float, last_px: float
) -> Callable[[float], float]:
    span = math.log(most / least) or 1.0
    return lambda value: first_px + (last_px - first_px) * math.log(value / least) / span


def _line(
    points: Sequence[Point],
    x_of: Callable[[float], float],
    y_of: Callable[[float], float],
    colour: str,
) -> str:
    drawn = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in points)
    return f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _frame(left: float, title: str) -> str:
    return (
        f'<rect x="{left}" y="{MARGIN}" width="{WIDTH}" height="{HEIGHT}" fill="none" '
        f'stroke="#ccc"/><text x="{left}" y="{MARGIN - 10}">{title}</text>'
    )


def _tick_x(x: float, value: float) -> str:
    foot = MARGIN + HEIGHT
    return f'<text x="{x:.1f}" y="{foot + 16}" text-anchor="middle">{value:g}</text>'


def _tick_y(left: float, y: float, words: str) -> str:
    return (
        f'<path d="M{left} {y:.1f}h{WIDTH}" stroke="#eee"/>'
        f'<text x="{left - 4}" y="{y + 4:.1f}" text-anchor="end">{words}</text>'
    )
