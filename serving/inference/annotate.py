"""Draw boxes, numbers and labels onto a picture, in the colours of the labels."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from preprocessing.faces.types import BoundingBox, Landmarks
from preprocessing.images.lettering import Lettering
from preprocessing.images.types import RgbImage
from preprocessing.report.label_colours import LabelColour, colours_of
from serving.inference.prediction import PhotoResult

HALO = "#ffffff"
# Words are sized by the picture's longer side, up to four times the other: on a strip they would
# be larger than the strip. Words below the least size can hardly be read on a screen.
MOST_STRETCHED = 4
LARGEST_WORDS, LEAST_WORDS, LEAST_WORDS_PX = 1 / 28, 1 / 64, 11
DASH, KEY_GROUND, KEY_INK = 4, "#ffffff", "#14110d"
KEY_COLUMN, KEY_ROW = 15, 1.6  # in heights of its words
# The fraction of the picture's pixels that a key adds, about; more where its words are at their
# smallest.
MOST_KEY = 0.5


@dataclass(frozen=True)
class Mark:
    """What is drawn at a face.

    Attributes:
        number: From 1.
        box: In pixels of the picture.
        label: The expression.
        confidence: Its probability, 0 to 1.
        is_sure: Draws the box solid, else dashed, and the label with a question mark.
        colour: Of the label.
    """

    number: int
    box: BoundingBox
    label: str
    confidence: float
    is_sure: bool
    colour: LabelColour

    def words(self) -> str:
        """Return what is written at the face."""
        doubt = "" if self.is_sure else "?"
        return f"{self.number} {self.label}{doubt} {self.confidence:.0%}"


def annotate(rgb: RgbImage, result: PhotoResult, *, landmarks: bool = False) -> RgbImage:
    """Return a copy of the upright picture with every face marked, numbered and labelled.

    Boxes are solid where the answer is sure, dashed where it is not. A label is never wider than
    its box. Where it does not fit, only the number is written, and a key is added below the
    picture, which is the only case in which the result is higher than the picture.

    Args:
        rgb: The upright picture.
        result: What was seen in it.
        landmarks: Draw the landmarks too.
    """
    colours = colours_of(result.labels)
    drawn = Image.fromarray(rgb)
    in_key: list[tuple[str, LabelColour]] = []
    for number, prediction in enumerate(result.predictions, start=1):
        mark = Mark(
            number=number,
            box=prediction.face.face.box,
            label=prediction.label,
            confidence=prediction.confidence,
            is_sure=prediction.is_sure,
            colour=colours[prediction.label],
        )
        points = prediction.face.face.landmarks if landmarks else None
        if not draw_mark(drawn, mark, landmarks=points):
            in_key.append((mark.words(), mark.colour))
    return np.asarray(_with_key(drawn, in_key) if in_key else drawn, dtype=np.uint8)


def draw_mark(drawn: Image.Image, mark: Mark, *, landmarks: Landmarks | None = None) -> bool:
    """Draw the box of a face, its landmarks, and its words below it.

    Args:
        drawn: The picture, RGB; it is changed.
        mark: What to draw.
        landmarks: In pixels of the picture; None draws none.

    Returns:
        Whether the words fit the box; where they do not, only the number is written.
    """
    draw = ImageDraw.Draw(drawn)
    longer_px = _longer_px(drawn)
    line_px = max(2, round(longer_px / 400))
    _draw_box(draw, mark.box, colour=mark.colour.light, line_px=line_px, solid=mark.is_sure)
    if landmarks is not None:
        _draw_landmarks(draw, landmarks, face_px=mark.box.width)
    words = mark.words()
    lettering = _fit(words, mark.box.width, longer_px=longer_px)
    shown = words if lettering else str(mark.number)
    lettering = lettering or Lettering(_least_px(longer_px))
    _draw_tag(draw, shown, mark.box, lettering=lettering, colour=mark.colour)
    return shown is words


def _longer_px(drawn: Image.Image) -> int:
    """Return the longer side of a picture, or of one as large that is no strip."""
    width, height = drawn.size
    return min(max(width, height), round(math.sqrt(MOST_STRETCHED * width * height)))


def _least_px(longer_px: int) -> int:
    return max(LEAST_WORDS_PX, round(longer_px * LEAST_WORDS))


def _fit(words: str, width_px: int, *, longer_px: int) -> Lettering | None:
    """Return the largest lettering in which words are no wider than a box, if any can be read."""
    least_px = _least_px(longer_px)
    most_px = max(least_px, round(longer_px * LARGEST_WORDS))
    # Words grow in proportion to their size; half of it is left free at their ends.
    wide_px = Lettering(most_px).length(words) + most_px / 2
    size_px = min(most_px, math.floor(most_px * width_px / wide_px))
    return Lettering(size_px) if size_px >= least_px else None


def _draw_tag(
    draw: ImageDraw.ImageDraw,
    words: str,
    box: BoundingBox,
    *,
    lettering: Lettering,
    colour: LabelColour,
) -> None:
    """Write words below a box, or where the picture ends there, at its foot."""
    picture_width, picture_height = draw.im.size
    width, height = lettering.size(words)
    pad = height // 4
    left = max(0, min(box.left, picture_width - width - 2 * pad))
    top = max(0, min(box.bottom, picture_height - height - 2 * pad))
    corner = (left + width + 2 * pad, top + height + 2 * pad)
    draw.rectangle((left, top, *corner), fill=colour.light)
    lettering.write(draw, (left + pad, top + pad), words, fill=colour.light_ink)


def _draw_box(
    draw: ImageDraw.ImageDraw, box: BoundingBox, *, colour: str, line_px: int, solid: bool
) -> None:
    edges = (box.left, box.top, box.right - 1, box.bottom - 1)
    draw.rectangle(edges, outline=HALO, width=line_px + 2)
    if solid:
        draw.rectangle(edges, outline=colour, width=line_px)
        return
    left, top, right, bottom = edges
    step = DASH * line_px
    for start in range(left, right, 2 * step):
        end = min(start + step, right)
        draw.rectangle((start, top, end, top + line_px - 1), fill=colour)
        draw.rectangle((start, bottom - line_px + 1, end, bottom), fill=colour)
    for start in range(top, bottom, 2 * step):
        end = min(start + step, bottom)
        draw.rectangle((left, start, left + line_px - 1, end), fill=colour)
        draw.rectangle((right - line_px + 1, start, right, end), fill=colour)


def _draw_landmarks(draw: ImageDraw.ImageDraw, landmarks: Landmarks, *, face_px: int) -> None:
    radius = max(1.0, face_px / 90)
    for x, y in landmarks.tolist():
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=HALO)


def _with_key(drawn: Image.Image, lines: list[tuple[str, LabelColour]]) -> Image.Image:
    """Add the labels that did not fit below the picture, in as many columns as fit."""
    room = MOST_KEY * drawn.width * drawn.height
    most_px = math.floor(math.sqrt(room / (len(lines) * KEY_COLUMN * KEY_ROW)))
    size_px = max(min(_least_px(_longer_px(drawn)), most_px), LEAST_WORDS_PX + 2)
    lettering, row_px = Lettering(size_px), round(size_px * KEY_ROW)
    columns = max(1, min(len(lines), drawn.width // (KEY_COLUMN * size_px)))
    rows = math.ceil(len(lines) / columns)
    keyed = Image.new("RGB", (drawn.width, drawn.height + (rows + 1) * row_px), KEY_GROUND)
    keyed.paste(drawn)
    draw = ImageDraw.Draw(keyed)
    for index, (words, colour) in enumerate(lines):
        left = index // rows * (drawn.width // columns) + size_px
        top = drawn.height + index % rows * row_px + row_px // 2
        draw.rectangle((left, top, left + size_px, top + size_px), fill=colour.light)
        corner = (left + 1.6 * size_px, top - size_px // 8)
        lettering.write(draw, corner, words, fill=KEY_INK)
    return keyed
