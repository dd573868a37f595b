"""Write words onto pictures, in most of the world's scripts.

Pillow's own font has the letters of English alone. OpenCV's have those of most languages of Europe,
Chinese, Japanese, Korean, Hebrew and Arabic, whose letters it does not join. Letters that they lack
as well, as of Hindi or Thai, become question marks.
"""

import re

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

_FONT = "sans"
_WEIGHT = 400
# Letters of scripts that are written from right to left, with the spaces between them.
_LEFTWARD = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]+(?: +[\u0590-\u08ff]+)*")


def lacks_letters_of(words: str) -> bool:
    """Say whether some letters of a line of words become question marks."""
    letters = {*_whole_letters(words)} - {"?"}
    return any(not letter.isascii() and _looks_like_question_mark(letter) for letter in letters)


class Lettering:
    """Words of one size.

    Attributes:
        size_px: Of the font.
    """

    def __init__(self, size_px: int) -> None:
        """Choose the size, which is at least 1."""
        self.size_px = size_px
        self._font = ImageFont.load_default(size_px)
        self._baseline_px = round(self._font.getbbox("x")[3])

    def size(self, words: str) -> tuple[int, int]:
        """Return the width and height of a line of words, in pixels."""
        words = _whole_letters(words)
        if words.isascii():
            _, _, width, height = self._font.getbbox(words)
            return round(width), round(height)
        left, top, width, height = self._place(_in_order(words))
        return left + width, self._baseline_px + max(0, top + height)

    def length(self, words: str) -> float:
        """Return how far a line of words reaches, in pixels; it grows in proportion to the size."""
        words = _whole_letters(words)
        return self._font.getlength(words) if words.isascii() else self.size(words)[0]

    def write(
        self, draw: ImageDraw.ImageDraw, corner: tuple[float, float], words: str, *, fill: str
    ) -> None:
        """Write a line of words.

        Args:
            draw: What to write on.
            corner: The top left corner, x and y in pixels.
            words: The line.
            fill: Their colour.
        """
        words = _whole_letters(words)
        if words.isascii():
            draw.text(corner, words, fill, self._font)
            return
        ordered = _in_order(words)
        left, top, width, height = self._place(ordered)
        # A pixel around, for what is rounded.
        mask = np.zeros((height + 2, width + 2), np.uint8)
        cv2.putText(
            mask, ordered, (1 - left, 1 - top), (255,), cv2.FontFace(_FONT), self.size_px, _WEIGHT
        )
        x, y = round(corner[0]) + left - 1, round(corner[1]) + self._baseline_px + top - 1
        draw.bitmap((x, y), Image.fromarray(mask), fill)

    def _place(self, words: str) -> tuple[int, int, int, int]:
        """Return where words lie beside the start of their baseline: left, top, width, height."""
        left, top, width, height = cv2.getTextSize(
            (0, 0), words, (0, 0), cv2.FontFace(_FONT), self.size_px, _WEIGHT
        )
        return left, top, width, height


def _whole_letters(words: str) -> str:
    """Put a question mark for each half of a letter, by which OpenCV would end the process."""
    return words.encode("utf-8", "replace").decode("utf-8")


def _looks_like_question_mark(letter: str) -> bool:
    return np.array_equal(_drawn(letter), _drawn("?"))


def _drawn(letter: str) -> NDArray[np.uint8]:
    canvas = np.zeros((48, 48), np.uint8)
    cv2.putText(canvas, letter, (12, 36), (255,), cv2.FontFace(_FONT), 24, _WEIGHT)
    return canvas


def _in_order(words: str) -> str:
    """Put the letters into the order in which they are seen from left to right."""
    return _LEFTWARD.sub(lambda found: found[0][::-1], words)
