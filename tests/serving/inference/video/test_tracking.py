"""A face keeps its number: on its way, past others, and when it comes back."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from preprocessing.faces.types import BoundingBox
from serving.inference.video.tracking import KEEP_NUMBER_S, Tracker

SIDE = 100
STEP_S = 0.2
Place = Callable[[float], tuple[float, float] | None]


def box_at(x: float, y: float, side: float = SIDE) -> BoundingBox:
    left, top = round(x - side / 2), round(y - side / 2)
    return BoundingBox(left, top, left + round(side), top + round(side))


def numbers(
    *places: Place, seconds: float = 8.0, step_s: float = STEP_S, jitter_px: float = 0.0
) -> list[dict[int, int]]:
    """Follow faces of which each says where it is; return, by moment, the number of each."""
    tracker, draw, found = Tracker(), np.random.default_rng(0), []
    for moment in np.arange(0, seconds, step_s):
        here = {index: at for index, place in enumerate(places) if (at := place(float(moment)))}
        boxes = [
            box_at(*(np.array(at) + draw.normal(0, jitter_px or 1e-9, 2))) for at in here.values()
        ]
        given_numbers = tracker.update(float(moment), boxes)
        found.append(dict(zip(here, given_numbers, strict=True)))
    return found


def all_of(found: list[dict[int, int]], face: int) -> set[int]:
    return {each[face] for each in found if face in each}


def still(x: float, y: float = 300) -> Place:
    return lambda _: (x, y)


def moving(start: float, speed: float, y: float = 300) -> Place:
    return lambda seconds: (start + speed * seconds, y)


def away(place: Place, start_s: float, end_s: float) -> Place:
    return lambda seconds: None if start_s <= seconds < end_s else place(seconds)


@pytest.mark.parametrize("speed", [0, 50, 250, 380])
def test_a_face_that_moves_keeps_its_number(speed: float) -> None:
    found = numbers(moving(0, speed), jitter_px=3)
    assert all_of(found, 0) == {1}


@pytest.mark.parametrize("speed", [60, 120, 300])
@pytest.mark.parametrize("apart", [0, 20, 60])
def test_two_faces_that_cross_keep_their_numbers(speed: float, apart: float) -> None:
    found = numbers(moving(0, speed), moving(8 * speed, -speed, 300 + apart), jitter_px=2)
    # Where both are at one place, nobody can tell which is which.
    apart_again = [each for at, each in enumerate(found) if abs(at * STEP_S - 4) * speed > 10]
    assert len(apart_again) >= len(found) - 1
    assert all_of(apart_again, 0) == {1}
    assert all_of(apart_again, 1) == {2}


def test_of_two_that_cross_the_hidden_one_gets_its_number_back() -> None:
    meet_s = 4.0
    hidden = away(moving(800, -100), meet_s - 0.45, meet_s + 0.45)
    found = numbers(moving(0, 100), hidden, jitter_px=2)
    assert all_of(found, 0) == {1}
    assert all_of(found, 1) == {2}


@pytest.mark.parametrize(("gone_s", "same"), [(0.6, True), (2.8, True), (3.6, False)])
def test_a_face_that_comes_back_in_time_keeps_its_number(gone_s: float, same: bool) -> None:  # noqa: FBT001
    found = numbers(away(still(100), 2, 2 + gone_s), still(600), jitter_px=2)
    assert all_of(found, 0) == ({1} if same else {1, 3})
    assert all_of(found, 1) == {2}


def test_a_face_that_leaves_the_frame_and_returns_keeps_its_number() -> None:
    def out_and_back(seconds: float) -> tuple[float, float] | None:
        x = abs(seconds - 4) * 100 - 100
        return (x, 300) if x > 0 else None

    found = numbers(out_and_back, still(700), jitter_px=2)
    assert any(0 not in each for each in found)
    assert all_of(found, 0) == {1}


def test_somebody_else_far_away_gets_a_new_number() -> None:
    found = numbers(away(still(100), 2, 99), away(still(1500), 0, 2.2))
    assert all_of(found, 0) == {1}
    assert all_of(found, 1) == {2}


def test_numbers_do_not_depend_on_how_often_is_looked() -> None:
    for step_s in (1 / 30, 0.1, 0.4):
        found = numbers(moving(0, 100), moving(800, -100, 330), step_s=step_s)
        assert (all_of(found, 0), all_of(found, 1)) == ({1}, {2})


def test_a_face_seen_in_every_frame_keeps_its_number_however_far_frames_are_apart() -> None:
    assert all_of(numbers(still(100), seconds=60, step_s=10), 0) == {1}


def test_what_is_followed_does_not_grow() -> None:
    tracker = Tracker()
    for moment in range(500):
        tracker.update(moment / 5, [box_at(150 * (moment % 97), 100)])
    assert len(tracker.followed()) <= 5 * KEEP_NUMBER_S + 2


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 800), st.integers(10, 300))),
        max_size=12,
    ),
    st.floats(0.01, 5),
)
def test_numbers_are_different_whole_and_given_in_turn(
    frames: list[list[tuple[int, int, int]]], step_s: float
) -> None:
    tracker, known = Tracker(), 0
    for index, faces in enumerate(frames):
        given_numbers = tracker.update(index * step_s, [box_at(*face) for face in faces])
        assert len(set(given_numbers)) == len(faces)
        new = sorted(number for number in given_numbers if number > known)
        assert new == list(range(known + 1, known + 1 + len(new)))
        known += len(new)
        assert set(given_numbers) <= tracker.followed()


@given(st.permutations(range(5)), st.floats(-math.pi, math.pi))
def test_the_order_in_which_faces_are_found_does_not_matter(
    order: list[int], direction: float
) -> None:
    tracker = Tracker()
    places = [(200 * index, 300) for index in range(5)]
    first = tracker.update(0, [box_at(*place) for place in places])
    moved = [(x + 30 * math.cos(direction), y + 30 * math.sin(direction)) for x, y in places]
    second = tracker.update(STEP_S, [box_at(*moved[index]) for index in order])
    assert second == tuple(first[index] for index in order)
