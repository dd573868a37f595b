"""The live camera's faces keep their numbers, and what is said of them is calm."""

import math

import numpy as np
import pytest

from preprocessing.faces.types import BoundingBox
from serving.inference.video.tracking import Tracker
from tests.serving.web.browsing import Run

pytestmark = pytest.mark.browser
SETTINGS = {"smooth_s": 0.5, "margin": 0.1, "cutoff_hz": 1.5, "response": 4, "keep_s": 5}
STEP_S = 0.1
SIDE_PX = 100
FOLLOW = """({ frames, settings }) => {
  const tracker = new Tracker();
  return frames.map(({ time_s, faces }) =>
    tracker.update(faces, time_s, settings)
      .map(({ number, face }) => [number, faces.indexOf(face)]));
}"""
Box = tuple[float, float]


def scene(name: str) -> list[dict[str, Box]]:
    """Return where two people are at each step of 0.1 s; a hidden one is left out."""
    steps = []
    for step in range(80):
        at: dict[str, Box] = {"anna": (100, 100), "ben": (400, 110)}
        if name in ("moving", "crossing"):
            at = {"anna": (40 + 6 * step, 100), "ben": (520 - 6 * step, 110)}
            if name == "moving":
                at["ben"] = (520 - 6 * step, 300)
        if name == "crossing" and abs(at["anna"][0] - at["ben"][0]) < 60:
            del at["ben"]  # behind anna
        if (name == "returning" and 20 <= step < 50) or (name == "gone for long" and step >= 20):
            del at["ben"]
        if name == "gone for long" and step >= 75:
            at["ben"] = (405, 112)
        steps.append(at)
    return steps


def frame(time_s: float, places: list[Box]) -> dict[str, object]:
    """A frame with faces whose upper left corners are at these places."""
    shape = {"width": SIDE_PX, "height": SIDE_PX, "probabilities": [0.6, 0.4]}
    faces = [{"left": x, "top": y, **shape} for x, y in places]
    return {"time_s": time_s, "faces": faces}


def box_at(x: float, y: float) -> BoundingBox:
    left, top = round(x), round(y)
    return BoundingBox(left, top, left + SIDE_PX, top + SIDE_PX)


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("moving", {"anna": {1}, "ben": {2}}),
        ("crossing", {"anna": {1}, "ben": {2}}),
        ("returning", {"anna": {1}, "ben": {2}}),
        ("gone for long", {"anna": {1}, "ben": {2, 3}}),
    ],
)
def test_each_face_keeps_its_number(name: str, numbers: dict[str, set[int]], run: Run) -> None:
    steps = scene(name)
    frames = [frame(index * STEP_S, list(at.values())) for index, at in enumerate(steps)]
    found = run(FOLLOW, {"frames": frames, "settings": SETTINGS})
    seen: dict[str, set[int]] = {"anna": set(), "ben": set()}
    for at, tracks in zip(steps, found, strict=True):
        for number, index in tracks:
            seen[list(at)[index]].add(number)
    assert seen == numbers


def test_a_face_keeps_its_number_however_far_frames_are_apart(run: Run) -> None:
    frames = [frame(time_s, [(100, 100)]) for time_s in (0, 0.1, 0.2, 12, 12.1)]
    found = run(FOLLOW, {"frames": frames, "settings": SETTINGS})
    assert found == [[], *[[[1, 0]]] * 4]


def test_numbers_are_those_of_videos(run: Run) -> None:
    tracker = Tracker(keep_number_s=SETTINGS["keep_s"])
    draw = np.random.default_rng(3)
    # Four people wander about; two are hidden for a while, and some frames come late.
    places, frames, expected, time_s = draw.uniform(0, 900, (4, 2)), [], [], 0.0
    hidden = {2: range(30, 45), 3: range(60, 200)}
    for step in range(240):
        time_s += STEP_S if step % 25 else 6.0
        places += draw.normal(0, 8, places.shape)
        seen = [(x, y) for one, (x, y) in enumerate(places) if step not in hidden.get(one, ())]
        frames.append(frame(time_s, seen))
        numbers = tracker.update(time_s, [box_at(*place) for place in seen])
        expected.append(sorted([number, at] for at, number in enumerate(numbers)))
    found = run(FOLLOW, {"frames": frames, "settings": SETTINGS})
    # On the page a face has its number when it is seen for the second time.
    expected[0], expected[200] = [], expected[199]
    assert found == expected
    assert {number for each in expected for number, _ in each} == {1, 2, 3, 4, 5}


def test_a_face_is_shown_once_it_was_read_and_keeps_its_odds(run: Run) -> None:
    shown = run(
        """(settings) => {
          const face = { left: 0, top: 0, width: 100, height: 100 };
          const read = { ...face, probabilities: [0.9, 0.1] };
          const tracker = new Tracker();
          return [face, face, read, face].map((each, index) =>
            tracker.update([{ ...each }], index / 10, settings).map((one) => one.probabilities[0]));
        }""",
        SETTINGS,
    )
    assert shown == [[], [], [pytest.approx(0.9)], [pytest.approx(0.9)]]


def test_numbers_are_calm_at_rest_and_follow_what_changes(run: Run) -> None:
    noise = np.random.default_rng(0).normal(0, 1, 60)
    options = {"cutoff_hz": SETTINGS["cutoff_hz"], "response": SETTINGS["response"], "unit": 100}
    filtered = run(
        """({ values, options }) => {
          const filter = new OneEuro();
          return values.map((value, index) => filter.next(value, index / 20, options));
        }""",
        {"values": [*(100 + noise), *(100 + 10 * step for step in range(40))], "options": options},
    )
    assert np.std(filtered[20:60]) < 0.6 * np.std(noise[20:])
    assert abs(filtered[-1] - 490) < 30

    before, after = [0.9, 0.1], [0.1, 0.9]
    odds = run(
        """({ before, after, constant_s }) => {
          const smooth = new SmoothOdds();
          smooth.next(before, 0, constant_s);
          return smooth.next(after, constant_s, constant_s);
        }""",
        {"before": before, "after": after, "constant_s": 0.5},
    )
    gone = (math.log(odds[0] / odds[1]) - math.log(9)) / (2 * math.log(1 / 9))
    assert gone == pytest.approx(1 - 1 / math.e)

    words = run(
        """(all) => {
          const word = new SteadyWord();
          return all.map((each) => word.next(each, 0.1));
        }""",
        [[0.52, 0.48], [0.48, 0.52], [0.52, 0.48], [0.4, 0.6], [0.48, 0.52], [0.56, 0.44]],
    )
    assert words == [0, 0, 0, 1, 1, 0]
