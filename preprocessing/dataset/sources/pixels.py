"""Read the pixels of a picture from a cell of a table."""

import math
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocessing.errors import DatasetError

SIDE_PX = 48
WHITE = 255
_LEAST_SIDE_PX = 16
# Around and between numbers, and rows of them.
_SIGNS = str.maketrans(dict.fromkeys("[](){},", " "))


@dataclass(frozen=True)
class PixelForm:
    """How a table writes the pixels of its pictures.

    Attributes:
        side_px: Side of the square pictures.
        is_unit: Whether pixels go from 0 to 1 instead of 0 to 255.
    """

    side_px: int = SIDE_PX
    is_unit: bool = False


def pixel_form(texts: Iterable[str]) -> PixelForm:
    """Find out how a table writes pixels, from its first rows.

    Args:
        texts: The pixels of each, as the table has them.
    """
    rows = [_parse(_bare(text), np.float64) for text in texts]
    numbers = [row for row in rows if row is not None and len(row)]
    sides = [math.isqrt(len(row)) for row in numbers if math.isqrt(len(row)) ** 2 == len(row)]
    is_broken = any((row != np.rint(row)).any() for row in numbers)
    largest = max((float(row.max()) for row in numbers), default=0.0)
    side_px = next((side for side in sides if side >= _LEAST_SIDE_PX), SIDE_PX)
    return PixelForm(side_px, is_unit=is_broken and 0 < largest <= 1)


def parse_pixels(text: str, form: PixelForm, *, name: str) -> bytes:
    """Read the pixels of one picture.

    Args:
        text: Numbers with spaces between them, perhaps commas, and brackets around all or rows.
        form: How the table writes pixels.
        name: Of file and line, for messages.

    Returns:
        `side_px` x `side_px` bytes, rows first.

    Raises:
        DatasetError: There are too few or too many, or one is no number in range.
    """
    count = form.side_px**2
    if not form.is_unit:
        values = _parse(text, np.int64)
        if values is not None and _fits(values, count):
            return bytes(values.astype(np.uint8))
    values = _parse(_bare(text), np.float64)
    if values is not None:
        scaled = values * WHITE if form.is_unit else values
        whole = np.rint(scaled)
        if _fits(whole, count) and (form.is_unit or (whole == scaled).all()):
            return bytes(whole.astype(np.uint8))
    raise DatasetError(_problem(_bare(text), form, name))


def _fits(values: NDArray[Any], count: int) -> bool:
    return len(values) == count and bool(values.min() >= 0 and values.max() <= WHITE)


def _parse(text: str, kind: type[np.generic]) -> NDArray[Any] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # NumPy only warns of text that is no number
            return np.fromstring(text, dtype=kind, sep=" ")
    except (ValueError, DeprecationWarning):
        return None


def _bare(text: str) -> str:
    return text.translate(_SIGNS)


def _problem(text: str, form: PixelForm, name: str) -> str:
    words, count = text.split(), form.side_px**2
    if len(words) != count:
        return (
            f"{name}: expected {count} pixels ({form.side_px} x {form.side_px}). "
            f"Received: {len(words)}. The file may be cut short; download it again."
        )
    most = "1" if form.is_unit else f"{WHITE}"
    number = re.compile("[0-9]{1,3}(?:[.]0*)?" if not form.is_unit else "[01](?:[.][0-9]*)?")
    wrong = next(
        (word for word in words if not number.fullmatch(word) or float(word) > float(most)), None
    )
    if wrong is None:
        odd = re.sub("[0-9. ]", "", text)
        return f"{name}: pixels must be separated by spaces. Received: {odd[:20]!r}"
    kind = "number" if form.is_unit else "whole number"
    return f"{name}: a pixel must be a {kind} from 0 to {most}. Received: {wrong[:20]!r}"
