"""Picture sheets: a wall of faces, each with a caption and a small bar under it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from preprocessing.images.lettering import Lettering
from preprocessing.images.types import RgbImage

TILE_PX, GAP_PX, BAR_PX, LINE_PX, CAPTION_PX = 96, 8, 5, 14, 11
# Letters at the end of a line that is too long, such as a confidence, which stay.
LINE_END = 5
NEUTRAL, RIGHT, WRONG = "#4878a8", "#2e8b57", "#c0392b"


@dataclass(frozen=True, eq=False)
class Tile:
    """One picture of a sheet.

    Attributes:
        picture: uint8, square, grey (side, side) or RGB (side, side, 3).
        caption: Lines of text; may be empty.
        bar: Its length, 0 to 1; None for no bar.
        colour: The colour of the bar.
    """

    picture: NDArray[np.uint8]
    caption: str = ""
    bar: float | None = None
    colour: str = NEUTRAL


def draw_sheet(tiles: Sequence[Tile], *, columns: int = 8) -> RgbImage:
    """Lay tiles in rows, at least one tile."""
    columns = min(columns, len(tiles))
    lines = max(len(tile.caption.splitlines()) for tile in tiles)
    width, height = TILE_PX + GAP_PX, TILE_PX + GAP_PX + BAR_PX + 2 + lines * LINE_PX
    rows = -(-len(tiles) // columns)
    sheet = Image.new("RGB", (columns * width, rows * height), "white")
    draw = ImageDraw.Draw(sheet)
    lettering = Lettering(CAPTION_PX)
    step_px = lettering.size("A")[1] + 2
    for index, tile in enumerate(tiles):
        left, top = index % columns * width + GAP_PX // 2, index // columns * height + GAP_PX // 2
        enlarged = cv2.resize(tile.picture, (TILE_PX, TILE_PX), interpolation=cv2.INTER_NEAREST)
        sheet.paste(Image.fromarray(enlarged), (left, top))
        if tile.bar is not None:
            bar_top = top + TILE_PX + 1
            draw.rectangle((left, bar_top, left + TILE_PX - 1, bar_top + BAR_PX), "#e4e4e4")
            draw.rectangle(
                (left, bar_top, left + tile.bar * (TILE_PX - 1), bar_top + BAR_PX), tile.colour
            )
        for number, line in enumerate(tile.caption.splitlines()):
            line_top = top + TILE_PX + BAR_PX + 3 + number * step_px
            lettering.write(draw, (left, line_top), _fitted(line, lettering), fill="black")
    return np.asarray(sheet, np.uint8)


def _fitted(line: str, lettering: Lettering) -> str:
    """Shorten a line in its middle until it does not reach into the next tile."""
    # No letter is narrower than a pixel, so that of a very long line not all has to be measured.
    kept = min(len(line), TILE_PX + GAP_PX + LINE_END)
    shown = line if kept == len(line) else f"{line[: kept - LINE_END]}..{line[-LINE_END:]}"
    while lettering.length(shown) > TILE_PX + GAP_PX and kept > LINE_END:
        kept -= 1
        shown = f"{line[: kept - LINE_END]}..{line[-LINE_END:]}"
    return shown


def prediction_tiles(
    chips: NDArray[np.uint8],
    truth: NDArray[np.integer],
    *,
    probabilities: NDArray[np.floating],
    labels: tuple[str, ...],
) -> list[Tile]:
    """Show chips with their true and predicted label; the bar is the confidence.

    Args:
        chips: (n, side, side).
        truth: (n,), class indices.
        probabilities: (n, labels).
        labels: In the order of the class indices.
    """
    return [
        Tile(
            chip,
            f"true: {labels[true]}\nsaid: {labels[row.argmax()]} {row.max():.0%}",
            float(row.max()),
            RIGHT if row.argmax() == true else WRONG,
        )
        for chip, true, row in zip(chips, truth, probabilities, strict=True)
    ]


def map_tiles(maps: Iterable[NDArray[np.floating]], *, is_zero_grey: bool = False) -> list[Tile]:
    """Show maps of numbers in grey, each from its least value, black, to its largest, white.

    With `is_zero_grey` 0 is in the middle, and only what is as far from it as can be is black or
    white.
    """
    tiles = []
    for values in maps:
        low, high = float(values.min()), float(values.max())
        if is_zero_grey:
            high = max(-low, high) or 1.0
            low = -high
        levels = (values - low) / ((high - low) or 1.0) * 255
        tiles.append(Tile(levels.round().astype(np.uint8)))
    return tiles


def overlay(
    chip: NDArray[np.uint8], heat: NDArray[np.floating], *, largest: float | None = None
) -> RgbImage:
    """Colour a chip by a heat map of any size, values of 0 and less dark, the largest bright.

    Args:
        chip: uint8 (side, side).
        heat: (rows, columns).
        largest: The value that is drawn brightest; that of the map where it is None.
    """
    side = chip.shape[0]
    raised = np.maximum(cv2.resize(heat.astype(np.float32), (side, side)), 0)
    brightest = (float(raised.max()) if largest is None else largest) or 1.0
    levels = (np.minimum(raised / brightest, 1) * 255).astype(np.uint8)
    colours = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    grey = cv2.cvtColor(chip, cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.addWeighted(grey, 0.5, colours, 0.6, 0), np.uint8)
