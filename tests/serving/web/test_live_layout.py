"""Words and bars on the live page cover no face, and nothing of another one."""

import numpy as np
import pytest

from tests.serving.web.browsing import Run

pytestmark = pytest.mark.browser
# While two faces pass each other, each word and its bars may change place at most this often.
CHANGES = 8
DRAW = """async (steps) => {
  const spec = await (await fetch("/device/spec.json")).json();
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  document.body.append(svg);
  svg.setAttribute("width", 640);
  const overlay = new Overlay(svg);
  const view = { width: 640, height: 480, isMirrored: false };
  const corners = ({ x, y, width, height }) => [x, y, x + width, y + height];
  const cornersOf = (face, selector) => {
    const element = face.querySelector(selector);
    const { x, y, width, height } = element.getBBox();
    const rim = selector === ".tag" ? parseFloat(getComputedStyle(element).strokeWidth) / 2 : 0;
    return width ? corners({ x: x - rim, y, width: width + 2 * rim, height }) : null;
  };
  return steps.map((boxes) => {
    const probabilities = spec.labels.map((_, index) => (index === 3 ? 0.5 : 0.1));
    const tracks = boxes.map((box, at) => ({ number: at + 1, index: 3, probabilities, box }));
    overlay.draw(tracks, spec, view);
    return [...svg.querySelectorAll(".face")].map((face) => ({
      box: cornersOf(face, ".box"), bars: cornersOf(face, ".bars"), word: cornersOf(face, ".tag"),
    }));
  });
}"""


def common_area(one: list[float], other: list[float]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, width) * max(0.0, height)


@pytest.mark.parametrize("side", [80, 150, 220])
def test_words_and_bars_of_faces_that_pass_each_other_cover_nothing(side: int, run: Run) -> None:
    random = np.random.default_rng(side)
    steps = [
        [
            {"left": left + x, "top": top + y, "width": side, "height": side}
            for (left, top), (x, y) in zip(
                [(5 * step, 110), (640 - side - 5 * step, 130)],
                random.uniform(-1, 1, (2, 2)),
                strict=True,
            )
        ]
        for step in range(80)
    ]
    changes, before = 0, None
    for faces in run(DRAW, steps):
        drawn = [face[name] for face in faces for name in ("bars", "word") if face[name]]
        assert all(left >= 0 and top >= 0 for left, top, _, _ in drawn)
        assert all(right <= 640 and bottom <= 480 for _, _, right, bottom in drawn)
        for index, one in enumerate(drawn):
            assert all(common_area(one, other) == 0 for other in drawn[index + 1 :])
        for face, other in (faces, faces[::-1]):
            for name in ("bars", "word"):
                assert not face[name] or common_area(face[name], other["box"]) == 0
            assert not face["bars"] or common_area(face["bars"], face["box"]) == 0
        assert any(face["bars"] for face in faces)
        # On which side of its box each is.
        now = [
            [np.sign(face[name][at] - face["box"][2 + at]) for at in (0, 1)] if face[name] else None
            for face in faces
            for name in ("bars", "word")
        ]
        changes += before is not None and now != before
        before = now
    assert changes <= CHANGES
