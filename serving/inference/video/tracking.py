"""Give faces numbers that they keep from frame to frame, by where they are; without any I/O.

Each face that is followed (a track) has a predicted place: it goes on as it moved, ever more
slowly. In each frame the tracks and the faces found are paired, the cheapest pair first. The cost
of a pair is the distance from the predicted place in widths of the face, less the overlap of the
two boxes, plus a surcharge for the time that the face was not seen. A face that nobody claims gets
the next number.

Faces are told apart by place and size alone, never by what they look like: someone who comes back
far from where they left, or after more than `keep_number_s`, gets a new number.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from preprocessing.faces.types import BoundingBox

Point: TypeAlias = tuple[float, float]


KEEP_NUMBER_S = 3.0
"""A face that was not seen for longer gets a new number, unless another time is asked for."""
# How far a face may be from where it is expected, and how much farther for each second since it was
# seen, in widths of the face.
REACH, REACH_PER_S = 0.8, 1.5
# By which factor its width may change between two frames that show it.
MOST_RESIZED = 1.8
# Time constants: over the first the speed is averaged, with the second an unseen face slows down.
MOTION_S, COAST_S = 0.5, 1.0
# Surcharge for each second that a face was not seen, in widths.
ABSENCE_COST = 0.3


@dataclass(frozen=True)
class _Track:
    """A face that is followed.

    Attributes:
        number: From 1.
        box: Where it was seen last.
        seen_s: When it was seen last.
        speed: In pixels a second, x and y; None until it was seen twice.
        missed_s: When the first frame was shown that it is missing in; None while it is seen.
    """

    number: int
    box: BoundingBox
    seen_s: float
    speed: Point | None = None
    missed_s: float | None = None


class Tracker:
    """Follows the faces of one video."""

    def __init__(self, *, keep_number_s: float = KEEP_NUMBER_S) -> None:
        """Begin without any face.

        Args:
            keep_number_s: A face that was not seen for longer gets a new number.
        """
        self._keep_number_s = keep_number_s
        self._tracks: list[_Track] = []
        self._next_number = 1

    def update(self, seconds: float, boxes: Sequence[BoundingBox]) -> tuple[int, ...]:
        """Number the faces of the next frame.

        Args:
            seconds: When it is shown; later than all frames before.
            boxes: Where its faces are.

        Returns:
            A number for each box, all different.
        """
        taken = self._pair(seconds, boxes)
        numbers, kept = [], []
        for index, box in enumerate(boxes):
            track = taken.get(index)
            if track is None:
                kept.append(_Track(self._next_number, box, seconds))
                self._next_number += 1
            else:
                kept.append(_seen_again(track, box, seconds))
            numbers.append(kept[-1].number)
        for track in self._tracks:
            missed_s = seconds if track.missed_s is None else track.missed_s
            if track.number not in numbers and seconds - missed_s <= self._keep_number_s:
                kept.append(replace(track, missed_s=missed_s))
        self._tracks = kept
        return tuple(numbers)

    def followed(self) -> frozenset[int]:
        """Return the numbers of all faces that may still be seen again."""
        return frozenset(track.number for track in self._tracks)

    def _pair(self, seconds: float, boxes: Sequence[BoundingBox]) -> dict[int, _Track]:
        """Return the track that each box belongs to, by the index of the box."""
        costs = [
            (cost, track.number, index)
            for track in self._tracks
            for index, box in enumerate(boxes)
            if (cost := self._cost(track, box, seconds)) is not None
        ]
        by_number = {track.number: track for track in self._tracks}
        taken: dict[int, _Track] = {}
        for _, number, index in sorted(costs):
            if number in by_number and index not in taken:
                taken[index] = by_number.pop(number)
        return taken

    def _cost(self, track: _Track, box: BoundingBox, seconds: float) -> float | None:
        """Return what it costs to take a box for a track's face; None where it cannot be."""
        gone_s = 0.0 if track.missed_s is None else seconds - track.missed_s
        resized = max(track.box.width, box.width) / min(track.box.width, box.width)
        if gone_s > self._keep_number_s or resized > MOST_RESIZED:
            return None
        unseen_s = seconds - track.seen_s
        width = (track.box.width + box.width) / 2
        x, y = _centre(track.box)
        ahead_x, ahead_y = _ahead(track, unseen_s)
        distance = math.dist((x + ahead_x, y + ahead_y), _centre(box)) / width
        if gone_s:  # it may have stopped, or turned back, while nobody saw it
            distance = min(distance, math.dist((x, y), _centre(box)) / width)
        if distance > REACH + REACH_PER_S * unseen_s:
            return None
        overlap = _overlap(track.box, box, shift=(ahead_x, ahead_y))
        return distance - overlap + ABSENCE_COST * gone_s


def _ahead(track: _Track, unseen_s: float) -> Point:
    """Return how far a face has gone on since it was seen."""
    if track.speed is None:
        return (0.0, 0.0)
    moving_s = COAST_S * -math.expm1(-unseen_s / COAST_S)
    return (track.speed[0] * moving_s, track.speed[1] * moving_s)


def _seen_again(track: _Track, box: BoundingBox, seconds: float) -> _Track:
    passed_s = seconds - track.seen_s
    (x, y), (was_x, was_y) = _centre(box), _centre(track.box)
    measured = ((x - was_x) / passed_s, (y - was_y) / passed_s)
    speed = measured
    if track.speed is not None:
        weight = -math.expm1(-passed_s / MOTION_S)
        speed = (
            track.speed[0] + weight * (measured[0] - track.speed[0]),
            track.speed[1] + weight * (measured[1] - track.speed[1]),
        )
    return _Track(track.number, box, seconds, speed)


def _centre(box: BoundingBox) -> Point:
    return ((box.left + box.right) / 2, (box.top + box.bottom) / 2)


def _overlap(one: BoundingBox, other: BoundingBox, *, shift: Point) -> float:
    """Return intersection over union of two boxes, the first one shifted: 0 to 1."""
    width = min(one.right + shift[0], other.right) - max(one.left + shift[0], other.left)
    height = min(one.bottom + shift[1], other.bottom) - max(one.top + shift[1], other.top)
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / (one.width * one.height + other.width * other.height - both)
