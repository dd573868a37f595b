from functools import partial

import cv2
import numpy as np
import pytest

from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.picture import Picture
from preprocessing.images.decode import decode_image
from preprocessing.images.sample import sample_photo_path
from tests.bench import align, scenes
from tests.bench.annotated import Photo, to_squares


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
    monkeypatch.setattr(align, "STEP_DEG", 180)
    search = partial(align._search, finder)
    align._print_turns({align.SEARCH: search}, finder, [annotated])
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
