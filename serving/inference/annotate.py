"""Draw boxes, numbers and labels onto a picture, in the colours of the labels."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from preprocessing.faces.types import BoundingBox
from preprocessing.images.decode import RgbImage
from preprocessing.report.label_colours import LabelColour, colours_of
from serving.inference.prediction import PhotoResult, Prediction

HALO = "#ffffff"
# Of the picture's longer side; words smaller than the least can hardly be read on a screen.
LARGEST_WORDS, LEAST_WORDS, LEAST_WORDS_PX = 1 / 28, 1 / 64, 11
DASH, KEY_GROUND, KEY_INK = 4, "#ffffff", "#14110d"
KEY_COLUMN = 15  # in heights of its words


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
    draw = ImageDraw.Draw(drawn)
    line_px = max(2, round(max(drawn.size) / 400))
    in_key: list[tuple[str, LabelColour]] = []
    for number, prediction in enumerate(result.predictions, start=1):
        colour = colours[prediction.label]
        box = prediction.face.face.box
        _draw_box(draw, box, colour=colour.light, line_px=line_px, solid=prediction.is_sure)
        if landmarks:
            _draw_landmarks(draw, prediction)
        words = _words(number, prediction)
        font = _fit(draw, words, box.width, longer_px=max(drawn.size))
        if font is None:
            in_key.append((words, colour))
            words, font = str(number), ImageFont.load_default(_least_px(max(drawn.size)))
        _draw_tag(draw, words, box, font=font, colour=colour)
    return np.asarray(_with_key(drawn, in_key) if in_key else drawn, dtype=np.uint8)


def _words(number: int, prediction: Prediction) -> str:
    doubt = "" if prediction.is_sure else "?"
    return f"{number} {prediction.label}{doubt} {prediction.confidence:.0%}"


def _least_px(longer_px: int) -> int:
    return max(LEAST_WORDS_PX, round(longer_px * LEAST_WORDS))


def _fit(
    draw: ImageDraw.ImageDraw, words: str, width_px: int, *, longer_px: int
) -> ImageFont.FreeTypeFont | ImageFont.ImageFont | None:
    """Return the largest font in which the words are no wider than the box, if any can be read."""
    least_px = _least_px(longer_px)
    most_px = max(least_px, round(longer_px * LARGEST_WORDS))
    at_most_px = ImageFont.load_default(most_px)
    # Words grow in proportion to their size; half of it is left free at their ends.
    wide_px = draw.textlength(words, at_most_px) + most_px / 2
    size_px = min(most_px, math.floor(most_px * width_px / wide_px))
    return ImageFont.load_default(size_px) if size_px >= least_px else None


def _draw_tag(
    draw: ImageDraw.ImageDraw,
    words: str,
    box: BoundingBox,
    *,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    colour: LabelColour,
) -> None:
    """Write words below a box, or where the picture ends there, at its foot."""
    picture_width, picture_height = draw.im.size
    _, _, width, height = draw.textbbox((0, 0), words, font)
    pad = height // 4
    left = max(0, min(box.left, picture_width - width - 2 * pad))
    top = max(0, min(box.bottom, picture_height - height - 2 * pad))
    corner = (left + width + 2 * pad, top + height + 2 * pad)
    draw.rectangle((left, top, *corner), fill=colour.light)
    draw.text((left + pad, top + pad), words, colour.light_ink, font)


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


def _draw_landmarks(draw: ImageDraw.ImageDraw, prediction: Prediction) -> None:
    face = prediction.face.face
    radius = max(1.0, face.box.width / 90)
    for x, y in face.landmarks.tolist():
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=HALO)


def _with_key(drawn: Image.Image, lines: list[tuple[str, LabelColour]]) -> Image.Image:
    """Add the labels that did not fit below the picture, in as many columns as fit."""
    size_px = max(_least_px(max(drawn.size)), LEAST_WORDS_PX + 2)
    font, row_px = ImageFont.load_default(size_px), round(size_px * 1.6)
    columns = max(1, min(len(lines), drawn.width // (KEY_COLUMN * size_px)))
    rows = math.ceil(len(lines) / columns)
    keyed = Image.new("RGB", (drawn.width, drawn.height + (rows + 1) * row_px), KEY_GROUND)
    keyed.paste(drawn)
    draw = ImageDraw.Draw(keyed)
    for index, (words, colour) in enumerate(lines):
        left = index // rows * (drawn.width // columns) + size_px
        top = drawn.height + index % rows * row_px + row_px // 2
        draw.rectangle((left, top, left + size_px, top + size_px), fill=colour.light)
        draw.text((left + 1.6 * size_px, top - size_px // 8), words, KEY_INK, font)
    return keyed
