"""Shrink a picture, and the result for it, for showing."""

import math
from dataclasses import replace

import cv2
import numpy as np

from preprocessing.faces.enlarge import scale_face
from preprocessing.images.types import REDUCTION, RgbImage
from serving.inference.prediction import PhotoResult


def shrink(rgb: RgbImage, result: PhotoResult, *, scale: float) -> tuple[RgbImage, PhotoResult]:
    """Shrink a picture with the boxes and landmarks of its faces.

    Args:
        rgb: The upright picture, which may have been read reduced.
        result: What was seen in it, in pixels of the whole picture.
        scale: Ratio of the new sides to those of `rgb`. Above 1 it counts as 1: no picture is
            enlarged.

    Returns:
        The shrunk picture, and the result with boxes, landmarks and size in its pixels.
    """
    scale = min(1.0, scale)
    of_whole = scale if rgb.shape[1] == result.width else scale / REDUCTION
    if of_whole == 1:
        return rgb, result
    small = shrink_pixels(rgb, scale)
    predictions = tuple(
        replace(each, face=replace(each.face, face=scale_face(each.face.face, of_whole)))
        for each in result.predictions
    )
    height, width = small.shape[:2]
    return small, replace(result, width=width, height=height, predictions=predictions)


def shrink_pixels(rgb: RgbImage, scale: float) -> RgbImage:
    """Return a picture with sides shrunk by a factor; from 1 on as it is."""
    if scale >= 1:
        return rgb
    height, width = (max(1, round(side * scale)) for side in rgb.shape[:2])
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def scale_to_side(rgb: RgbImage, side_px: int) -> float:
    """Return the scale at which the longer side of a picture has this many pixels."""
    height, width = rgb.shape[:2]
    return side_px / max(int(height), int(width))


def scale_to_pixels(rgb: RgbImage, pixels: int) -> float:
    """Return the scale at which a picture has this many pixels."""
    height, width = rgb.shape[:2]
    return math.sqrt(pixels / (int(height) * int(width)))
