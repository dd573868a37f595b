import re
from functools import partial
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.picture import Picture
from preprocessing.images.decode import decode_image
from preprocessing.images.sample import sample_photo_path
from tests.bench import align, scenes, turns
from tests.bench.annotated import SEARCH, Photo, Score, to_squares
from tests.bench.curves import draw_curves
from tests.bench.small_faces import Row, Scenes


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder()


@pytest.fixture(scope="module")
def annotated(finder: FaceFinder) -> Photo:
    """The sample photo in colour, annotated by what is found in it."""
    image = decode_image(sample_photo_path().read_bytes())
    image = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    faces = finder.find_faces(Picture(np.asarray(image, np.uint8)))
    landmarks = np.stack([face.landmarks for face in faces])
    return Photo("sample", np.asarray(image, np.uint8), to_squares(f.box for f in faces), landmarks)


def test_turned_photos_are_measured(
    annotated: Photo,
    finder: FaceFinder,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(turns, "STEP_DEG", 180)
    search = partial(align._search, finder)
    turns.print_turns({SEARCH: search}, finder, [annotated])
    _, straight, upside_down = capsys.readouterr().out.strip().splitlines()
    assert straight.split()[2] == upside_down.split()[2] == "1.00"


def test_cut_faces_are_measured(
    annotated: Photo, finder: FaceFinder, capsys: pytest.CaptureFixture[str]
) -> None:
    search = partial(align._search, finder)
    scenes._print_cuts(search, search, [annotated])
    least_cut = capsys.readouterr().out.strip().splitlines()[1].split()
    assert least_cut[:2] == ["10%", "4"]
    assert least_cut[-1] == "1.000"


def test_the_plot_has_a_line_of_recall_and_one_of_time_for_each_detector() -> None:
    rows = []
    for megapixels, seconds in ((1, 0.03), (12, 0.4), (48, 1.5)):
        good, bad = (
            Score(seconds=[factor * seconds], widths_px=[(20.0, factor < 2), (50.0, True)])
            for factor in (1, 3)
        )
        rows.append(Row(Scenes(megapixels, 20), {"good": good, "bad": bad}))
    # The last one was not asked about every scene.
    rows.append(Row(Scenes(48, 20, is_jpeg=True), {"good": Score(seconds=[0.1])}))
    drawn = ElementTree.fromstring(draw_curves(rows))  # noqa: S314 - made here
    lines = [
        [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
        for line in drawn.iter("{http://www.w3.org/2000/svg}polyline")
    ]
    assert [len(line) for line in lines] == [2, 3, 2, 3]
    (good, good_ms, bad, bad_ms) = lines
    assert good[0][1] < bad[0][1]
    assert good[1] == bad[1]
    assert all(one[1] > other[1] for one, other in zip(good_ms, bad_ms, strict=True))
    width, height = map(int, re.findall(r"\d+", drawn.attrib["viewBox"])[2:])
    assert all(0 <= x <= width and 0 <= y <= height for line in lines for x, y in line)
