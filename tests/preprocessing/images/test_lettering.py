"""Words are written in the scripts of most languages, in the room that they are said to take."""

import itertools

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from preprocessing.images.lettering import Lettering, lacks_letters_of

SIZE_PX = 24
MARGIN = 20
ALPHABETS = ("üöß", "žđř", "жщы", "θλφ", "高兴生", "행복슬", "怒りみ", "שמח", "سدغ", "ẻồạ")
WORDS = ("1 happy? 97%", "1 glücklich? 97%", "злость", "高兴", "행복", "עצב 12%", "buồn Ổ")


def written(words: str, *, fill: str = "white") -> np.ndarray:
    """Return a picture, uint8 (height, width, 3), with a margin around the room of the words."""
    lettering = Lettering(SIZE_PX)
    width, height = lettering.size(words)
    picture = Image.new("RGB", (width + 2 * MARGIN, height + 2 * MARGIN))
    lettering.write(ImageDraw.Draw(picture), (MARGIN, MARGIN), words, fill=fill)
    return np.asarray(picture)


def ink(words: str) -> np.ndarray:
    """Return the written part alone, grey."""
    grey = written(words)[..., 0]
    rows, columns = np.flatnonzero(grey.any(axis=1)), np.flatnonzero(grey.any(axis=0))
    return grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


@pytest.mark.parametrize("letters", ALPHABETS)
def test_letters_of_a_script_are_told_apart(letters: str) -> None:
    for one, other in itertools.combinations((*letters, "?"), 2):
        assert not np.array_equal(ink(one), ink(other)), (one, other)


@pytest.mark.parametrize("words", WORDS)
def test_words_take_the_room_that_they_are_said_to_take(words: str) -> None:
    picture = written(words)
    inside = picture[MARGIN:-MARGIN, MARGIN:-MARGIN]
    assert inside.any()
    # What is rounded, and smoothed, may reach a pixel further.
    around = picture.copy()
    around[MARGIN - 1 : 1 - MARGIN, MARGIN - 1 : 1 - MARGIN] = 0
    assert not around.any()
    assert inside.any(axis=(0, 2)).sum() > 0.5 * inside.shape[1]


@pytest.mark.parametrize("words", WORDS)
def test_words_have_the_colour_asked_for(words: str) -> None:
    picture = written(words, fill="#ff0000")
    assert picture[..., 0].max() > 200
    assert not picture[..., 1:].any()


def test_english_is_written_in_the_font_of_pillow() -> None:
    expected = Image.new("RGB", (200, 60))
    font = ImageFont.load_default(SIZE_PX)
    ImageDraw.Draw(expected).text((MARGIN, MARGIN), "1 happy? 97%", "white", font)
    picture = Image.new("RGB", (200, 60))
    draw = ImageDraw.Draw(picture)
    Lettering(SIZE_PX).write(draw, (MARGIN, MARGIN), "1 happy? 97%", fill="white")
    assert np.array_equal(np.asarray(picture), np.asarray(expected))


def test_what_is_read_from_right_to_left_begins_at_the_right() -> None:
    first, both = ink("ש"), ink("שם")
    assert np.array_equal(both[-first.shape[0] :, -first.shape[1] :], first)
    number_first = ink("1 שם")
    assert np.array_equal(number_first[-first.shape[0] :, -first.shape[1] :], first)


@pytest.mark.parametrize("words", ["happy", "glücklich", "高兴"])
def test_words_grow_in_proportion_to_their_size(words: str) -> None:
    small, large = (Lettering(size_px).length(words) for size_px in (20, 60))
    assert large / small == pytest.approx(3, rel=0.1)


def test_half_a_letter_as_json_can_name_it_is_written_as_a_question_mark() -> None:
    for half in ("\ud83d", "\udcff", "g\ud83d"):
        assert np.array_equal(written(half), written(half[:-1] + "?"))
        assert Lettering(SIZE_PX).length(half) == Lettering(SIZE_PX).length(half[:-1] + "?")


@pytest.mark.parametrize("words", [*WORDS, *ALPHABETS])
def test_of_most_scripts_no_letter_is_lacking(words: str) -> None:
    assert not lacks_letters_of(words)


@pytest.mark.parametrize("words", ["खुश", "มีความสุข", "1 😀 97%"])
def test_letters_that_are_drawn_as_question_marks_are_known(words: str) -> None:
    assert lacks_letters_of(words)
