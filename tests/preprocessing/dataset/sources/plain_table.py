"""A small table in FER2013's form, to be written in other ways."""

from collections.abc import Callable

from tests.preprocessing.dataset.sources.drawn import Row, rows, text

ROWS = rows()
PLAIN = text(ROWS)


def with_cells(
    emotion: Callable[[str], str] = str,
    pixels: Callable[[str], str] = str,
    usage: Callable[[str], str] = str,
) -> list[Row]:
    return [(emotion(one), pixels(two), usage(three)) for one, two, three in ROWS]
