"""Convert decoded frames to pictures that are upright and not mirrored."""

import av
import numpy as np
from av.sidedata.sidedata import SideData
from numpy.typing import NDArray

from preprocessing.images.formats.opacity import lay_on_white
from preprocessing.images.types import RgbImage


def to_rgb(frame: av.VideoFrame) -> RgbImage:
    """Convert a frame, lay transparent parts on white, and turn it as its matrix says."""
    if any(component.is_alpha for component in frame.format.components):
        rgb = lay_on_white(np.asarray(frame.to_ndarray(format="rgba"), np.uint8))
    else:
        rgb = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if isinstance(matrix, SideData):
        rgb = _displayed(rgb, np.frombuffer(bytes(matrix), np.int32))
    return np.ascontiguousarray(rgb)


def _displayed(rgb: RgbImage, matrix: NDArray[np.int32]) -> RgbImage:
    """Turn and mirror a picture to the nearest quarter turn of its 3 x 3 display matrix.

    The point (x, y) is shown at (a x + c y, b x + d y).
    """
    a, b, c, d = (int(matrix[index]) for index in (0, 1, 3, 4))
    if abs(b) > abs(a):
        rgb = rgb.transpose(1, 0, 2)
        a, d = c, b
    if a < 0:
        rgb = rgb[:, ::-1]
    if d < 0:
        rgb = rgb[::-1]
    return rgb
