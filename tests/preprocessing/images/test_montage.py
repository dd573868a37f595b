import itertools

import numpy as np
import pytest

from preprocessing.images.lettering import Lettering
from preprocessing.images.montage import (
    GAP_PX,
    RIGHT,
    WRONG,
    Tile,
    draw_sheet,
    map_tiles,
    overlay,
    prediction_tiles,
)


def test_a_sheet_holds_all_tiles_in_rows() -> None:
    black = Tile(np.zeros((48, 48), np.uint8), "true: happy\nsaid: sad", 0.5)
    one, nine = draw_sheet([black]), draw_sheet([black] * 9, columns=4)
    assert nine.shape == (3 * one.shape[0], 4 * one.shape[1], 3)
    assert (nine[: one.shape[0], : one.shape[1]] == one).all()


def test_captions_of_any_language_are_told_apart() -> None:
    sheets = [
        draw_sheet([Tile(np.zeros((48, 48), np.uint8), caption)])
        for caption in ("fröhlich", "frühlich", "高兴", "高怒")
    ]
    for one, other in itertools.combinations(sheets, 2):
        assert not np.array_equal(one, other)


@pytest.mark.parametrize("letter", ["x", "高"])
def test_a_long_caption_does_not_reach_into_the_next_tile(letter: str) -> None:
    white, long = (
        Tile(np.full((48, 48), 255, np.uint8), caption) for caption in ("", f"{letter * 90}? 97%")
    )
    sheet, single = draw_sheet([long, white]), draw_sheet([long])
    assert (sheet[:, single.shape[1] + GAP_PX // 2 :] == 255).all()
    short = Tile(long.picture, f"{letter * 3}? 97%")
    assert not np.array_equal(single, draw_sheet([short])), "it is cut only as far as needed"


def test_of_a_very_long_caption_only_what_can_be_seen_is_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    measured = []
    length = Lettering.length

    def counting(lettering: Lettering, words: str) -> float:
        measured.append(len(words))
        return length(lettering, words)

    monkeypatch.setattr(Lettering, "length", counting)
    draw_sheet([Tile(np.zeros((48, 48), np.uint8), "i" * 2_000 + " 97%")])
    assert 0 < max(measured) < 200


def test_a_prediction_is_told_with_the_truth_and_coloured_by_it() -> None:
    right, wrong = prediction_tiles(
        np.zeros((2, 48, 48), np.uint8),
        np.array([0, 0]),
        probabilities=np.array([[0.7, 0.3], [0.1, 0.9]]),
        labels=("happy", "sad"),
    )
    assert (right.caption, right.colour, right.bar) == (
        "true: happy\nsaid: happy 70%",
        RIGHT,
        0.7,
    )
    assert (wrong.caption, wrong.colour, wrong.bar) == ("true: happy\nsaid: sad 90%", WRONG, 0.9)


def test_a_map_goes_from_black_to_white() -> None:
    (tile,) = map_tiles([np.array([[-1.0, 0.0], [1.0, 3.0]])])
    assert tile.picture.tolist() == [[0, 64], [128, 255]]
    (constant,) = map_tiles([np.full((2, 2), 5.0)])
    assert np.ptp(constant.picture) == 0


def test_zero_can_be_held_in_the_middle() -> None:
    (tile,) = map_tiles([np.array([[-1.0, 0.0], [1.0, 2.0]])], is_zero_grey=True)
    assert tile.picture.tolist() == [[64, 128], [191, 255]]
    (nothing,) = map_tiles([np.zeros((2, 2))], is_zero_grey=True)
    assert (nothing.picture == 128).all()


def test_heat_brightens_where_it_is_hot() -> None:
    heat = np.zeros((6, 6))
    heat[0, 0] = 1
    grey = np.full((48, 48), 100, np.uint8)
    lit = overlay(grey, heat).sum(axis=2)
    assert lit[2, 2] > lit[-1, -1]
    # On a scale that it shares with a hotter map it is less bright.
    assert overlay(grey, heat, largest=2.0).sum(axis=2)[2, 2] < lit[2, 2]
